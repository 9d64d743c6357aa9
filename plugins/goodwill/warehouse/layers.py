"""dbt, one layer at a time, in this process: what ran, how long it took, what failed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from goodwill.causes import remedy_of
from goodwill.errors import GateBlocked, GoodwillError
from goodwill.home import Home
from goodwill.warehouse.basis import PROJECT
from goodwill.warehouse.connection import open_warehouse
from goodwill.warehouse.skipping import goes_on, models_to_skip

__all__ = ["PROJECT", "build_layer", "dbt_manifest", "document", "invoke_dbt", "run_dbt"]

#: The layer in which every model reads what Python computed tonight.
_LAST = "after_clv"
#: The tag of what need not be built tonight.
_UNCHANGED = "unchanged"
#: The files that dbt reads of its project, and what it read of them last in this process, and of which version.
_READ = (".sql", ".yml", ".csv", ".md")
_PARSED: dict[str, Any] = {}


def _environment(home: Home) -> None:
    os.environ["GOODWILL_WAREHOUSE"] = str(home.working_copy)
    os.environ["GOODWILL_BASIS"] = str(home.basis)
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "0"
    os.environ["DO_NOT_TRACK"] = "1"


def invoke_dbt(arguments: list[str], manifest: Any = None) -> Any:
    """Run dbt in this process (importing it costs two seconds, a process of its own costs them every time); with a manifest it parses nothing.

    The warehouse file is open while dbt runs and closed when it returns, whatever comes of it.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    try:
        return dbtRunner(manifest=manifest).invoke(arguments)
    finally:
        if DuckDBConnectionManager._ENV is not None:  # it says nothing public of whether there is one
            DuckDBConnectionManager.env().close()
            DuckDBConnectionManager.close_all_connections()


def run_dbt(home: Home, arguments: list[str], manifest: Any = None) -> Any:
    """Run dbt on the home's working copy, as `invoke_dbt` does; what it writes goes to the home's logs."""
    _environment(home)
    folder = home.logs / "dbt"
    common = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target")]
    # the SQL of each model is in the target folder; with every step of each, the log would take a tenth of a small night
    log = ["--log-path", str(folder), "--log-level-file", "info", "--no-use-colors"]
    return invoke_dbt([*arguments, *common, *log], manifest)


def _parsed(home: Home) -> Any:
    """What dbt reads of its project, read once a process: it says nothing of a home, whose files dbt opens by the environment.

    Raises
    ------
    GoodwillError : the project cannot be read.
    """
    version = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(PROJECT.rglob("*")) if path.suffix in _READ)
    if _PARSED.get("version") != version:
        parsed = run_dbt(home, ["--quiet", "--no-write-json", "parse"])
        if parsed.exception is not None:
            raise GoodwillError(f"dbt could not read its project: {parsed.exception}", f"see {home.logs / 'dbt' / 'dbt.log'}")
        _PARSED.update(version=version, manifest=parsed.result)
    return _PARSED["manifest"]


def build_layer(home: Home, layer: str) -> dict[str, Any]:
    """Build and test the models tagged `layer` (`staging`, `before_clv`, `after_clv`), those left out that would come out as they are.

    Returns
    -------
    `models` and `tests` run, and `nodes`: name → seconds.

    Raises
    ------
    GateBlocked : a data test of the layer failed.
    GoodwillError : a model could not be built.
    """
    manifest = _parsed(home).deepcopy()  # dbt writes into what it is given
    is_increment, skipped = _what_to_build(home, layer, manifest)
    for node in manifest.nodes.values():  # dbt looks for one tag in a hundredth of the time that it takes for so many names
        node.tags += [_UNCHANGED] if node.name in skipped else []
    arguments = ["--quiet", "--no-print", "--no-write-json", "--warn-error-options", "{}", "build", "--select", f"tag:{layer}"]
    arguments += ["--exclude", f"tag:{_UNCHANGED}"] if skipped else []
    # the stage may run again: what its first try left is no warehouse to go on from
    arguments += [] if is_increment else ["--full-refresh"]
    result = run_dbt(home, [*arguments, "--exclude-resource-type", "unit_test"], manifest)
    if result.exception is not None:
        said = str(result.exception) or type(result.exception).__name__  # too little memory has no words
        raise GoodwillError(f"dbt could not run the layer {layer!r}: {said}", remedy_of(said) or f"see {home.logs / 'dbt' / 'dbt.log'}")
    nodes = {run.node.name: round(run.execution_time, 3) for run in result.result}
    kinds = [str(run.node.resource_type) for run in result.result]
    broken = [run for run in result.result if str(run.status) == "error"]
    if broken:
        first = broken[0]
        detail = " ".join(str(first.message).split())
        log = f"see {home.logs / 'dbt' / 'dbt.log'}"
        raise GoodwillError(f"model {first.node.name!r} of the layer {layer!r} failed: {detail}", remedy_of(detail) or log)
    failed = [f"dbt test {run.node.name}: {run.failures} failing rows" for run in result.result if str(run.status) == "fail"]
    if failed:
        raise GateBlocked(layer, failed, f"the failing rows: see the compiled tests in {home.logs / 'dbt' / 'target'}")
    return {
        "models": sum("model" in kind or "seed" in kind for kind in kinds),
        "tests": sum("test" in kind for kind in kinds),
        "skipped": len(skipped & {node.name for node in manifest.nodes.values() if layer in node.tags}),
        "nodes": nodes,
    }


def _what_to_build(home: Home, layer: str, manifest: Any) -> tuple[bool, set[str]]:
    """Whether the night goes on from the warehouse before, and what of the layer comes out as it is there."""
    with open_warehouse(home.working_copy, read_only=True) as connection:
        (zone,) = connection.execute("select company_business_time_zone from control.night").fetchall()[0]
        return goes_on(connection), set() if layer == _LAST else models_to_skip(connection, manifest, zone)


def document(home: Home, target: Path) -> Path:
    """dbt's documentation of every model and column as one page that needs no network."""
    manifest = _parsed(home)
    manifest.write(str(dbt_manifest(home)))
    result = run_dbt(home, ["--quiet", "docs", "generate", "--static", "--no-compile"], manifest)
    if not result.success:
        raise GoodwillError(f"dbt could not write its documentation: {result.exception}", f"see {home.logs / 'dbt' / 'dbt.log'}")
    page = home.logs / "dbt" / "target" / "static_index.html"
    target.mkdir(parents=True, exist_ok=True)
    (target / "index.html").write_bytes(page.read_bytes())
    return target / "index.html"


def dbt_manifest(home: Home) -> Path:
    """What dbt parsed last: every model, its file and its parents."""
    return home.logs / "dbt" / "target" / "manifest.json"
