"""All that is held about one person, for that person to read: every row that landed of theirs, and all that was made of it."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TextIO

import duckdb

from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.extract.forgetting import owned_rows
from goodwill.extract.inert import inert
from goodwill.forgetting.finding import Asked, find
from goodwill.forgetting.known import Known
from goodwill.home import Home
from goodwill.privacy.columns import is_key
from goodwill.privacy.forgotten import PURPOSE, Forgotten
from goodwill.privacy.hashing import hash_keys
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.sql import identifier, literals

__all__ = ["collect", "write"]

Rows = list[dict[str, Any]]

#: The columns that say whose a row is.
_OWN = ("person_id", "contact_id")
#: What stands for everybody else: who brought them, or whom they brought, is not theirs to be told.
_SOMEBODY = "somebody else"


def collect(home: Home, asked: Asked) -> dict[str, Any]:
    """What is held about the person asked for: `known_by`, `landed` (source → rows) and `made_of_it` (mart → rows).

    Raises
    ------
    GoodwillError : nobody, or several people, are known by that.
    """
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    known = find(home, sources, business, asked)
    if known is None:
        raise GoodwillError("nobody is known by that", "an id is written as the marts have it; an address or a number as a source has it")
    # the same eyes that would find the rows to erase
    keys = hash_keys(home, PURPOSE)
    listed = Forgotten(home.forgotten_file, keys, {keys.hash(key): person for key, person in known.keys().items()})
    landed: dict[str, Rows] = {}
    for source in sources.sources:
        for manifest in read_manifests(home, source.name):
            if manifest.columns:
                found = owned_rows(source, business.company.business_time_zone, manifest.columns, rows_file(home, manifest), listed)
                landed.setdefault(source.name, []).extend({"file": manifest.file, "batch": manifest.batch_id, **row} for row in found)
    return {
        "made_at": now().isoformat(sep=" ", timespec="seconds") + " UTC",
        "company": business.company.name,
        "known_by": {
            "contacts": known.contacts,
            "emails": known.emails,
            "phones": known.phones,
            "names": [" ".join(names).strip() for names in known.names],
        },
        "landed": {name: rows for name, rows in landed.items() if rows},
        "made_of_it": _marts(home, known),
    }


def _marts(home: Home, known: Known) -> dict[str, Rows]:
    if not home.accepted.is_file():
        return {}
    found: dict[str, Rows] = {}
    theirs = {*known.contacts, *known.people}
    ids = literals(sorted(theirs))
    with duckdb.connect(str(home.accepted), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and data_type = 'VARCHAR' order by 1, column_index"
        ).fetchall()
        for table in sorted({table for table, _ in columns}):
            keys = [column for name, column in columns if name == table and is_key(column)]
            # a row with a person of its own is that person's, whoever else it names
            asked = [key for key in keys if key in _OWN] or keys
            if asked and ids:
                rows = connection.execute(
                    f"select * from marts.{identifier(table)} where {' or '.join(f'{identifier(key)} in ({ids})' for key in asked)}"
                )
                names = [each[0] for each in rows.description or ()]
                found[table] = [_theirs(dict(zip(names, row, strict=True)), keys, theirs) for row in rows.fetchall()]
    return {table: rows for table, rows in found.items() if rows}


def _theirs(row: dict[str, Any], keys: list[str], theirs: set[str]) -> dict[str, Any]:
    """A row with nobody named in it but the person."""
    others = {key for key in keys if row[key] is not None and row[key] not in theirs}
    return row | dict.fromkeys(others, _SOMEBODY)


@contextmanager
def _for_the_owner(path: Path) -> Iterator[TextIO]:
    """A new file that its owner alone may read."""
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        raise GoodwillError(f"{path} is there already", "name another place with --to") from None
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
        yield stream


def write(content: dict[str, Any], target: Path, form: Literal["json", "csv"]) -> list[Path]:
    """Write what `collect` found: one JSON file, or a folder with a CSV file a table, no cell of which a spreadsheet would run."""
    if form == "json":
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _for_the_owner(target) as stream:
            json.dump(content, stream, indent=1, default=str, ensure_ascii=False)
        return [target]
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    tables: dict[str, Rows] = {f"landed_{name}": rows for name, rows in content["landed"].items()}
    tables |= content["made_of_it"]
    tables["known_by"] = [{"what": what, "value": value} for what, values in content["known_by"].items() for value in values]
    written = []
    for name, rows in tables.items():
        path = target / f"{name}.csv"
        header = list(dict.fromkeys(column for row in rows for column in row))
        with _for_the_owner(path) as stream:
            lines = csv.writer(stream)
            lines.writerow(map(inert, header))
            lines.writerows([inert("" if row.get(column) is None else str(row[column])) for column in header] for row in rows)
        written.append(path)
    return written
