"""`goodwill review`: the models held against what happened, apart from a night."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from goodwill import reviewing
from goodwill.cli.options import HomeOption, console
from goodwill.clv.runs import ALL
from goodwill.home import Home

__all__ = ["review"]

_MEASURES = {"bias": "bias", "mae": "mae", "spearman": "spearman", "gini": "gini", "decile_error": "tenths"}


def review(
    home: HomeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it finds; put nothing on record.")] = False,
) -> None:
    """Judge every model on the published data, choose the one that scores from now on, and show the cut points of the segments."""
    done, out = reviewing.review(Home.at(home), dry_run), console()
    out.print(f"as of {done.as_of}, published by {done.run_id}")
    out.print(_table(done.models))
    out.print(f"gate of {done.model}: {escape(done.gate)}; {escape(done.why)}")
    out.print(f"choice: {escape(done.choice)}")
    if done.contract_gates:
        out.print(_contracts_table(done.contracts))
        for plan, (verdict, why) in done.contract_gates.items():
            out.print(f"gate of contracts, {escape('all plans' if plan == ALL else plan)}: {escape(verdict)}; {escape(why)}")
    for division, cuts in done.cut_points.items():
        moved = f"; {done.moved[division]:.1%} of customers stand elsewhere than by the last review's" if division in done.moved else ""
        out.print(f"{division}: {', '.join(f'{name} {_limit(division, least)}' for name, least in cuts.items())}{moved}")
    out.print(_remark(done.recorded, dry_run, done.review_id))


def _limit(division: str, least: float) -> str:
    """In words; recency is counted backwards."""
    return f"within {-least:,.0f} days" if division == "recency_score" else f"from {least:,.2f}"


def _remark(recorded: bool, dry_run: bool, review_id: str) -> str:
    if dry_run:
        return "nothing was put on record"
    if recorded:
        return f"on record as {review_id}; the coming nights decide by it"
    return f"on record as {review_id}; this day had been judged already, so it adds nothing to decide by"


def _table(models: list[dict[str, Any]]) -> Table:
    table = Table("model", "weeks after", *_MEASURES.values())
    for result in models:
        figures = [f"{result[name]:.3f}" if result.get(name) is not None else "" for name in _MEASURES]
        table.add_row(result["model"], result["cut_on"], *(figures if "bias" in result else [escape(result["message"])]))
    return table


def _contracts_table(results: list[dict[str, Any]]) -> Table:
    """By plan what was forecast of the renewals due, and what happened."""
    table = Table("contracts", "forecast by", "weeks after", "ended", "forecast", "paid", "forecast")
    for each in results:
        ended, paid = (f"{each[f'actual_{name}']:,.0f}" for name in ("ended", "value"))
        forecasts = (f"{each['predicted_ended']:,.1f}", f"{each['predicted_value']:,.0f}")
        plan = "all plans" if each["group_name"] == ALL else escape(each["group_name"])
        table.add_row(plan, each["model"], each["cut_on"], ended, forecasts[0], paid, forecasts[1])
    return table
