"""The report of the night as one HTML page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from goodwill.report import formats, wording
from goodwill.report.charts import charts
from goodwill.report.checks import BOUNDARIES
from goodwill.report.facts import Facts, gather
from goodwill.report.formats import Money
from goodwill.report.value import PURCHASE_BANDS, SINCE_BANDS

__all__ = ["build_report", "render", "stylesheet"]

_ENGINE = "echarts/echarts.common.min.js"


@cache
def _asset(name: str) -> str:
    return resources.files("goodwill.report").joinpath("assets", name).read_text(encoding="utf-8")


def _allowance(script: str) -> str:
    """The script's fingerprint, as a content security policy names it: no other script runs in the page, whatever the data hold."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _safe_json(value: object) -> Markup:
    """JSON that cannot end the element it is written in; NaN is refused, because no browser reads it."""
    return htmlsafe_json_dumps(value, dumps=lambda given, **_: json.dumps(given, allow_nan=False, separators=(",", ":")))


def _level(share: float, darkest: float = 1.0) -> int:
    """The step (0 to 9) of the colour scale for a share; `darkest` is the share at which the scale ends."""
    return min(9, max(0, int(share / darkest * 10)))


def _environment(money: Money) -> Environment:
    environment = Environment(
        loader=PackageLoader("goodwill.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        level=_level,
        count=formats.count,
        signed=formats.signed,
        percent=formats.percent,
        number=formats.number,
        day=formats.day,
        month=formats.month,
        moment=formats.moment,
        duration=formats.duration,
        words=formats.words,
        money=money.exact,
        plain=formats.PLAIN.exact,
        money_whole=money.whole,
        money_short=money.short,
    )
    return environment


def render(facts: Facts) -> str:
    """The page for these facts."""
    drawn = charts(facts)
    scripts = (_asset(_ENGINE), _asset("report.js")) if drawn else ()
    context: dict[str, Any] = {
        "facts": facts,
        "night": facts.night,
        "timeline": wording.timeline(facts.night),
        "tiles": wording.tiles(facts),
        "sentences": wording.sentences(facts),
        "models": wording.models(facts),
        "model_names": wording.MODEL_NAMES
        | {f"{model}_by_group": f"{name}, by group" for model, name in wording.MODEL_NAMES.items()}
        | {"same_as_last_period": "Same as last period"},
        "charts": drawn,
        "boundaries": BOUNDARIES,
        "purchase_bands": PURCHASE_BANDS,
        "since_bands": SINCE_BANDS,
        "style": Markup(_asset("report.css")),  # noqa: S704 (our own file, no data in it)
        "scripts": [Markup(script) for script in scripts],  # noqa: S704 (our own files, no data in them)
        "script_policy": " ".join(map(_allowance, scripts)) or "'none'",
        "chart_json": _safe_json(drawn),
        "settings_json": _safe_json({"currency": facts.night.currency}),
    }
    return _environment(Money(facts.night.currency)).get_template("page.html.j2").render(context)


def build_report(warehouse_path: Path, run_dir: Path, target: Path, *, verdict: str) -> Path:
    """Write the report of a night.

    Parameters
    ----------
    warehouse_path : the night's DuckDB file; read only, closed before returning. It may lack tables, or be missing, when the night stopped.
    run_dir : folder of the run: `run.json`, `stages.jsonl`, `validation_results/`.
    target : the HTML file to write; its folder is made; an older file is replaced in one step.
    verdict : `published`, `blocked` or `failed`.

    Returns
    -------
    `target`.
    """
    html = render(gather(warehouse_path, run_dir, verdict))
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.write_text(html, encoding="utf-8")
    os.replace(unfinished, target)
    return target


def stylesheet() -> str:
    """How pages of Goodwill look, for those that others make."""
    return _asset("report.css")
