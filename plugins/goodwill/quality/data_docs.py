"""Great Expectations' own site of a night's checks, made fit to be kept: it opens from a folder, asks no other host, runs no foreign text."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from goodwill.errors import GoodwillError
from goodwill.quality.catalogue import BOUNDARIES
from goodwill.quality.gx_run import context_in_memory, great_expectations
from goodwill.quality.results import DOCUMENTS

__all__ = ["build_data_docs"]

#: The site's name, as its first page shows it.
_SITE = "checks of the night"

_ASSETS = Path(__file__).with_name("assets")

#: What a page asks foreign hosts for → our copy; None where the page is as good without. Matched by the end of the address's path.
_LOCAL: dict[str, str | None] = {
    "/css/bootstrap.min.css": "bootstrap.min.css",
    "/js/bootstrap.min.js": "bootstrap.bundle.min.js",
    "/umd/popper.min.js": None,  # inside the bootstrap bundle
    "/jquery-3.7.1.min.js": "jquery.min.js",
    "/dist/bootstrap-table.min.css": "bootstrap-table.min.css",
    "/dist/bootstrap-table.min.js": "bootstrap-table.min.js",
    "/bootstrap-table-filter-control.css": "bootstrap-table-filter-control.min.css",
    "/bootstrap-table-filter-control.min.css": "bootstrap-table-filter-control.min.css",
    "/bootstrap-table-filter-control.min.js": "bootstrap-table-filter-control.min.js",
    "/bootstrap-datepicker.min.css": "bootstrap-datepicker.min.css",
    "/bootstrap-datepicker.min.js": "bootstrap-datepicker.min.js",
    "/css/all.min.css": "icons.css",
    "/bootstrap-prefers-dark.css": None,
    "/npm/vega@5": None,  # charts of profiles, which we do not make
    "/npm/vega-lite@5": None,
    "/npm/vega-embed@6": None,
}

_ELEMENT = re.compile(r"""<(?:link\b[^>]*\bhref|script\b[^>]*\bsrc|img\b[^>]*\bsrc)="(https?://[^"]*)"[^>]*>(?:\s*</script>)?""")
_FOOTER = re.compile(r"<footer>.*?</footer>", re.DOTALL)
_ICON = re.compile(r'href="[./]*static/images/favicon\.ico"')  # counted one folder short on pages of results
_STYLE_URL = re.compile(r"""url\(["']?https?://[^)]*\)""")
#: Pages may load what lies beside them, and nothing else, whatever they contain.
_POLICY = (
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self' file: data:; "
    "style-src 'self' file: 'unsafe-inline'; script-src 'self' file: 'unsafe-inline'; form-action 'none'; base-uri 'none'\">"
)


def build_data_docs(results_dir: Path, target: Path) -> Path:
    """Build the site of one night from what `validate` left in `results_dir`, all boundaries together.

    Parameters
    ----------
    results_dir : the folder given to `validate` as `out_dir`.
    target : the folder of the site; replaced as a whole if it is there.

    Returns
    -------
    Path : the page to open.

    Raises
    ------
    GoodwillError : nothing was validated, a page could not be made, or a page would still ask another host.
    """
    documents = list(_documents(results_dir / DOCUMENTS))
    if not documents:
        raise GoodwillError(f"{results_dir}: no validation documents to make pages of", "validate a boundary first")
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _render(documents, unfinished)
    _check_complete(documents, unfinished)
    _keep_what_pages_need(unfinished)
    for page in sorted(unfinished.rglob("*.html")):
        page.write_text(_offline(page.read_text(encoding="utf-8"), page, unfinished), encoding="utf-8")
    shutil.rmtree(target, ignore_errors=True)
    os.replace(unfinished, target)
    return target / "index.html"


def _documents(folder: Path) -> Iterator[dict[str, Any]]:
    for boundary in BOUNDARIES:
        for file in sorted((folder / boundary).glob("*.json")):
            yield json.loads(file.read_text(encoding="utf-8"))


def _render(documents: list[dict[str, Any]], site: Path) -> None:
    """Hand results and suites to a context that lives in memory, and let Great Expectations write its pages."""
    with great_expectations() as gx:
        from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResultSchema
        from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier

        context = context_in_memory(gx)
        context.add_data_docs_site(
            _SITE,
            {
                "class_name": "SiteBuilder",
                "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "show_cta_footer": False},
                "show_how_to_buttons": False,
                "site_section_builders": {"profiling": "None"},
            },
        )
        for document in documents:
            suite = document["suite"]
            context.suites.add(
                gx.ExpectationSuite(
                    name=suite["name"],
                    meta=suite["meta"],
                    expectations=[{key: item for key, item in each.items() if key != "id"} for each in suite["expectations"]],
                )
            )
            result = ExpectationSuiteValidationResultSchema().load(document["result"])
            run = result.meta["run_id"]
            context.validation_results_store.set(
                ValidationResultIdentifier(
                    expectation_suite_identifier=ExpectationSuiteIdentifier(suite["name"]),
                    run_id=gx.RunIdentifier(run_name=run["run_name"], run_time=run["run_time"]),
                    batch_identifier=suite["name"],
                ),
                result,
            )
        context.build_data_docs(site_names=[_SITE])


def _check_complete(documents: list[dict[str, Any]], site: Path) -> None:
    """Great Expectations logs a page that it could not make and goes on; we do not."""
    for section in ("expectations", "validations"):
        pages = len(list((site / section).rglob("*.html")))
        if pages != len(documents):
            raise GoodwillError(
                f"{section}: Great Expectations made {pages} pages of {len(documents)}",
                "validate again; a document that cannot be rendered is a defect to report",
            )


def _keep_what_pages_need(site: Path) -> None:
    """The site's own copies of the libraries; of the static files that come with it only the two pages show."""
    for file in sorted((site / "static").rglob("*"), reverse=True):
        if file.is_dir() and not any(file.iterdir()):
            file.rmdir()
        elif file.is_file() and file.name not in ("favicon.ico", "logo-long.png"):
            file.unlink()
    shutil.copytree(_ASSETS, site / "static" / "vendor")


def _offline(html: str, page: Path, site: Path) -> str:
    """The page with every foreign asset replaced by ours or taken out."""
    root = os.path.relpath(site, page.parent).replace(os.sep, "/")

    def local(match: re.Match[str]) -> str:
        address = match.group(1).split("?")[0]
        if address.endswith("/logo-long.png"):
            return match.group(0).replace(match.group(1), f"{root}/static/images/logo-long.png")
        for end, name in _LOCAL.items():
            if address.endswith(end):
                if name is None:
                    return ""
                path = f"{root}/static/vendor/{name}"
                return f'<script src="{path}"></script>' if name.endswith(".js") else f'<link rel="stylesheet" href="{path}">'
        raise GoodwillError(f"{page.name}: asks a foreign host for {address}", "add a copy of it to quality/assets, or leave it out")

    html = _ICON.sub(f'href="{root}/static/images/favicon.ico"', html)
    html = _FOOTER.sub("", _STYLE_URL.sub("none", _ELEMENT.sub(local, html)))
    return html.replace("<head>", f"<head>\n    {_POLICY}", 1)
