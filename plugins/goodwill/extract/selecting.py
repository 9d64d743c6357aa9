"""Rows of a source to rows of an entity: the mapping of its columns put together as one select, a row a row or a group a row.

Grouped or not, the result has the columns of the entity and the plumbing of `goodwill.entities.PLUMBING`; the input relation has
the columns of the file and the landing plumbing (`__row_no`, `__batch_id`, `__file`, `__extracted_at`, `__malformed`, `__line`).
Inside, `m_x` is the value of column x of one row, `v_x` that of the row or group, `s_x` the text it was read from, `r_x` why it could not be
read, and `u_x` whether.
"""

from __future__ import annotations

from goodwill.entities import Column
from goodwill.extract.mapping import Mapper, Read
from goodwill.sql import column_key, identifier, literal

__all__ = ["select"]


def select(mapper: Mapper, relation: str) -> str:
    """The select that turns `relation` (rows of the source) into rows of the entity."""
    counted = _counted(mapper, relation)
    return _grouped(mapper, counted) if mapper.mapping.group_by else _plain(mapper, counted)


def _unmapped(mapper: Mapper, column: Column) -> str:
    if column.name == "currency" and mapper.source.currency:
        return f"cast({literal(mapper.source.currency)} as varchar)"
    return f"cast(null as {column.sql_type})"


def _counted(mapper: Mapper, relation: str) -> str:
    """`relation` with `__repeat`: an exact copy of an earlier row of its batch; only where the source has a rule for copies."""
    if mapper.source.duplicates == "keep":
        return relation
    same = ", ".join(["__batch_id", *map(identifier, mapper.types)])
    test = f"__malformed is null and row_number() over (partition by {same} order by __row_no) > 1"
    return f"(select *, {test} as __repeat from {relation})"


def _problem(name: str, reason: str, value: str, when: str) -> str:
    return f"case when {when} then {{'column_name': {literal(name)}, 'reason': {reason}, 'value': {value}}} end"


def _outer(mapper: Mapper, reads: dict[str, Read], unread: dict[str, str], extra: list[tuple[str, str]], raw: str, repeat: str) -> str:
    """Column list shared by both shapes; `v_x`, `s_x` are the value and the shown text of column x in the inner select."""
    columns, problems, any_problem = [], [], ["__malformed is not null"]
    problems.append(_problem("", "'MALFORMED_ROW'", "__malformed", "__malformed is not null"))
    for column in mapper.entity.columns:
        read = reads.get(column.name)
        if read is None:
            columns.append(f"{_unmapped(mapper, column)} as {column.name}")
            continue
        value = f"v_{column.name}"
        columns.append(f"{value} as {column.name}")
        if read.unread != "false":
            test = unread[column.name]
            any_problem.append(test)
            problems.append(_problem(column.name, f"r_{column.name}", f"s_{column.name}", f"__malformed is null and {test}"))
        if column.required:
            empty = f"{value} is null" + (f" and not {unread[column.name]}" if read.unread != "false" else "")
            any_problem.append(f"{value} is null")
            problems.append(_problem(column.name, "'MISSING_REQUIRED'", "null", f"__malformed is null and {empty}"))
    if repeat == "__repeat" and mapper.source.duplicates == "reject":
        any_problem.append("__repeat")
        problems.append(_problem("", "'DUPLICATE_ROW'", "cast(null as varchar)", "__repeat"))
        repeat = "false"
    for name, test in extra:
        any_problem.append(test)
        problems.append(_problem(name, "'INCONSISTENT_GROUP'", f"cast(v_{name} as varchar)", test))
    found = f"case when {' or '.join(any_problem)} then list_filter([{', '.join(problems)}], p -> p is not null) else [] end"
    plumbing = [
        f"{literal(mapper.source.name)} as _source",
        f"cast({literal(mapper.source.system)} as varchar) as _system",
        "__batch_id as _batch_id",
        "__file as _file",
        "__row_no as _row_no",
        "__extracted_at as _extracted_at",
        f"{found} as _problems",
        f"{raw} as _raw",
        f"{repeat} as _is_repeat",
    ]
    return ",\n  ".join([*columns, *plumbing])


