"""The figures in words: tiles, the night in a few sentences, and what a model's parameters mean. Plain data for the page."""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.report.facts import Customers, Facts
from goodwill.report.formats import ALPHA, BETA, DASH, MINUS, Money, count, number, percent
from goodwill.report.models import ModelRun
from goodwill.report.night import Night

__all__ = ["ModelCard", "Row", "Tile", "models", "sentences", "tiles", "timeline"]

MODEL_NAMES = {
    "mbg_nbd": "MBG/NBD",
    "bg_nbd": "BG/NBD",
    "pareto_nbd": "Pareto/NBD",
    "gamma_gamma": f"Gamma{DASH}Gamma",
    "shifted_beta_geometric": "Shifted-beta-geometric",
}
DAYS_IN_MONTH = 30.4375
DAYS = {"day": 1.0, "week": 7.0}
#: Below so many days from one purchase to the next, the pace is daily.
MOST_DAILY = 1.5
#: From so many on, the sources of a night share one row of the timeline.
FEW_SOURCES = 4
SYMBOLS = {"alpha": ALPHA, "beta": BETA}


@dataclass(frozen=True)
class Row:
    """One row of the timeline; a bar is when it begins and how long it is, in seconds."""

    label: str
    status: str
    bars: tuple[tuple[float, float], ...]
    seconds: float | None


