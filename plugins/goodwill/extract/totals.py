"""Control totals: rows, amounts and dates of each entity, measured over the source itself, not over what was landed of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import duckdb

from goodwill.errors import SourceError
from goodwill.extract.batches import EntityTotals
from goodwill.extract.mapping import Mapper
from goodwill.extract.selecting import select
from goodwill.sources.declared import ISO_TIME
from goodwill.sql import identifier

__all__ = ["measure"]


def _thin(mapper: Mapper) -> Mapper:
    """The mapper reduced to what control totals need: the amount and the time of the event."""
    entity = mapper.entity
    kept = [name for name in (entity.amount, entity.event_time) if name in mapper.mapping.columns]
    columns = tuple(replace(entity.by_name[name], required=False) for name in kept if name)
    wanted = {name: mapper.mapping.columns[name] for name in kept if name}
    return replace(mapper, entity=replace(entity, columns=columns), mapping=mapper.mapping.model_copy(update={"columns": wanted}))


def measure(
    connection: duckdb.DuckDBPyConnection,
    mapper: Mapper,
    relation: str,
    landed: str = "",
    plain: frozenset[str] = frozenset(),
    part: str = "",
) -> EntityTotals:
    """Count and sum one entity over `relation`, a select that reads the source itself again; notes are counted over `landed`, the rows.

    Of the columns `plain` it is known that their text needs no healing. `part` names what is landing now, which may be refused; what has
    landed already, and is measured anew, is not.

    Raises
    ------
    SourceError : the source cannot be read again, or none of the amounts or times of `part` can be read as declared.
    """
    thin = _thin(mapper)
    amount, event = (name if name in thin.entity.by_name else None for name in (mapper.entity.amount, mapper.entity.event_time))
    hours: dict[str, str] = {}  # looked at where the event's time is made anyway
    if mapper.mapping.group_by:
        select = _grouped(thin, amount, event, relation)
    else:
        hours = thin.caster.clock_healings("v_event") if event and thin.clock(event) else {}
        select = _plain(thin, amount, event, relation, hours)
    try:
        (rows, malformed, sum_, bad_amounts, amount_shown, bad_times, time_shown, first, last, *moved) = connection.execute(
            select
        ).fetchone() or (0, 0, None, 0, None, 0, None, None, None)
        notes = {f"{event}:{code}": count for code, count in zip(hours, moved, strict=True) if count}
        if landed:
            notes |= _notes(connection, mapper, landed, plain, {f"{event}:{code}" for code in hours})
    except duckdb.Error as error:
        raise SourceError(
            f"source {mapper.source.name!r}: its control totals cannot be measured ({str(error).splitlines()[0]})",
            "run again; if it stays so, send the file again in a plainer form (CSV, UTF-8)",
        ) from None
    # a row that cannot be read passes every filter: it may stand alone behind one
    if part and rows > malformed and not mapper.mapping.where:
        if amount and bad_amounts == rows - malformed:
            _refuse_undeclared(mapper, part, amount, amount_shown, _amount_hints(mapper))
        if event and bad_times == rows - malformed:
            _refuse_undeclared(mapper, part, event, time_shown, _time_hints(mapper, event))
    return EntityTotals(rows, sum_, bad_amounts, first, last, notes)


def _plain(thin: Mapper, amount: str | None, event: str | None, relation: str, hours: Mapping[str, str]) -> str:
    """Totals where a row of the source is a row of the entity: straight from the values, each made once; no row is put together.

    Behind them the rows that meet each of `hours`, tests of the wall-clock time `v_event`.
    """
    reads = {read.column.name: read for read in thin.reads()}
    values = ["*"]
    total, bad_amounts, bad_times, span = "cast(null as decimal(38,2))", "0, null", "0, null", "null, null"

    def bad(test: str, shown: str) -> str:
        return f"count(case when __malformed is null and {test} then 1 end), min(case when __malformed is null and {test} then {shown} end)"

    if amount:
        read = reads[amount]
        values.append(f"{read.typed} as v_amount")
        total, bad_amounts = "sum(v_amount)", bad(read.unread_beside("v_amount"), read.shown)
    if event:
        read, clock = reads[event], thin.clock(event)
        values.append(f"{clock or read.typed} as v_event")
        if clock:  # a time without one may yet have been read: one with an offset
            bad_times = bad(f"case when v_event is null then {read.unread} else false end", read.shown)
            span = thin.caster.span("v_event", read.typed)
        else:
            bad_times = bad(read.unread_beside("v_event"), read.shown)
            span = "cast(min(v_event) as varchar), cast(max(v_event) as varchar)"
    rows = f"select {', '.join(values)} from (select *, '' as __batch_id from ({relation})) {thin.where()}"
    moved = "".join(f", count(case when {test} then 1 end)" for test in hours.values())
    return f"select count(*), count(__malformed), {total}, {bad_amounts}, {bad_times}, {span}{moved} from ({rows})"


def _grouped(thin: Mapper, amount: str | None, event: str | None, relation: str) -> str:
    """Totals where several rows of the source make one of the entity."""

    def bad(column: str) -> str:
        found = f"list_filter(_problems, p -> p.column_name = '{column}' and p.reason <> 'MISSING_REQUIRED')"
        return f"count(case when len({found}) > 0 then 1 end), min({found}[1].value)"

    total = f"sum({amount})" if amount else "cast(null as decimal(38,2))"
    span = f"cast(min({event}) as varchar), cast(max({event}) as varchar)" if event else "null, null"
    bads = ", ".join(bad(column) if column else "0, null" for column in (amount, event))
    malformed = "count(case when list_contains(list_transform(_problems, p -> p.reason), 'MALFORMED_ROW') then 1 end)"
    plumbing = "row_number() over () as __row_no, '' as __batch_id, '' as __file, timestamp '1970-01-01' as __extracted_at"
    numbered = f"(select columns(name -> name <> '__row_no'), {plumbing} from ({relation}))"
    return f"select count(*), {malformed}, {total}, {bads}, {span} from ({select(thin, numbered)})"


#: What a value looks like when a whole column of them cannot be read, and the setting that says how to read it.
_AMOUNT_HINTS = (
    (r"[+-]?[\d. ']*\d,\d+", "set 'decimal: \",\"' (and 'thousands' where there are marks) for this source"),
    (
        r"(?=.*(?:[€£$¥₹()\u2212]|\b[A-Z]{3}\b|-$|\d['\u2019]\d))[^\d\n]{0,5}\d[\d.,'\u2019\s]*[^\d\n]{0,5}",
        "signs and codes of currencies, brackets and a minus behind are read with 'amounts: written' (and the 'currency' of the source, or of the row), "
        "other marks with 'decimal' and 'thousands'",
    ),
)
_TIME_HINTS = (
    (
        r"\d{1,2}/\d{1,2}/\d{4}.*",
        "say which comes first, the day or the month: 'timestamp_format: \"%d/%m/%Y\"' or '\"%m/%d/%Y\"' (with ' %H:%M:%S' where there is a time)",
    ),
    (r"\d{1,2}[.-]\d{1,2}[.-]\d{4}.*", "set 'timestamp_format', such as \"%d.%m.%Y\" (with ' %H:%M:%S' where there is a time)"),
    (r"\d{9,11}", "seconds since 1970 are read with 'timestamp_format: epoch_s'"),
    (r"\d{12,14}", "milliseconds since 1970 are read with 'timestamp_format: epoch_ms'"),
    (r"\d{15,17}", "microseconds since 1970 are read with 'timestamp_format: epoch_us'"),
    (r"\d{5}([.]\d+)?", "days since 1899, as Excel counts them, are read with 'timestamp_format: excel_serial'"),
)
#: The same where the source declares another way than the usual one, and the values are written in the usual one.
_POINT_HINT = (r"[+-]?\d+[.]\d{1,2}", "these have a decimal point: give such files a source of their own with 'decimal: \".\"'")
_ISO_HINT = (
    ISO_TIME,
    "these are written as ISO 8601 says, which needs no format: give such files a source of their own without the 'format' or 'timestamp_format'",
)


def _amount_hints(mapper: Mapper) -> tuple[tuple[str, str], ...]:
    return (*_AMOUNT_HINTS, _POINT_HINT) if mapper.source.decimal != "." else _AMOUNT_HINTS


def _time_hints(mapper: Mapper, column: str) -> tuple[tuple[str, str], ...]:
    declared = mapper.mapping.columns[column].format or mapper.source.timestamp_format
    return (*_TIME_HINTS, _ISO_HINT) if declared else _TIME_HINTS


def _refuse_undeclared(mapper: Mapper, part: str, column: str, shown: str | None, hints: tuple[tuple[str, str], ...]) -> None:
    """A column of which no value at all can be read is written in another way than declared, where its looks say in which."""
    for pattern, remedy in hints:
        if shown is not None and re.fullmatch(pattern, shown.strip()):
            raise SourceError(
                f"source {mapper.source.name!r}: {part}: no value of {mapper.entity.name}.{column} can be read as declared, such as {shown!r}",
                remedy,
            )


def _notes(connection: duckdb.DuckDBPyConnection, mapper: Mapper, landed: str, plain: frozenset[str], counted: set[str]) -> dict[str, int]:
    """`column:CODE` → rows whose value was healed, for those columns that copy one of the source and were not counted yet."""
    quoted = {identifier(name) for name in plain}
    tests = {note: test for note, test in mapper.healings(quoted).items() if note not in counted}
    if not tests:
        return {}
    counts = ", ".join(f"count(case when {test} then 1 end)" for test in tests.values())
    found = connection.execute(f"select {counts} from ({landed}) {mapper.where()}").fetchone() or ()
    return {note: rows for note, rows in zip(tests, found, strict=True) if rows}