def _plain(mapper: Mapper, relation: str) -> str:
    reads = {read.column.name: read for read in mapper.reads()}
    values = [f"{read.typed} as v_{name}" for name, read in reads.items()]
    looks, unread = [], {}
    for name, read in reads.items():
        if read.unread != "false":
            test = read.unread_beside(f"v_{name}")
            looks += [
                f"{test} as u_{name}",
                f"case when {test} then {read.shown} end as s_{name}",
                f"case when {test} then {read.reason} end as r_{name}",
            ]
            unread[name] = f"u_{name}"
    columns = ", ".join(f"{literal(name)}: {identifier(name)}" for name in mapper.types)
    raw = f"coalesce(__line, cast(to_json({{{columns}}}) as varchar))"
    return (
        f"select\n  {_outer(mapper, reads, unread, [], raw, 'false' if mapper.source.duplicates == 'keep' else '__repeat')}\nfrom (\n  "
        + ",\n    ".join(["select *", *looks])
        + "\n  from (\n    "
        + ",\n      ".join(["select *", *values])
        + f"\n    from {relation}\n    {mapper.where()}\n  )\n)"
    )


def _grouped(mapper: Mapper, relation: str) -> str:
    reads = {read.column.name: read for read in mapper.reads()}
    keys = {column_key(name) for name in mapper.mapping.group_by}
    copies = mapper.source.duplicates != "keep"
    inner, outer, unread, inconsistent = [], [], {}, []
    for name, read in reads.items():
        inner.append(f"{read.typed} as m_{name}")
        how = read.how
        if how.total and not how.once:
            outer.append(f"cast(sum(m_{name}) as {read.column.sql_type}) as v_{name}")
        elif how.count:
            outer.append(f"cast(count(*) as {read.column.sql_type}) as v_{name}")
        elif how.lowest:
            outer.append(f"min(m_{name}) as v_{name}")
        elif how.highest:
            outer.append(f"max(m_{name}) as v_{name}")
        elif how.once or (how.column and not {column_key(each) for each in (how.column, *how.followed_by)} <= keys):
            outer += [f"arg_min(m_{name}, __row_no) as v_{name}", f"min(m_{name}) is distinct from max(m_{name}) as i_{name}"]
            inconsistent.append((name, f"i_{name}"))
        else:
            outer.append(f"arg_min(m_{name}, __row_no) as v_{name}")
        if read.unread != "false":
            inner += [
                f"case when __malformed is null and {read.unread} then {read.shown} end as b_{name}",
                f"case when __malformed is null and {read.unread} then {read.reason} end as c_{name}",
            ]
            outer += [
                f"arg_min(b_{name}, __row_no) as s_{name}",
                f"arg_min(c_{name}, __row_no) as r_{name}",
                f"min(b_{name}) is not null as u_{name}",
            ]
            unread[name] = f"u_{name}"
    group = ", ".join(
        [
            "__batch_id",
            *(identifier(name.strip()) for name in mapper.mapping.group_by),
            # a line that is not whole, and a copy that the source's rule sets aside, belong to no group
            f"case when __malformed is not null{' or __repeat' if copies else ''} then __row_no end",
        ]
    )
    bad_row = f"min(case when {' or '.join(f'b_{name} is not null' for name in unread)} then __row_no end)"
    plumbing = [
        "__batch_id",
        "min(__file) as __file",
        # a group has the number of its first row, or of the first that could not be read: it is the one to be mended
        f"coalesce({bad_row}, min(__row_no)) as __row_no" if unread else "min(__row_no) as __row_no",
        "min(__extracted_at) as __extracted_at",
        "min(__malformed) as __malformed",
        "min(__line) as __line",
        *(["bool_or(__repeat) as __repeat"] if copies else []),
    ]
    return (
        f"select\n  {_outer(mapper, reads, unread, inconsistent, '__line', '__repeat' if copies else 'false')}\nfrom (\n  select\n    "
        + ",\n    ".join([*plumbing, *outer])
        + "\n  from (\n    select *,\n      "
        + ",\n      ".join(inner)
        + f"\n    from {relation}\n    {mapper.where()}\n  )\n  group by {group}\n)"
    )
