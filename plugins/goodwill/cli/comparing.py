"""How the tables of a publication differ from those of one that was made again, and which of the differences an erasure since then explains."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from goodwill.privacy.columns import free_texts, is_key
from goodwill.privacy.hashing import HashKeys
from goodwill.sql import identifier, literal

__all__ = ["Difference", "compare"]

#: Who is forgotten, by what stands for them (see `privacy.md`): people of the warehouse whose id or address says so.
_FORGOTTEN = (
    "select person_id from warehouse.intermediate.int_identities where regexp_matches(source_ref, '(^|:)erased-|@erased[.]invalid$') "
    "union select p.person_id from warehouse.marts.person_contacts as p join warehouse.staging.base_contacts as c on p.contact_id = c.contact_id "
    "where c.email like '%@erased.invalid'"
)


@dataclass(frozen=True)
class Difference:
    """In words, how a table differs; `explained` if by nothing but people who were forgotten since."""

    said: str
    explained: bool = False


@dataclass(frozen=True)
class _Rows:
    """How many rows only one of the two has, and whether they are all of people who were forgotten; `None` where they name nobody."""

    gone: int
    new: int
    of_forgotten: bool | None

    @property
    def said(self) -> str:
        return f"{self.gone:,} rows were published and are not made, {self.new:,} are made and were not published"


def compare(before: Path, again: Path, warehouse: Path, tables: dict[str, tuple[bool, bool]], erasures: int) -> dict[str, Difference]:
    """Compare tables whose fingerprints differ.

    Parameters
    ----------
    before, again : the databases of the two publications; the former may not be kept any more, and is as the erasures since have left it.
    warehouse : that of the run that was made again: it knows who is forgotten.
    tables : table → whether it was published, and whether it is made now.
    erasures : how many came after the publication.
    """
    found: dict[str, Difference] = {}
    rows: dict[str, _Rows] = {}
    with duckdb.connect() as connection:
        for name, path in {"before": before, "again": again, "warehouse": warehouse}.items():
            if path.exists():
                connection.execute(f"attach {literal(str(path))} as {name} (read_only)")
        key = f"concat('p_', {HashKeys.sql('person_id', 'warehouse.control.keys')})"
        connection.execute(f"create temp table forgotten as select {key} as person_key from ({_FORGOTTEN})")
        for table, (was, is_now) in tables.items():
            if not (was and is_now):
                found[table] = Difference("is not made any more" if was else "was not made then")
            elif not before.exists():
                found[table] = Difference("differs; the publication is not kept, so its rows cannot be compared")
            elif compared := _compare(connection, table, erasures > 0):
                rows[table] = compared
            else:
                found[table] = Difference("has other columns")
    people_agree = all(each.of_forgotten is not False for each in rows.values())
    for table, each in rows.items():
        found[table] = _judge(each, erasures, people_agree)
    return found


def _judge(rows: _Rows, erasures: int, people_agree: bool) -> Difference:
    if not erasures:
        return Difference(rows.said)
    if not rows.gone and not rows.new:
        return Difference("row by row what is published, as the erasures since have left it", explained=True)
    if rows.of_forgotten:
        return Difference(f"{rows.said}: all are of people forgotten since", explained=True)
    if rows.of_forgotten is None and people_agree:
        return Difference(f"{rows.said}: it is counted over people, and only those forgotten since differ", explained=True)
    return Difference(rows.said)


def _compare(connection: duckdb.DuckDBPyConnection, table: str, is_erased: bool) -> _Rows | None:
    """The rows that only one of the two has; `None` where the columns differ. A text that fewer people share since an erasure is told no more: not compared."""
    names = ("before", "again")
    listed = {name: [each for each, *_ in connection.execute(f"describe {name}.marts.{identifier(table)}").fetchall()] for name in names}
    if listed["before"] != listed["again"]:
        return None
    silent = free_texts(listed["before"]) if is_erased else frozenset()
    shown = [name for name in listed["before"] if not name.endswith("_seconds") and name not in silent]
    columns = ", ".join(identifier(name) for name in shown)
    keys = [identifier(name) for name in shown if is_key(name)]
    foreign = " and ".join(f"coalesce({key} not in (from forgotten), true)" for key in keys)
    counts, others = [], 0
    for one, other in (names, names[::-1]):
        left, right = (f"select {columns} from {each}.marts.{identifier(table)}" for each in (one, other))
        of_others = f"count(*) filter (where {foreign})" if keys else "0"
        count, foreigners = connection.execute(f"select count(*), {of_others} from ({left} except all {right})").fetchall()[0]
        counts.append(count)
        others += foreigners
    return _Rows(counts[0], counts[1], others == 0 if keys else None)
