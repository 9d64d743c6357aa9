"""The landed rows behind rows of a mart, in the warehouse of its run: by the key of an entity, by order, by person, or as `AGGREGATES` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb

from goodwill.audit.aggregates import AGGREGATES, Aggregate
from goodwill.entities import ENTITIES
from goodwill.privacy.columns import is_key
from goodwill.privacy.hashing import HashKeys
from goodwill.sql import identifier

__all__ = ["Behind", "Count", "Row", "find_behind"]


@dataclass(frozen=True)
class Row:
    """One row of a source, by where it lies: `row_no` counts from 1 after the header; `status` says what became of it."""

    entity: str
    source: str
    file: str
    row_no: int
    batch_id: str
    status: str


@dataclass(frozen=True)
class Count:
    """How many rows of an entity, of which the same became, and in how many batches they lie."""

    entity: str
    status: str
    rows: int
    batches: int


@dataclass
class Behind:
    """What stands behind the rows found; `rows` are the nearest entity's first, and may be only the first of those that `counts` count."""

    counts: list[Count] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    people: int = 0
    #: A person and an order among them, by the keys of the publication: to go on with.
    examples: dict[str, str] = field(default_factory=dict)
    said: str = ""


def find_behind(
    connection: duckdb.DuckDBPyConnection, mart: str, entities: Iterable[str], release: Mapping[str, Any], limit: int | None
) -> Behind:
    """Count the landed rows behind the rows of the temporary table `found`, in the attached `warehouse`, and list up to `limit` of them."""
    connection.execute("use warehouse")
    columns = [name for name, *_ in connection.execute("describe found").fetchall()]
    aggregate, result = AGGREGATES.get(mart, Aggregate()), Behind()
    if aggregate.tonight:
        result.said = _leave_out_earlier(connection, aggregate.tonight, release)
    _people(connection, aggregate, columns)
    (result.people,) = connection.execute("select count(*) from persons").fetchall()[0]
    known = {entity: _condition(entity, aggregate, columns) for entity in entities}
    told_apart = mart in AGGREGATES or any(
        near == 0 or is_key(name) or name == "order_id" for near, _ in known.values() for name in columns
    )
    if not known:
        result.said = "it is a list of the project's own: no source gives it"
    elif not told_apart:
        known = dict.fromkeys(known, (0, "true"))
        result.said = "it is counted over all of these rows: nothing tells some of them apart"
    order = list(ENTITIES)
    for entity in sorted(known, key=lambda name: (known[name][0], order.index(name))):
        _count(connection, entity, known[entity][1], result, limit)
    _examples(connection, result)
    return result


def _leave_out_earlier(connection: duckdb.DuckDBPyConnection, column: str, release: Mapping[str, Any]) -> str:
    """Keep of the rows found those that this night counted; says so if there are others."""
    wanted, night = str(release["run_id" if column == "run_id" else "as_of"]), f"cast({identifier(column)} as varchar)"
    earlier = connection.execute(f"select distinct {night} from found where {night} <> ? order by 1", [wanted]).fetchall()
    connection.execute(f"delete from found where {night} <> ?", [wanted])
    if not earlier:
        return ""
    nights = ", ".join(each for (each,) in earlier)
    return f"what an earlier night counted ({nights}) is kept as it was then: ask the publication of that night (--run), or one made again"


def _count(connection: duckdb.DuckDBPyConnection, entity: str, condition: str, result: Behind, limit: int | None) -> None:
    source = f"staging.{identifier(f'base_{entity}')} as b where {condition}"
    status = "row_status || coalesce(': ' || superseded_as, '')"
    counted = connection.execute(
        f"select {status}, count(*), count(distinct (_source, _batch_id)) from {source} group by 1 order by 1"
    ).fetchall()
    result.counts += [Count(entity, *each) for each in counted]
    left = "" if limit is None else f"limit {max(limit - len(result.rows), 0)}"
    rows = connection.execute(f"select _source, _file, _row_no, _batch_id, {status} from {source} order by 1, 2, 3, 4 {left}").fetchall()
    result.rows += [Row(entity, *row) for row in rows]


def _people(connection: duckdb.DuckDBPyConnection, aggregate: Aggregate, columns: list[str]) -> None:
    """The temporary tables `persons`, `names` (what sources call them) and `ordered` (the orders of the rows found, or else of these people)."""
    named = ["person_id"] if "person_id" in columns else [name for name in columns if name.endswith("_person_id")]
    people = aggregate.people or " union ".join(f"select {identifier(name)} as person_id from found" for name in named)
    connection.execute("create temp table persons (person_id varchar)")
    if people:
        connection.execute(f"insert into persons select distinct person_id from ({people}) where person_id is not null")
    connection.execute(
        "create temp table names as select source_ref as ref from intermediate.int_identities where person_id in (from persons) "
        "union select contact_id from marts.person_contacts where person_id in (from persons)"
    )
    connection.execute("create temp table ordered (order_id varchar)")
    if "order_id" in columns:
        connection.execute("insert into ordered select distinct order_id from found where order_id is not null")
    if not connection.execute("from ordered limit 1").fetchall():
        connection.execute(
            "insert into ordered select o.order_id from marts.fct_orders as o where o.person_id in (from persons) "
            f"and exists (select * from found as f where {aggregate.orders})"
        )


def _condition(entity: str, aggregate: Aggregate, columns: list[str]) -> tuple[int, str]:
    """How near an entity is, and how its rows behind the rows found are known: as the mart wants it, by its own key, by order, else by person."""
    if entity in aggregate.rows:
        return 0, aggregate.rows[entity]
    own, by_name = ENTITIES[entity].key, ENTITIES[entity].by_name
    if set(own) <= set(columns) and "contact_id" not in own and any(by_name[name].kind == "id" for name in own):
        same = " and ".join(f"cast(b.{identifier(name)} as varchar) = cast(f.{identifier(name)} as varchar)" for name in own)
        return 0, f"exists (select * from found as f where {same})"
    if "order_id" in by_name:
        return 1, "order_id in (from ordered)"
    person = next((name for name in ("contact_ref", "contact_id") if name in by_name), None)
    return 2, f"{identifier(person)} in (from names)" if person else "false"


def _examples(connection: duckdb.DuckDBPyConnection, result: Behind) -> None:
    """One person and one order, where there are several to go on to."""
    key = f"concat('p_', {HashKeys.sql('min(person_id)', 'control.keys')})"
    for mart, query in (
        ("dim_customers", f"select count(*), {key} from persons"),
        ("fct_orders", "select count(*), min(order_id) from ordered"),
    ):
        many, example = connection.execute(query).fetchall()[0]
        if many > 1:
            result.examples[mart] = str(example)
