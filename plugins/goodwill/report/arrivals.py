"""What happened on the way in: changes of structure, corrections by hand, values that were healed, warnings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from goodwill.extract.drift import sentence
from goodwill.extract.news import published_batches
from goodwill.reasons import NOTES
from goodwill.report.intake import file_name
from goodwill.report.reading import Row, Warehouse

__all__ = ["Arrivals", "Correction", "Healed", "Said", "read_arrivals"]


@dataclass(frozen=True)
class Said:
    """A change of structure or a warning: of which source and file, in words; new since the last publication or known from before."""

    source: str
    file: str | None
    text: str
    is_new: bool


@dataclass(frozen=True)
class Correction:
    """Rows that somebody corrected by hand."""

    source: str
    file: str | None
    rows: int
    by: str
    reason: str
    is_new: bool


@dataclass(frozen=True)
class Healed:
    """Values that were accepted after something was done to them, and said so."""

    source: str
    entity: str
    column: str
    code: str
    rows: int

    @property
    def text(self) -> str:
        return NOTES.get(self.code, self.code.lower().replace("_", " "))


@dataclass(frozen=True)
class Arrivals:
    """All of it."""

    changes: tuple[Said, ...] = ()
    corrections: tuple[Correction, ...] = ()
    healed: tuple[Healed, ...] = ()
    warnings: tuple[Said, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.corrections or self.healed or self.warnings)

    @property
    def news(self) -> tuple[Said, ...]:
        return tuple(each for each in (*self.changes, *self.warnings) if each.is_new)

    @property
    def known(self) -> tuple[Said, ...]:
        return tuple(each for each in (*self.changes, *self.warnings) if not each.is_new)


def _is_new(row: Row, seen: frozenset[str]) -> bool:
    return row["batch_id"] not in seen  # what belongs to no batch, a missing day, is said until it is mended


def read_arrivals(warehouse: Warehouse, run_dir: Path) -> Arrivals:
    """What the control tables of the night say; a night that stopped before it had them gives nothing."""
    seen = published_batches(run_dir.parent, run_dir.name)
    changes: list[Said] = []
    if warehouse.has("control.drift"):
        found = warehouse.rows("select * from control.drift order by source, file, kind, column_name")
        changes = [
            Said(
                row["source"],
                file_name(row["file"]),
                sentence({"kind": row["kind"], "column": row["column_name"], "was": row["was"], "now": row["now"]}),
                _is_new(row, seen),
            )
            for row in found
        ]
    made: list[Correction] = []
    if warehouse.has("control.batches", "corrected_by", "reason", "rows"):
        found = warehouse.rows("select * from control.batches where corrected_by is not null order by source, extracted_at")
        made = [
            Correction(row["source"], file_name(row["file"]), row["rows"], row["corrected_by"], row["reason"] or "", _is_new(row, seen))
            for row in found
        ]
    healed: list[Healed] = []
    if warehouse.has("control.notes"):
        found = warehouse.rows(
            "select source, entity, column_name, code, cast(sum(rows) as bigint) as rows from control.notes group by all "
            "order by rows desc, source, entity, column_name, code"
        )
        healed = [Healed(row["source"], row["entity"], row["column_name"], row["code"], row["rows"]) for row in found]
    warnings: list[Said] = []
    if warehouse.has("control.warnings"):
        found = warehouse.rows("select * from control.warnings order by source, file, code, message")
        warnings = [Said(row["source"], file_name(row["file"]), row["message"], _is_new(row, seen)) for row in found]
    return Arrivals(tuple(changes), tuple(made), tuple(healed), tuple(warnings))
