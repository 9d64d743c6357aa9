"""The file a person corrects rejected rows in: written as CSV, read back, and compared with what is landed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from goodwill.errors import GoodwillError, SourceError
from goodwill.extract.batches import Manifest
from goodwill.extract.chains import Chain, Row, chains, read_rows, spread
from goodwill.extract.corrections import Signed, correct, unfit, unread
from goodwill.extract.inert import inert, undone
from goodwill.extract.quarantine import Rejected
from goodwill.home import Home
from goodwill.sources import Source, Sources

__all__ = ["Change", "Exported", "Readmitted", "export", "readmit"]

PLUMBING = ("_batch_id", "_row_no", "_reasons")
LINE = "_line"


@dataclass(frozen=True)
class Exported:
    """What was written: rejected rows, rows read together with them, and rejected rows that no longer count."""

    rejected: int
    beside: int
    gone: int


@dataclass(frozen=True)
class Change:
    """One cell that a person changed."""

    file: str
    row_no: int
    column: str
    was: str
    now: str


@dataclass
class Readmitted:
    """What became of a file of corrections: the batches it made, the cells changed, the rows left as they were."""

    batches: list[Manifest] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    replaces: set[str] = field(default_factory=set)


def _place(chain: Chain, batch_id: str, row_no: int) -> bool:
    return any(batch.batch_id == batch_id for batch in chain.batches) and row_no > 0


def export(home: Home, source: Source, rejected: Iterable[Rejected], target: Path) -> Exported:
    """Write the rejected rows of a source, as the source wrote them, and the rows that are read together with them.

    Raises
    ------
    SourceError : a column of the source has a name this file needs for itself.
    """
    reasons: dict[tuple[str, int], dict[str, None]] = {}
    for each in rejected:
        if each.source == source.name:
            said = f"{each.entity}.{each.column}: {each.reason}" if each.column else f"{each.entity}: {each.reason}"
            reasons.setdefault((each.batch_id, each.row_no), {})[said] = None
    written: list[tuple[Row, str]] = []
    columns: dict[str, None] = {}
    for chain in chains(home, source):
        wanted = sorted(row for batch, row in reasons if _place(chain, batch, row) and (batch, row) not in chain.corrected)
        if not wanted:
            continue
        columns |= dict.fromkeys(chain.columns)
        with chain.rows() as connection:
            connection.execute("create view pool as select * from rows")
            connection.execute("create temp table wanted (row_no bigint)")
            connection.executemany("insert into wanted values (?)", [[row] for row in wanted])
            spread(connection, source)
            for row in read_rows(connection, chain, "__row_no in (select row_no from wanted)"):
                written.append((row, "; ".join(reasons.get((row.batch_id, row.row_no), ()))))
    taken = sorted({*PLUMBING, LINE} & set(columns))
    if taken:
        raise SourceError(f"source {source.name!r} has a column {taken[0]!r}, which a file of corrections needs", "rename it at the source")
    with_line = [LINE] if any(row.line for row, _ in written) else []
    with target.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*PLUMBING, *map(inert, columns), *with_line])
        for row, said in written:
            line = [inert(f"{row.malformed}: {row.line}" if row.malformed else "")] if with_line else []
            writer.writerow([row.batch_id, row.row_no, said, *(inert(row.values.get(name, "")) for name in columns), *line])
    found = sum(1 for _, said in written if said)
    return Exported(found, len(written) - found, len(reasons) - found)


def _read(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The lines of a corrected file, numbered as an editor numbers records; a spreadsheet may have saved it with semicolons or a mark."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise GoodwillError(f"{path} does not exist", "goodwill quarantine export writes such a file") from None
    except UnicodeDecodeError:
        raise GoodwillError(f"{path} is not UTF-8 text", "save it as 'CSV UTF-8'") from None
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count))
    header = [undone(name.strip()) for name in next(reader, [])]
    lacking = [name for name in PLUMBING[:2] if name not in header]
    if lacking:
        raise GoodwillError(
            f"{path} has no column {lacking[0]!r}", "correct a file that goodwill quarantine export wrote; its first columns must stay"
        )
    lines = []
    for number, fields in enumerate(reader, 2):
        if any(fields):
            if len(fields) != len(header):
                raise GoodwillError(f"{path}: record {number} has {len(fields)} fields instead of {len(header)}", "mend the record")
            lines.append((number, dict(zip(header, map(undone, fields), strict=True))))
    return lines


def _even(text: str) -> str:
    """Line ends as one kind: a spreadsheet writes its own, and that is no correction."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _differences(row: Row, given: dict[str, str]) -> dict[str, str]:
    return {name: given[name] for name, was in row.values.items() if name in given and _even(given[name]) != _even(was)}


