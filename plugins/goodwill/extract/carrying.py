"""Corrections made anew: over a file that is read again because a setting changed, and over a file or a pull that brings the corrected rows as they were."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from goodwill.extract.batches import Manifest, active_batches, is_withdrawn, read_manifests, rows_file
from goodwill.extract.chains import Chain, chains, ties, together
from goodwill.extract.corrections import Signed, every_correction, land_correction, lineage
from goodwill.home import Home
from goodwill.sources import Source
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sql import column_key, identifier, literal, literals

__all__ = ["carry_over"]


@dataclass(frozen=True)
class _Moved:
    """The batch that took the place of another, and which rows of it are those of the other."""

    batch_id: str
    rows: dict[int, int]


def _shared(old: Manifest, columns: Mapping[str, str]) -> dict[str, str]:
    """The columns of `old` that are among `columns`, by the name they have there: a header in other letters is the same."""
    now = {column_key(name): name for name in columns}
    return {name: now[column_key(name)] for name in old.columns if column_key(name) in now}


def _places(home: Home, old: Manifest, new: Manifest, numbers: list[int]) -> dict[int, int]:
    """Rows of `old` → the rows of `new` that say the same in every column that both have, copies in their order; without those that are not there."""
    shared = _shared(old, new.columns)
    names = [*map(identifier, shared), "__malformed", "__line"]
    plumbing = "__row_no, cast(__malformed as varchar) as __malformed, cast(__line as varchar) as __line"

    def rows(batch: Manifest, called: Mapping[str, str]) -> str:
        values = "".join(f", {identifier(is_called)} as {identifier(name)}" for name, is_called in called.items())
        return f"(select {plumbing}{values} from read_parquet({literal(str(rows_file(home, batch)))}))"

    was, now = rows(old, {name: name for name in shared}), rows(new, shared)
    listed, these = ", ".join(names), ", ".join(map(str, numbers))

    def same(left: str, right: str) -> str:
        return " and ".join(f"{left}.{name} is not distinct from {right}.{name}" for name in names)

    def copies(relation: str) -> str:
        return (
            f"(select *, row_number() over (partition by {listed} order by __row_no) as __copy "
            f"from {relation} as landed semi join wanted on {same('landed', 'wanted')})"
        )

    with duckdb.connect() as connection:
        found = connection.execute(
            f"with wanted as (select distinct {listed} from {was} where __row_no in ({these})) "
            f"select was.__row_no, now.__row_no from {copies(was)} as was "
            f"inner join {copies(now)} as now on {same('was', 'now')} and was.__copy = now.__copy where was.__row_no in ({these})"
        ).fetchall()
    return dict(found)


def _moved_to(home: Home, source: Source, old: Manifest, numbers: list[int]) -> _Moved | None:
    """Where the corrected rows of a batch that is not read any more stand now; `None` where nothing took its place, or none of them is there.

    The same bytes read again hold them under their numbers. A file sent again, and a pull, hold them wherever the source brings them as they
    were, in the columns that it still has; of a row that it brings otherwise, or no longer, the source has the word.
    """
    for chain in chains(home, source):
        root = chain.root
        shared = _shared(old, root.columns)
        if root.file != old.file or not shared or any(old.columns[name] != root.columns[now] for name, now in shared.items()):
            continue
        again = (root.file_sha256, root.rows) == (old.file_sha256, old.rows)
        if again or root.whole:
            rows = _places(home, old, root, numbers)
            if rows and (not again or rows == {number: number for number in numbers}):
                return _Moved(root.batch_id, rows)
    return None


def carry_over(home: Home, source: Source, zone: str) -> list[Manifest]:
    """Make corrections anew over the rows that were read again as they were. Returns the new ones."""
    every = {manifest.batch_id: manifest for manifest in every_correction(home, source)}
    if not every:
        return []
    manifests = {manifest.batch_id: manifest for manifest in read_manifests(home, source.name)}
    moved: dict[tuple[str, int], tuple[str, int]] = {}
    made: list[Manifest] = []
    last = {lineage(each, every): each.batch_id for each in every.values()}
    for old in every.copy().values():
        held = {lineage(each, every): each for each in active_batches(home, source) if each.corrects}
        stands = held.get(lineage(old, every))
        is_last = last[lineage(old, every)] == old.batch_id
        if stands is None and is_last and not is_withdrawn(home, old) and _find(home, source, old, manifests, moved):
            stands = _carried(home, source, zone, old, moved)
            if stands:
                made.append(stands)
                every[stands.batch_id] = manifests[stands.batch_id] = stands
        if stands and stands.batch_id != old.batch_id:  # what corrects the old one finds its rows in the new one
            numbers = [row for _, row in old.corrects]
            places = _places(home, old, stands, numbers)
            moved |= {(old.batch_id, row): (stands.batch_id, place) for row, place in places.items()}
    return made


def _find(home: Home, source: Source, old: Manifest, manifests: dict[str, Manifest], moved: dict[tuple[str, int], tuple[str, int]]) -> bool:
    """Find where the rows that `old` corrects stand now, into `moved`; whether any was found."""
    for batch in dict.fromkeys(batch for batch, _ in old.corrects):
        numbers = [row for each, row in old.corrects if each == batch and (batch, row) not in moved]
        base = manifests.get(batch)
        if not numbers or base is None or base.corrects:
            continue
        place = _moved_to(home, source, base, numbers)
        if place:
            moved |= {(batch, row): (place.batch_id, number) for row, number in place.rows.items()}
    return any(key in moved for key in old.corrects)


def _mended_in(home: Home, source: Source, old: Manifest, columns: Collection[str]) -> set[int]:
    """The rows that `old` corrects in one of these of its columns."""
    if not columns:
        return set()
    known = {manifest.batch_id: manifest for manifest in read_manifests(home, source.name)}
    differs = " or ".join(f"was.{identifier(name)} is distinct from mended.{identifier(name)}" for name in columns)
    found: set[int] = set()
    with duckdb.connect() as connection:
        for batch in dict.fromkeys(batch for batch, _ in old.corrects):
            rows = ", ".join(str(row) for each, row in old.corrects if each == batch)
            was, mended = (f"read_parquet({literal(str(rows_file(home, each)))})" for each in (known[batch], old))
            found |= {
                row
                for (row,) in connection.execute(
                    f"select __row_no from {was} as was inner join {mended} as mended using (__row_no) where __row_no in ({rows}) and ({differs})"
                ).fetchall()
            }
    return found


def _kept(
    connection: duckdb.DuckDBPyConnection, home: Home, source: Source, chain: Chain, old: Manifest, numbers: dict[int, int]
) -> set[int]:
    """The rows of the table `placed` that stay corrected: a row that is read together with others stays if all of them do, and no other has come to them.

    Parameters
    ----------
    numbers : row of `old` → where it stands now.
    """
    if not ties(source):
        return set(numbers.values())
    there = {column_key(name) for name in old.columns}
    if any(column_key(name) not in there for names in ties(source) for name in names):
        return set()  # the mapping reads rows together by a column that they did not have: nobody knows which were
    known = {manifest.batch_id: manifest for manifest in read_manifests(home, source.name)}
    were = literals(str(rows_file(home, known[batch])) for batch in dict.fromkeys(batch for batch, _ in old.corrects))
    before = f"select * from read_parquet([{literal(str(rows_file(home, old)))}, {were}], union_by_name=true)"
    fallen = together(connection, source, before, {row for _, row in old.corrects} - numbers.keys())
    places = {place for row, place in numbers.items() if row not in fallen}
    files = literals(str(rows_file(home, each)) for each in chain.batches)
    now = f"select * from read_parquet([{files}], union_by_name=true) union all by name select * from placed"
    strangers = together(connection, source, now, places) - places
    return places - together(connection, source, now, strangers)


def _carried(home: Home, source: Source, zone: str, old: Manifest, moved: dict[tuple[str, int], tuple[str, int]]) -> Manifest | None:
    """`old` made anew over the rows that took the place of those it corrected, as far as the source brings them as they were.

    In a column that is new the rows say what the source says now. A row that was corrected in a column that is gone is as the source has it.
    """
    found = [key for key in old.corrects if key in moved]
    wanted = {moved[key][0] for key in found}
    chain = next((each for each in chains(home, source) if wanted <= {batch.batch_id for batch in each.batches}), None)
    if chain is None:
        return None
    gone = _mended_in(home, source, old, old.columns.keys() - _shared(old, chain.columns).keys())
    found = [key for key in found if key[1] not in gone]
    if not found:
        return None
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        connection.execute("create temp table these (row_no bigint, batch_id varchar, place bigint)")
        connection.executemany("insert into these values (?, ?, ?)", [[key[1], *moved[key]] for key in found])
        files = literals(str(rows_file(home, each)) for each in chain.batches)
        had = {now: name for name, now in _shared(old, chain.columns).items()}
        values = ", ".join(
            f"{f'landed.{identifier(had[name])}' if name in had else f'brought.{identifier(name)}'} as {identifier(name)}"
            for name in chain.columns
        )
        plumbing = ", ".join(f"landed.{name}" for name in ROW_PLUMBING if name not in ("__batch_id", "__row_no"))
        connection.execute(
            f"create temp table placed as select these.batch_id as __batch_id, these.place as __row_no, {plumbing}, {values} "
            f"from read_parquet({literal(str(rows_file(home, old)))}) as landed "
            "inner join these on these.row_no = landed.__row_no "
            f"inner join read_parquet([{files}], union_by_name=true) as brought "
            "on these.batch_id = brought.__batch_id and these.place = brought.__row_no"
        )
        kept = _kept(connection, home, source, chain, old, {row: moved[batch, row][1] for batch, row in found})
        if not kept:
            return None
        target = str(Path(folder) / "carried.parquet")
        rows = f"select * from placed where __row_no in ({', '.join(map(str, kept))})"
        connection.execute(f"copy ({rows}) to {literal(target)} (format parquet)")
        return land_correction(home, source, zone, chain, Signed(old.corrected_by or "", old.reason or ""), target, old)
