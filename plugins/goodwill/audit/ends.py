"""The ends of runs: that a row says of each run that it has ended, and that its record keeps the head of the ledger, a witness of that row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from goodwill.audit.heads import kept_heads
from goodwill.audit.ledger import Entry, ledger_file
from goodwill.audit.lock import Lock
from goodwill.audit.record import RunRecord
from goodwill.audit.rows import enter_end
from goodwill.files import replace_text
from goodwill.home import Home

__all__ = ["enter_late_ends", "unended"]


def _ends(entries: Iterable[Entry]) -> tuple[set[str], dict[str, Entry]]:
    """The runs that have begun and not ended, by the rows, and of the others the row of their end."""
    begun: set[str] = set()
    ended: dict[str, Entry] = {}
    for entry in entries:
        if entry.kind == "run" and entry.facts.get("event") == "begun":
            begun.add(entry.facts["run_id"])
        elif entry.kind == "run" and entry.facts.get("event") == "ended":
            ended[entry.facts["run_id"]] = entry
    return begun - ended.keys(), ended


def _of_runs(home: Home) -> Iterator[Entry]:
    """The rows about runs, unverified: of the others, nearly all, no more is read than that they are."""
    with ledger_file(home).open("rb") as stream:
        yield from (entry for line in stream if b'"kind":"run"' in line and (entry := Entry.parse(line)))


def _without_row(home: Home, begun: Iterable[str]) -> list[RunRecord]:
    """Of runs that no row ends those whose record says that they have ended."""
    there = [RunRecord(home.run(run_id)) for run_id in sorted(begun) if (home.run(run_id) / "run.json").is_file()]
    return [record for record in there if record.has_ended]


def _without_head(home: Home, ended: dict[str, Entry]) -> dict[str, Entry]:
    """Of runs that have ended those whose record does not keep the head of the ledger."""
    keepers = {who for who, _ in kept_heads(home)}
    return {
        run_id: row
        for run_id, row in ended.items()
        if f"the record of run {run_id}" not in keepers and (home.run(run_id) / "run.json").is_file()
    }


def unended(home: Home, entries: Iterable[Entry]) -> tuple[list[str], list[str]]:
    """Problems and notes: runs that say of themselves that they have ended where no row does, or keep no head of the ledger.

    A run that still holds the warehouse is ending, or was killed while it did; the next night ends it.
    """
    begun, ended = _ends(entries)
    holder = Lock.of(home).holder_run()
    problems, notes = [], []
    for record in _without_row(home, begun):
        said = f"runs/{record.folder.name}/run.json says {record.read()['verdict']!r}, and no row of the ledger ends this run"
        if record.folder.name == holder:
            notes.append(f"{said}: it is ending now, or was killed while it did; the next night enters it")
        else:
            problems.append(
                f"{said}: rows behind the last one were cut off, or the disk was full (the next night enters its end, and says so)"
            )
    for run_id, row in _without_head(home, ended).items():
        said = f"runs/{run_id}/ledger_head is not there, or not a head"
        if run_id == holder:
            notes.append(f"{said}: the night was killed before it could keep row {row.seq}; the next one does")
        else:
            problems.append(
                f"{said}: somebody removed it, or the disk was full when row {row.seq} was to be kept (the next night keeps it again)"
            )
    return problems, notes


def enter_late_ends(home: Home) -> None:
    """Enter the ends that the rows lack, marked `late`, and keep the heads that are not kept; whoever calls holds the warehouse."""
    if not ledger_file(home).is_file():
        return
    begun, ended = _ends(_of_runs(home))
    for record in _without_row(home, begun):
        enter_end(home, record.folder.name, late=True)
    for run_id, row in _without_head(home, ended).items():
        replace_text(RunRecord(home.run(run_id)).head_file, f"{row.head}\n")