def _chains_of(home: Home, sources: Sources, batch_ids: set[str]) -> dict[str, tuple[Source, Chain]]:
    """Batch → its source and chain, for batches that are read now."""
    found: dict[str, tuple[Source, Chain]] = {}
    for source in sources.sources:
        if (home.landing / source.name).exists():
            for chain in chains(home, source):
                found |= {each.batch_id: (source, chain) for each in chain.batches if each.batch_id in batch_ids}
    return found


def readmit(home: Home, sources: Sources, zone: str, path: Path, signed: Signed) -> Readmitted:
    """Land the changed rows of a corrected file, one correction for each batch they are from; the next night reads them.

    A row that was corrected since it was written to the file is corrected again. Rows as they were are left out, and counted.

    Raises
    ------
    GoodwillError : something in the file cannot be used (all of it is said at once), or nothing in it was changed. Nothing is landed.
    """
    lines = _read(path)
    problems: list[str] = []
    places: dict[tuple[str, int], tuple[int, dict[str, str]]] = {}
    found = _chains_of(home, sources, {given["_batch_id"].strip() for _, given in lines})
    for number, given in lines:
        batch_id, row = given["_batch_id"].strip(), given["_row_no"].strip()
        if not row.isdigit():
            problems.append(f"record {number}: _row_no {row!r} is not a row number")
        elif batch_id not in found:
            problems.append(
                f"record {number}: batch {batch_id!r} is not read any more: its file was sent again, or a correction was withdrawn"
            )
        else:
            key = (found[batch_id][1].root.batch_id, int(row))
            if key in places:
                problems.append(f"records {places[key][0]} and {number} are both row {row} of {found[batch_id][1].root.file}")
            places[key] = (number, given)
    outcome = Readmitted()
    pending: list[tuple[Source, Chain, dict[int, dict[str, str]]]] = []
    for source, chain in {chain.root.batch_id: (source, chain) for source, chain in found.values()}.values():
        mine = {row: (number, given) for (root, row), (number, given) in places.items() if root == chain.root.batch_id}
        changed, said = _changed(chain, mine, outcome)
        problems += said or (unread(source, zone, chain, changed) if changed else [])
        if changed:
            pending.append((source, chain, changed))
    if not problems and not pending:
        raise GoodwillError(
            f"{path}: nothing was changed, so there is nothing to readmit", "correct the values, save the file, and try again"
        )
    if problems:
        shown = "\n".join(f"  - {each}" for each in problems[:20]) + (f"\n  and {len(problems) - 20} more" if len(problems) > 20 else "")
        raise GoodwillError(f"{path} cannot be readmitted:\n{shown}", "mend the file, or export the rejected rows again")
    for source, chain, changed in pending:
        manifest = correct(home, source, zone, chain, signed, changed)
        outcome.batches.append(manifest)
        outcome.replaces |= {batch for batch, _ in manifest.corrects if batch != chain.root.batch_id}
    return outcome


def _changed(
    chain: Chain, lines: dict[int, tuple[int, dict[str, str]]], outcome: Readmitted
) -> tuple[dict[int, dict[str, str]], list[str]]:
    """Row → its changed cells, each noted in `outcome`; and what cannot be used."""
    if not lines:
        return {}, []
    with chain.rows() as connection:
        rows = {row.row_no: row for row in read_rows(connection, chain, f"__row_no in ({', '.join(map(str, lines))})")}
    header = next(iter(lines.values()))[1]
    known = {*PLUMBING, LINE, *chain.columns}
    problems = [
        f"{chain.root.file} has no column {name!r}" for name in header if name not in known and any(g[name] for _, g in lines.values())
    ]
    problems += [f"record {number}: {chain.root.file} has no row {row}" for row, (number, _) in lines.items() if row not in rows]
    changed = {}
    for number, row in rows.items():
        cells = _differences(row, lines[number][1])
        if cells:
            changed[number] = cells
            outcome.changes += [Change(chain.root.file, number, name, row.values[name], value) for name, value in cells.items()]
        else:
            outcome.unchanged += 1
    return changed, problems + unfit(chain, changed)
