"""The night in about 25 lines of plain text: what a terminal shows at its end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from goodwill.report.facts import Facts, gather
from goodwill.report.formats import GAP, Money, count, duration, percent
from goodwill.report.segments import Breakdown
from goodwill.report.wording import MODEL_NAMES

__all__ = ["summary_text"]

Line = tuple[str, str]
_LABEL = 18


def _night(facts: Facts) -> list[Line]:
    night = facts.night
    lines = [("verdict", night.verdict.upper()), ("as of", str(night.as_of or "not known yet")), ("run", night.run_id)]
    if night.stop:
        lines.append(("stopped at", night.stop.stage + (f" (gate: {night.stop.gate})" if night.stop.gate else "")))
        lines += [("because" if not place else "", reason) for place, reason in enumerate(night.stop.failures or (night.stop.headline,))]
        lines.append(("what to do", night.stop.remedy))
    return lines


def _intake(facts: Facts) -> list[Line]:
    if not facts.balances:
        return []
    landed = sum(balance.rows[1] or 0 for balance in facts.balances)
    sources = len({balance.source for balance in facts.balances})
    unbalanced = [f"{balance.entity} of {balance.source}" for balance in facts.balances if not balance.balanced]
    by_reason: Counter[str] = Counter()
    for each in facts.rejections:
        by_reason[f"{each.entity} {each.reason}"] += each.rows
    reasons = ", ".join(f"{reason} {count(rows)}" for reason, rows in by_reason.most_common(3))
    return [
        ("rows in", f"{count(landed)} from {sources} source{'s' if sources > 1 else ''}"),
        ("rows rejected", count(facts.rejected_rows) + (f"   ({reasons}{', …' if len(by_reason) > 3 else ''})" if reasons else "")),
        ("reconciliation", "every row and every cent" if not unbalanced else f"DOES NOT BALANCE: {', '.join(unbalanced)}"),
    ]


def _figures(facts: Facts) -> list[Line]:
    money = Money(facts.night.currency)
    lines: list[Line] = []
    if facts.customers:
        guests = f"   (and {count(facts.customers.guests)} guest orders)" if facts.customers.guests else ""
        lines.append(("customers", f"{count(facts.customers.customers)}{guests}"))
        lines.append(("revenue, 12 months", money.whole(facts.customers.trailing_revenue)))
    if facts.value:
        lines.append(
            ("customer equity", f"{money.whole(facts.value.equity[12])}   ({facts.value.basis} expected in 12 months, discounted)")
        )
        if facts.value.concentration:
            lines.append(("top 20 % hold", f"{percent(facts.value.concentration.top[20])} of the positive value"))
    if facts.cohorts and facts.cohorts.first_return is not None:
        lines.append(("retention, age 1", f"{percent(facts.cohorts.first_return)}   ({facts.cohorts.cohorts_in_all} cohorts)"))
    return lines


def _groups(title: str, breakdown: Breakdown, width: int, money: Money) -> list[Line]:
    """One line per group, in columns: name (`width` letters), people, share of people, value."""
    return [
        (
            title if not place else "",
            f"{group.english:<{width}}  {count(group.people):>11}  {percent(group.people_share):>7}  {money.whole(group.clv):>15}",
        )
        for place, group in enumerate(breakdown.groups)
    ]


def _work(facts: Facts) -> list[Line]:
    lines: list[Line] = []
    if facts.models:
        used = ", ".join(dict.fromkeys(MODEL_NAMES.get(run.model, run.model) for run in facts.models if run.scoring))
        lines.append(("models in use", used or "none: fallback only"))
    if facts.checks.all:
        troubled = facts.checks.troubled
        names = ", ".join(check.rule for check in troubled[:6])
        lines.append(
            (
                "checks passed",
                f"{count(facts.checks.passed)} of {count(len(facts.checks.all))}" + (f"   (not: {names})" if troubled else ""),
            )
        )
    lines.append(("duration", duration(facts.night.seconds)))
    return lines


def summary_text(warehouse_path: Path, run_dir: Path) -> str:
    """The night in a few aligned lines, without a trailing line break.

    Parameters
    ----------
    warehouse_path : the night's DuckDB file, or the published one; it may be missing when the night stopped.
    run_dir : folder of the run: `run.json`, `stages.jsonl`, `validation_results/`.
    """
    facts = gather(warehouse_path, run_dir)
    money = Money(facts.night.currency)
    lines = [*_night(facts), *_intake(facts), *_figures(facts)]
    if facts.segments:
        classes, stages = facts.segments.value_class, facts.segments.life_cycle
        width = max((len(group.english) for group in (*classes.groups, *stages.groups)), default=0)
        lines += [*_groups("value classes", classes, width, money), *_groups("life-cycle stages", stages, width, money)]
    lines += _work(facts)
    lines += [("not measured", trouble) for trouble in facts.troubles]
    title = f"{facts.night.company}: the night"
    body = [f"{label:<{_LABEL}}  {text}".rstrip() for label, text in lines]
    return "\n".join([title, "─" * len(title), *body]).replace(GAP, " ")