@dataclass(frozen=True)
class Tile:
    """One key figure: what it is, its value, and how to take it."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class ModelCard:
    """One model of the night, told to somebody who has never met it."""

    name: str
    run: ModelRun
    purpose: str
    parameters: tuple[tuple[str, str, str | None], ...]
    meaning: tuple[str, ...]


def timeline(night: Night) -> tuple[Row, ...]:
    """The stages as rows of a timeline. Sources that were read without trouble share one row: they are many, and run side by side."""
    read = tuple(stage for stage in night.stages if stage.name.startswith("extract ") and stage.status == "done")
    rows: list[Row] = []
    for stage in night.stages:
        if len(read) < FEW_SOURCES or stage not in read:
            rows.append(Row(stage.label, stage.status, ((stage.begins, stage.seconds or 0.0),), stage.seconds))
        elif stage is read[0]:
            bars = tuple((each.begins, each.seconds or 0.0) for each in read)
            ends = max(begins + seconds for begins, seconds in bars)
            rows.append(Row(f"Extract {len(read)} sources", "done", bars, ends - min(begins for begins, _ in bars)))
    return tuple(rows)


def tiles(facts: Facts) -> tuple[Tile, ...]:
    """The row of key figures; what could not be measured is left out."""
    money = Money(facts.night.currency)
    found: list[Tile] = []
    if facts.customers:
        found.append(Tile("Customers", count(facts.customers.customers), _who_they_are(facts.customers)))
    if facts.value:
        found.append(
            Tile(
                "Customer equity",
                money.short(facts.value.equity[12]),
                f"{facts.value.basis} expected from them in the next 12 months, discounted (Σ CLV 12)",
            )
        )
    if facts.customers and facts.customers.trailing_revenue is not None:
        found.append(
            Tile(
                "Revenue, 12 months",
                money.short(facts.customers.trailing_revenue),
                "without VAT, after discounts and refunds, up to this night",
            )
        )
    if facts.segments:
        share = facts.segments.active_customers / facts.customers.customers if facts.customers and facts.customers.customers else None
        note = f"{percent(share)} of all customers: welcome, active, loyal or won back"
        found.append(Tile("Active customers", count(facts.segments.active_customers), note))
    if facts.cohorts and facts.cohorts.first_return is not None:
        days = facts.cohorts.age_days
        found.append(
            Tile(
                "Retention at age 1",
                percent(facts.cohorts.first_return),
                f"bought again {days} to {2 * days - 1} days after their first purchase",
            )
        )
    if facts.value and facts.value.concentration:
        found.append(
            Tile("Held by the top 20 %", percent(facts.value.concentration.top[20]), "of the positive value of all customers (CLV 12)")
        )
    return tuple(found)


def _who_they_are(customers: Customers) -> str:
    guests = f", and {count(customers.guests)} guest orders beside" if customers.guests else ""
    if customers.subscribers and customers.subscribers == customers.customers:
        return f"have a contract that runs, and bought nothing by the piece{guests}"
    contracts = f" or, {count(customers.subscribers)} of them, have a contract only" if customers.subscribers else ""
    return f"bought at least once{contracts}{guests}"


def sentences(facts: Facts) -> tuple[str, ...]:
    """The night in a few sentences, for who reads nothing else."""
    money = Money(facts.night.currency)
    found: list[str] = []
    if facts.value and facts.customers:
        worth = money.short(facts.value.equity[12])
        guests = f" and the {count(facts.customers.guests)} guest orders beside them" if facts.customers.guests else ""
        found.append(
            f"The {count(facts.customers.customers)} customers{guests} are expected to bring {facts.value.basis_of} of {worth} over the next twelve months."
        )
    if facts.value and facts.value.concentration:
        found.append(
            f"Half are worth less than {money.exact(facts.value.median)} each; "
            f"the top 20 % hold {percent(facts.value.concentration.top[20], 0)} of the value."
        )
    if facts.segments and facts.segments.life_cycle.of("at_risk", "lapsed"):
        risky = [group for group in facts.segments.life_cycle.groups if group.code in ("at_risk", "lapsed")]
        people = sum(group.people for group in risky)
        brought = sum(group.actual - group.clv for group in risky if group.actual is not None)
        found.append(
            f"{count(people)} customers are at risk or lapsed; they brought {money.short(brought)} of {facts.value.basis if facts.value else 'margin'} in the last twelve months."
        )
    if facts.balances:
        landed = sum(balance.rows[1] or 0 for balance in facts.balances)
        balanced = all(balance.balanced for balance in facts.balances)
        found.append(
            f"{count(landed)} rows came in and {count(facts.rejected_rows)} were set apart; "
            + ("every row and every cent is accounted for." if balanced else "not everything is accounted for: see the reconciliation.")
        )
    if facts.checks.all:
        troubled = len(facts.checks.troubled)
        found.append(
            f"{count(facts.checks.passed)} of {count(len(facts.checks.all))} checks passed"
            + (f"; {troubled} did not." if troubled else ".")
        )
    return tuple(found)


def _parameter(run: ModelRun, name: str, value: float) -> tuple[str, str, str | None]:
    """Symbol, value with its unit, and its standard error."""
    unit = f" {run.time_unit}s" if name in ("alpha", "beta") and run.time_unit else ""
    error = run.errors.get(name)
    return SYMBOLS.get(name, name), number(value, 4) + unit, None if error is None else number(error, 4)


def _timing(run: ModelRun) -> tuple[str, ...]:
    """What r, alpha, a and b say about buying and leaving; nothing about pace where the unit of alpha is not known."""
    r, alpha, a, b = (run.parameters.get(name) for name in ("r", "alpha", "a", "b"))
    days_in_unit = DAYS.get(run.time_unit or "")
    told: list[str] = []
    if r and alpha and days_in_unit:
        gap = alpha / r * days_in_unit
        often = f"{number(DAYS_IN_MONTH / gap, 2)} times a month (r ÷ {ALPHA}), about once in {count(gap)} days"
        told.append(f"While they stay, customers buy on average {often if gap >= MOST_DAILY else 'about every day'}.")
    if r:
        how = "widely" if r < 1 else "moderately" if r < 3 else "little"
        told.append(f"They differ {how} from one another in how often they buy (r = {number(r, 2)}; the smaller, the wider).")
    if a and b and run.origin == "observed":
        told.append(f"Of every renewal due {percent(a / (a + b))} are expected to fail (a ÷ (a + b)), whatever the age of the contract.")
    elif a and b and run.model == "shifted_beta_geometric":
        told.append(
            f"At the end of its first period {percent(a / (a + b))} of contracts are given up (a ÷ (a + b)); later ones last better."
        )
    elif a and b:
        when = "each purchase, the first included," if run.model == "mbg_nbd" else "each repeat purchase"
        told.append(f"After {when} {percent(a / (a + b))} of customers leave for good, unnoticed (a ÷ (a + b)).")
    return tuple(told)


def _spending(parameters: dict[str, float], money: Money) -> tuple[str, ...]:
    """What p, q and v say about the worth of a purchase."""
    p, q, v = (parameters.get(name) for name in ("p", "q", "v"))
    if not (p and q and v):
        return ()
    if q <= 1:
        return ("With q at 1 or below the average purchase has no finite value: expected spend falls back to what was observed.",)
    return (
        f"An average customer spends {money.exact(p * v / (q - 1))} on a day with a purchase (p·v ÷ (q {MINUS} 1)).",
        "A customer with few purchases is drawn towards that average; the more purchases, the more their own average counts.",
    )


def _purpose(run: ModelRun) -> str:
    if run.model == "gamma_gamma":
        return "What a purchase is worth"
    if run.model == "shifted_beta_geometric":
        by = {"restored": ", by what was accepted before", "observed": ", by the renewals of the weeks held out"}.get(run.origin, "")
        return f"How long contracts last: {run.group or 'all plans together'}{by}"
    if run.origin == "restored":
        return "How often they buy, and whether they are still there, by what was accepted before"
    return "How often they buy, and whether they are still there" + ("" if run.scoring else " (for comparison)")


def models(facts: Facts) -> tuple[ModelCard, ...]:
    """One card per model run of the night."""
    money = Money(facts.night.currency)
    return tuple(
        ModelCard(
            name=MODEL_NAMES.get(run.model, run.model),
            run=run,
            purpose=_purpose(run),
            parameters=tuple(_parameter(run, name, value) for name, value in run.parameters.items()),
            meaning=(*_timing(run), *_spending(run.parameters, money)),
        )
        for run in facts.models
    )
