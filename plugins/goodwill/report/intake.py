"""What came in and what was rejected: reconciliation, quarantine, batches."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from goodwill.entities import ENTITIES
from goodwill.privacy.showing import HIDDEN, safe_problem
from goodwill.reasons import REASONS
from goodwill.report.reading import Warehouse

__all__ = ["Balance", "Batch", "Rejection", "file_name", "read_balances", "read_batches", "read_rejections"]

_PARTS = ("source", "landed", "accepted", "superseded", "quarantined")


@dataclass(frozen=True)
class Balance:
    """One entity of one source: rows and amounts at the source, landed, and what became of them."""

    entity: str
    source: str
    rows: tuple[int | None, ...]
    amounts: tuple[Decimal | None, ...]
    later_rows: int
    later_amount: Decimal | None
    balanced: bool

    @property
    def has_amounts(self) -> bool:
        """Whether this entity has an amount to hold against the source; amounts are in the currency of the source."""
        return self.entity in ENTITIES and ENTITIES[self.entity].amount is not None and any(amount is not None for amount in self.amounts)


@dataclass(frozen=True)
class Rejection:
    """Why rows were set apart, how many, and one of them."""

    entity: str
    source: str
    column: str | None
    reason: str
    rows: int
    file: str | None
    row_number: int | None
    value: str | None

    @property
    def hidden(self) -> bool:
        return self.value == HIDDEN

    @property
    def meaning(self) -> str:
        """What the reason means; nothing where the catalogue does not know it."""
        return REASONS[self.reason].meaning if self.reason in REASONS else ""


@dataclass(frozen=True)
class Batch:
    """One batch that was read: which file, its fingerprint, and what was counted at the source."""

    entity: str
    source: str
    batch_id: str
    file: str | None
    sha256: str | None
    rows: int | None
    amount: Decimal | None
    unparsable: int | None


def file_name(file: str | None) -> str | None:
    """The name without its folders: those tell about a machine or its user, not about the data."""
    return file and file.replace("\\", "/").rsplit("/", 1)[-1]


def read_balances(warehouse: Warehouse) -> tuple[Balance, ...]:
    """The reconciliation of the night; nothing before staging exists."""
    table = warehouse.first("staging.reconciliation", "audit.reconciliation")
    if table is None:
        return ()
    order = {name: position for position, name in enumerate(ENTITIES)}
    rows = warehouse.rows(f"select * from {table}")
    rows.sort(key=lambda row: (order.get(row["entity"], len(order)), row["source"]))
    return tuple(
        Balance(
            entity=row["entity"],
            source=row["source"],
            rows=tuple(row[f"{part}_rows"] for part in _PARTS),
            amounts=tuple(row[f"{part}_amount"] for part in _PARTS),
            later_rows=row.get("after_as_of_rows") or 0,
            later_amount=row.get("after_as_of_amount"),
            balanced=bool(row["is_reconciled"]),
        )
        for row in rows
    )


def read_rejections(warehouse: Warehouse) -> tuple[Rejection, ...]:
    """Quarantined rows by entity, column and reason, most first, each with the first row it happened in."""
    table = warehouse.first("staging.quarantine", "audit.quarantine")
    if table is None:
        return ()
    value = "value" if warehouse.has(table, "value") else "null"
    query = f"""
        select
            entity, source, column_name, reason,
            count(*) as problems,
            min_by(struct_pack(f := file, n := row_no, v := {value}), (coalesce(batch_id, ''), coalesce(row_no, 0))) as example
        from {table}
        group by entity, source, column_name, reason
        order by problems desc, entity, source, column_name, reason
    """
    return tuple(
        Rejection(
            entity=row["entity"],
            source=row["source"],
            column=row["column_name"],
            reason=row["reason"],
            rows=row["problems"],
            file=file_name(row["example"]["f"]),
            row_number=row["example"]["n"],
            value=safe_problem(row["reason"], row["example"]["v"], row["column_name"]),
        )
        for row in warehouse.rows(query)
    )


def read_batches(warehouse: Warehouse) -> tuple[Batch, ...]:
    """The batches of the night, one line per entity they feed, with the control totals measured at the source."""
    if not warehouse.has("control.source_totals"):
        return ()
    fingerprint, join = "null", ""
    if warehouse.has("control.batches", "source", "batch_id", "file_sha256"):
        fingerprint, join = "batches.file_sha256", "left join control.batches as batches using (source, batch_id)"
    rows = warehouse.rows(f"""
        select totals.*, {fingerprint} as fingerprint
        from control.source_totals as totals {join}
        order by totals.source, totals.entity, totals.batch_id
    """)
    return tuple(
        Batch(
            entity=row["entity"],
            source=row["source"],
            batch_id=row["batch_id"],
            file=file_name(row["file"]),
            sha256=row["fingerprint"],
            rows=row["source_rows"],
            amount=row["source_amount"],
            unparsable=row["unparsable_amounts"],
        )
        for row in rows
    )
