"""Orders that lack a line: rows that cannot be read, found among the rows of an order that the others make."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from goodwill.extract.mapping import Mapper
from goodwill.sql import column_key, identifier, literal

__all__ = ["partial_warnings"]


def _groups(mapper: Mapper) -> tuple[str, ...]:
    """The source's columns that say which order a row belongs to, where an order has several rows; else none."""
    if mapper.mapping.group_by:
        return tuple(sorted(name.strip() for name in mapper.mapping.group_by))
    order = mapper.mapping.columns.get("order_id")
    return (order.column.strip(),) if mapper.entity.name == "order_lines" and order and order.column else ()


def _says_an_order(mapper: Mapper, columns: tuple[str, ...]) -> bool:
    """Whether the columns are an order's number alone: what else orders are told by may be somebody's name."""
    order = mapper.mapping.columns.get("order_id")
    return len(columns) == 1 and bool(order and order.column and column_key(order.column) == column_key(columns[0]))


def _holds(key: str) -> str:
    """SQL: whether the text of a row holds a key as a word; of one or two letters that would say little."""
    return f"(strlen({key}) > 2 and regexp_matches(__line, '(^|\\W)' || regexp_escape({key}) || '(\\W|$)'))"


def partial_warnings(mapped: dict[str, Mapper], rows: Path) -> Iterator[str]:
    """`PARTIAL_ORDER` for the rows of the batch that cannot be read and stand among the rows of one order, or name the order beside them.

    A malformed row has no fields. It is taken for a part of the order whose rows stand before and behind it; or of the one before, or the
    one behind, where its text holds that one's key.
    """
    asked: dict[tuple[str, ...], bool] = {}
    for mapper in mapped.values():
        columns = _groups(mapper)
        if columns:
            asked[columns] = asked.get(columns, False) or _says_an_order(mapper, columns)
    for columns, shown in asked.items():
        keys = [f"cast({identifier(name)} as varchar)" for name in columns]
        given = " and ".join(f"{key} is not null" for key in keys)
        holds = {side: " and ".join(_holds(f"{side}[{place}]") for place in range(1, len(keys) + 1)) for side in ("before", "behind")}
        with duckdb.connect() as connection:
            found = connection.execute(
                f"""
                with rows as (
                    select __row_no, __malformed, __line, case when __malformed is null and {given} then [{", ".join(keys)}] end as key
                    from read_parquet({literal(str(rows))})
                ),
                neighbours as (
                    select
                        *,
                        last_value(key ignore nulls) over (order by __row_no rows between unbounded preceding and 1 preceding) as before,
                        first_value(key ignore nulls) over (order by __row_no rows between 1 following and unbounded following) as behind
                    from rows
                ),
                told as (
                    select
                        __row_no,
                        case when before = behind or {holds["before"]} then before when {holds["behind"]} then behind end as key
                    from neighbours
                    where __malformed is not null
                )
                select count(*), count(distinct key), min(__row_no), arg_min(key[1], __row_no) from told where key is not null
                """
            ).fetchone() or (0, 0, 0, None)
        lost, orders, first, key = found
        if lost:
            which = f" ({key!r})" if shown else ""
            yield (
                f"PARTIAL_ORDER: orders that count without rows that cannot be read: {orders:,}, rows: {lost:,}; "
                f"the first is row {first:,}, of the order of the rows beside it{which}"
            )
