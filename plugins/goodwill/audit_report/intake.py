"""What came in: the batches of a period, the control totals at its end and at the end of what was before, and what was rejected."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from goodwill.audit.ledger import Entry
from goodwill.report.intake import Rejection, file_name, read_rejections
from goodwill.report.reading import Warehouse

__all__ = ["Landed", "Total", "landed", "read_rejected", "read_totals", "totals"]


@dataclass(frozen=True)
class Total:
    """Rows and amounts of one source and entity: given = accepted + superseded + set apart. `new_rows` came since the period began."""

    entity: str
    source: str
    given: int
    accepted: int
    superseded: int
    quarantined: int
    given_amount: Decimal | None
    accepted_amount: Decimal | None
    superseded_amount: Decimal | None
    quarantined_amount: Decimal | None
    new_rows: int | None = None

    @property
    def agrees(self) -> bool:
        """Every row and every cent."""
        amounts = (self.given_amount, self.accepted_amount, self.superseded_amount, self.quarantined_amount)
        given, *parts = [amount or Decimal(0) for amount in amounts]
        return self.given == self.accepted + self.superseded + self.quarantined and given == sum(parts, Decimal(0))


@dataclass(frozen=True)
class Landed:
    """A batch: its source, its file by name and digest, its rows, those that could not be read, and when it landed (UTC)."""

    source: str
    batch_id: str
    file: str
    sha256: str
    rows: int
    malformed: int
    at: str
    late: bool


def _amount(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def totals(given: Iterable[dict[str, Any]], before: Iterable[dict[str, Any]] = ()) -> tuple[Total, ...]:
    """Control totals as a publication enters them in the ledger, beside those of the last publication before the period."""
    was = {(row["entity"], row["source"]): int(row["source_rows"]) for row in before}
    return tuple(
        Total(
            entity=row["entity"],
            source=row["source"],
            given=int(row["source_rows"]),
            accepted=int(row["accepted_rows"]),
            superseded=int(row["superseded_rows"]),
            quarantined=int(row["quarantined_rows"]),
            given_amount=_amount(row["source_amount"]),
            accepted_amount=_amount(row["accepted_amount"]),
            superseded_amount=_amount(row["superseded_amount"]),
            quarantined_amount=_amount(row["quarantined_amount"]),
            new_rows=int(row["source_rows"]) - was.get((row["entity"], row["source"]), 0),
        )
        for row in given
    )


def read_totals(warehouse: Path) -> list[dict[str, Any]]:
    """The same of a night that is not entered yet, from its warehouse; nothing where it stopped before staging."""
    with Warehouse(warehouse) as open_:
        return open_.rows("select * from staging.reconciliation order by source, entity") if open_.has("staging.reconciliation") else []


def read_rejected(warehouse: Path) -> tuple[Rejection, ...]:
    """What is set apart, by reason, in a warehouse or a publication."""
    with Warehouse(warehouse) as open_:
        return read_rejections(open_)


def landed(entries: Sequence[Entry]) -> tuple[Landed, ...]:
    """The batches that rows of the ledger tell of."""
    return tuple(
        Landed(
            facts["source"],
            facts["batch_id"],
            file_name(facts["file"]) or "",
            facts["file_sha256"],
            facts["rows"],
            facts["malformed_rows"],
            facts["extracted_at"],
            bool(facts.get("late")),
        )
        for facts in (entry.facts for entry in entries if entry.kind == "batch")
    )
