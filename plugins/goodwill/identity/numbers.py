"""`model.phone_numbers`: the distinct phone numbers of the night's contacts, each read once in its life."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from goodwill.identity.phones import LIBRARY_VERSION, international
from goodwill.sql import literal

__all__ = ["read_phone_numbers"]

_ROWS_AT_ONCE = 100_000
_COLUMNS = ("raw_phone", "country", "e164")


def read_phone_numbers(connection: duckdb.DuckDBPyConnection, accepted: Path, default_region: str | None) -> dict[str, int]:
    """Write `model.phone_numbers(raw_phone, country, e164)`, and in `model.phone_reading` what the reading depends on.

    A pair of text and country that the last accepted warehouse holds is taken over, unless the library or the default region changed since.

    Parameters
    ----------
    connection : the night's warehouse, its contacts staged.
    accepted : the last accepted warehouse; it need not exist.
    default_region : a region code, or None.

    Returns
    -------
    `phones` (distinct pairs), `phones_read` (of them read tonight), `phones_unreadable` (of them no number anybody can have).
    """
    connection.execute("create or replace table model.phone_numbers (raw_phone varchar, country varchar, e164 varchar)")
    connection.execute("create or replace table model.phone_reading (library_version varchar, default_region varchar)")
    connection.execute("insert into model.phone_reading values (?, ?)", [LIBRARY_VERSION, default_region])
    connection.execute(
        "create or replace temp table wanted_phones as select distinct phone as raw_phone, coalesce(country, '') as country "
        "from staging.stg_contacts where trim(phone) <> ''"
    )
    if accepted.is_file():
        _take_over(connection, accepted, default_region)
    read = _read_the_rest(connection, default_region)
    phones, unreadable = connection.execute("select count(*), count(*) filter (where e164 is null) from model.phone_numbers").fetchall()[0]
    connection.execute("drop table wanted_phones")
    return {"phones": phones, "phones_read": read, "phones_unreadable": unreadable}


def _take_over(connection: duckdb.DuckDBPyConnection, accepted: Path, default_region: str | None) -> None:
    """Copy what the accepted warehouse has read in the same way."""
    connection.execute(f"attach {literal(str(accepted))} as accepted (read_only)")
    try:
        # a warehouse of an earlier version of Goodwill has no such tables
        found = connection.execute(
            "select count(*) from duckdb_tables() where database_name = 'accepted' and schema_name = 'model' "
            "and table_name in ('phone_numbers', 'phone_reading')"
        ).fetchall()
        if found[0][0] < 2:
            return
        reading = connection.execute("select library_version, default_region from accepted.model.phone_reading").fetchall()
        if reading == [(LIBRARY_VERSION, default_region)]:
            connection.execute(
                "insert into model.phone_numbers select known.raw_phone, known.country, known.e164 from accepted.model.phone_numbers as known "
                "semi join wanted_phones on known.raw_phone = wanted_phones.raw_phone and known.country = wanted_phones.country"
            )
    finally:
        connection.execute("detach accepted")


def _read_the_rest(connection: duckdb.DuckDBPyConnection, default_region: str | None) -> int:
    connection.execute(
        "create or replace temp table unread_phones as select raw_phone, country, row_number() over () as phone_no from wanted_phones "
        "anti join model.phone_numbers as known on wanted_phones.raw_phone = known.raw_phone and wanted_phones.country = known.country"
    )
    (count,) = connection.execute("select count(*) from unread_phones").fetchall()[0]
    for start in range(0, count, _ROWS_AT_ONCE):
        rows = connection.execute(
            "select raw_phone, country from unread_phones where phone_no > ? and phone_no <= ?", [start, start + _ROWS_AT_ONCE]
        ).fetchall()
        read = [
            [raw for raw, _ in rows],
            [country for _, country in rows],
            [international(raw, country, default_region) for raw, country in rows],
        ]
        batch = pa.table([pa.array(column, pa.string()) for column in read], names=_COLUMNS)
        connection.register("read_phones", batch)
        connection.execute("insert into model.phone_numbers select raw_phone, country, e164 from read_phones")
        connection.unregister("read_phones")
    connection.execute("drop table unread_phones")
    return int(count)
