"""What moved since earlier accepted nights: who changed class, what changed the equity, and who is about to go. From the marts of places."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from goodwill.report.formats import words
from goodwill.report.reading import Row, Warehouse
from goodwill.report.segments import CLASSES, STAGES, labels

__all__ = ["Changes", "Movement", "Onsets", "Split", "Warned", "read_changes"]

#: How far back a picture of movements looks, where there are accepted nights so old; else to the first of them.
PERIOD_DAYS = 30
#: Nobody, or no class: what a person is before the first purchase, and after they are gone.
NOWHERE = "none"


@dataclass(frozen=True)
class Movement:
    """People by where they stood then and stand tonight; `codes` in reading order with their words, of all the places."""

    codes: tuple[tuple[str, str], ...]
    people: dict[tuple[str, str], int]

    def share(self, begin: str, end: str) -> float:
        """Of those who stood at `begin`, the share who stand at `end`."""
        before = sum(count for (first, _), count in self.people.items() if first == begin)
        return self.people.get((begin, end), 0) / before if before else 0.0

    @property
    def begins(self) -> tuple[tuple[str, str], ...]:
        """The places where somebody stood then."""
        return tuple(each for each in self.codes if any(first == each[0] for first, _ in self.people))

    @property
    def ends(self) -> tuple[tuple[str, str], ...]:
        """The places where somebody stands tonight."""
        return tuple(each for each in self.codes if any(last == each[0] for _, last in self.people))

    @property
    def moved(self) -> int:
        """People who stood somewhere then and stand elsewhere now, or came in between."""
        return sum(count for (first, last), count in self.people.items() if first != last)


@dataclass(frozen=True)
class Split:
    """The equity of a segment then and now, and the parts of what changed; they add up to the cent."""

    code: str
    english: str
    before: Decimal
    new: Decimal
    kept: Decimal
    won_back: Decimal
    lost: Decimal
    moved: Decimal
    now: Decimal

    @property
    def parts(self) -> tuple[tuple[str, Decimal], ...]:
        """The parts of the whole, in the order of a life; people move within it, not in or out."""
        return (("New", self.new), ("Kept", self.kept), ("Won back", self.won_back), ("Lost", self.lost))


@dataclass(frozen=True)
class Warned:
    """Customers in good standing of whom one rule warns, and what they are expected to bring in twelve months."""

    english: str
    people: int
    clv: Decimal


@dataclass(frozen=True)
class Onsets:
    """Customers of whom it began to go wrong in the last days before the night."""

    days: int
    people: int
    clv: Decimal


@dataclass(frozen=True)
class Changes:
    """`since` is the accepted night that tonight is compared with; None where tonight is the first."""

    since: dt.date | None
    value_class: Movement | None
    life_cycle: Movement | None
    whole: Split | None
    by_class: tuple[Split, ...]
    warned: tuple[Warned, ...]
    onsets: Onsets | None


def read_changes(warehouse: Warehouse, as_of: dt.date | None) -> Changes | None:
    """The changes up to the night; None in a warehouse that does not know its history."""
    tables = ("marts.segment_sizes", "marts.customer_history", "marts.customer_equity", "marts.segments", "marts.clv_customers")
    if as_of is None or not all(warehouse.has(table) for table in tables) or not warehouse.has("marts.segments", "early_warning"):
        return None
    since = warehouse.row(
        "select coalesce(max(measured_on) filter (where measured_on <= ?), min(measured_on)) as since from marts.segment_sizes "
        "where measured_on < ?",
        [as_of - dt.timedelta(days=PERIOD_DAYS), as_of],
    ).get("since")
    splits = _splits(warehouse, since) if since else ()
    return Changes(
        since=since,
        value_class=_movement(warehouse, "value_class", CLASSES, since) if since else None,
        life_cycle=_movement(warehouse, "life_cycle_stage", STAGES, since) if since else None,
        whole=next((split for split in splits if split.code == "all"), None),
        by_class=tuple(split for split in splits if split.code != "all"),
        warned=_warned(warehouse),
        onsets=_onsets(warehouse, as_of),
    )


def _movement(warehouse: Warehouse, column: str, order: tuple[str, ...], since: dt.date) -> Movement | None:
    rows = warehouse.rows(
        f"""
        with then_and_now as (
            select
                person_id,
                max({column}) filter (where valid_from_on <= $since and (valid_to_on is null or valid_to_on > $since)) as begin,
                max({column}) filter (where is_current) as finish
            from marts.customer_history
            group by person_id
        )
        select coalesce(begin, $nowhere) as begin, coalesce(finish, $nowhere) as finish, count(*) as people
        from then_and_now
        where begin is not null or finish is not null
        group by 1, 2
        """,
        {"since": since, "nowhere": NOWHERE},
    )
    people = {(row["begin"], row["finish"]): row["people"] for row in rows}
    found = {code for pair in people for code in pair}
    named = labels(warehouse, column)
    codes = [code for code in (*order, *sorted(found - {*order, NOWHERE})) if code in found]
    shown = [(code, named.get(code, (words(code).capitalize(), None))[0]) for code in codes]
    return Movement((*shown, *(((NOWHERE, "Not there" if column != "value_class" else "No class"),) if NOWHERE in found else ())), people)


def _splits(warehouse: Warehouse, since: dt.date) -> tuple[Split, ...]:
    """The whole and the classes: the parts of every night since then, added up."""
    rows = warehouse.rows(
        """
        select segment as code,
            coalesce(sum(new_amount), 0) as new, coalesce(sum(kept_amount), 0) as kept, coalesce(sum(won_back_amount), 0) as won_back,
            coalesce(sum(lost_amount), 0) as lost, coalesce(sum(moved_amount), 0) as moved,
            coalesce(sum(change_amount), 0) as change,
            coalesce(max(clv_12_amount) filter (where measured_on = (select max(measured_on) from marts.customer_equity)), 0) as now
        from marts.customer_equity
        where measured_on > ? and division in ('all', 'value_class')
        group by segment
        """,
        [since],
    )
    named = labels(warehouse, "value_class")
    rank = {code: place for place, code in enumerate(("all", *CLASSES))}

    def split(row: Row) -> Split:
        code = row["code"]
        english = (
            "All customers" if code == "all" else "No class" if code == NOWHERE else named.get(code, (words(code).capitalize(), None))[0]
        )
        parts = {name: row[name] for name in ("new", "kept", "won_back", "lost", "moved", "now")}
        return Split(code, english, before=row["now"] - row["change"], **parts)

    return tuple(split(row) for row in sorted(rows, key=lambda row: rank.get(row["code"], len(rank))))


def _warned(warehouse: Warehouse) -> tuple[Warned, ...]:
    named = labels(warehouse, "early_warning")
    rows = warehouse.rows("""
        select early_warning as code, count(*) as people, coalesce(sum(scores.clv_12), 0)::decimal(38, 2) as clv
        from marts.segments
        left join marts.clv_customers as scores using (person_id)
        where early_warning is not null
        group by early_warning
        order by clv desc, code
    """)
    return tuple(Warned(named.get(row["code"], (words(row["code"]).capitalize(), None))[0], row["people"], row["clv"]) for row in rows)


def _onsets(warehouse: Warehouse, as_of: dt.date) -> Onsets:
    row = warehouse.row(
        """
        select count(*) as people, coalesce(sum(scores.clv_12), 0)::decimal(38, 2) as clv
        from marts.segments
        left join marts.clv_customers as scores using (person_id)
        where churn_onset_on > ?
        """,
        [as_of - dt.timedelta(days=PERIOD_DAYS)],
    )
    return Onsets(PERIOD_DAYS, row.get("people") or 0, row.get("clv") or Decimal(0))
