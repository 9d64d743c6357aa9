"""One source to one entity: the declarative mapping compiled to a select over the rows of the source.

Grouped or not, the result has the columns of the entity and the plumbing of `goodwill.entities.PLUMBING`; the input relation has
the columns of the file and the landing plumbing (`__row_no`, `__batch_id`, `__file`, `__extracted_at`, `__malformed`, `__line`).
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from goodwill.entities import Column, Entity
from goodwill.extract.casting import DECIMALS, Caster
from goodwill.sources.declared import Cell, ColumnMapping, Condition, EntityMapping, Share, Source
from goodwill.sql import column_key, identifier, literal

__all__ = ["Mapper"]


@dataclass(frozen=True)
class Read:
    """One column of an entity, read: `typed` is its value, `shown` the text it was read from, `unread` when it could not be.

    `of_parts`: it is made of several, so that what the value is does not tell whether all of them could be read.
    """

    column: Column
    how: ColumnMapping
    typed: str
    shown: str
    unread: str
    reason: str
    of_parts: bool = False

    def unread_beside(self, value: str) -> str:
        """`unread`, where `typed` stands made as `value`: it is not made once more."""
        if self.of_parts or self.unread == "false":
            return self.unread
        return f"(case when {value} is null then {self.shown} is not null else false end)"


@dataclass(frozen=True)
class Mapper:
    """The mapping of `source` to `entity`.

    Parameters
    ----------
    types : the columns the source has, in lower case, with their SQL types.
    zone : zone of time stamps without one.
    whole : columns that hold whole numbers in one of the source's batches: their ids have no decimals, and no fewer digits than the
        number here, where they are all written with as many (0 where not).
    """

    source: Source
    entity: Entity
    mapping: EntityMapping
    types: dict[str, str]
    zone: str
    whole: Mapping[str, int] = field(default_factory=dict)

    @property
    def caster(self) -> Caster:
        """The casts of the source."""
        return Caster(self.source, self.zone)

    def _type(self, name: str) -> str:
        return self.types[column_key(name)]

    def missing_columns(self) -> list[str]:
        """Source columns the mapping reads and the source does not have."""
        return sorted(self.mapping.missing(self.types))

    def spared_columns(self) -> set[str]:
        """Those of them without which the entity is only less complete."""
        return self.mapping.spared(self.entity, self.types)

    def _copied(self, column: Column) -> tuple[str, str, str | None] | None:
        """The one column of the source that a column copies, its type and the format it is read by; `None` where it is made otherwise."""
        how = self.mapping.columns.get(column.name)
        if how is None or not {"column", "first", "lowest", "highest"} & set(how.ways()):
            return None
        names = [name.strip() for name in sorted(how.source_columns()) if column_key(name) in self.types]
        return (identifier(names[0]), self._type(names[0]), how.format) if len(names) == 1 else None

    def healings(self, plain: Container[str] = ()) -> dict[str, str]:
        """`column:CODE` → SQL test over the source's rows, for columns that copy one of the source: values that are healed on the way.

        Text of the source's columns `plain` needs no healing.
        """
        found: dict[str, str] = {}
        for column in self.entity.columns:
            if copied := self._copied(column):
                value, sql_type, fmt = copied
                if value in plain and column.kind != "timestamp":
                    continue
                tests = self.caster.healings(value, sql_type, column.kind, fmt)
                found |= {f"{column.name}:{code}": test for code, test in tests.items()}
        return found

    def clock(self, column: str) -> str | None:
        """SQL of the wall-clock time a column's value is made of, NULL where the source gave it otherwise; `None` where it never does."""
        how, copied = self.mapping.columns[column], self._copied(self.entity.by_name[column])
        if copied is None or how.translate or how.without_prefix:
            return None
        value, sql_type, fmt = copied
        return self.caster.local(value, sql_type, fmt)

    def where(self) -> str:
        """The `where` that keeps the rows of the source that feed the entity; nothing where all do."""
        return self._where()

    def _value(self, name: str, kind: str, fmt: str | None = None) -> str:
        return self.caster.cast(identifier(name.strip()), self._type(name), kind, fmt)

    def _text(self, name: str) -> str:
        return self.caster.text(identifier(name.strip()), self._type(name))

    def _namespaced(self, value: str, kind: str) -> str:
        if not self.source.system or kind not in ("id", "ref"):
            return value
        prefixed = f"{literal(self.source.system + ':')} || {value}"
        return f"case when contains({value}, '@') then {value} else {prefixed} end" if kind == "ref" else prefixed

    def _read(self, column: Column, how: ColumnMapping) -> Read:
        kind = column.kind
        if how.value is not None:
            constant = f"cast({literal(how.value)} as {column.sql_type})"
            return Read(column, how, self._namespaced(constant, kind), literal(str(how.value)), "false", "''")
        if how.count:
            return Read(column, how, "1", "''", "false", "''")
        if how.hash:
            content = ", ".join(f"coalesce({self._text(name)}, '')" for name in how.hash)
            key = f"md5(concat_ws('|', {content}))"
            number = f"row_number() over (partition by __batch_id, {key} order by __row_no)"
            return Read(column, how, self._namespaced(f"{key} || '-' || cast({number} as varchar)", kind), "''", "false", "''")
        if how.occurrence:
            keys = ", ".join(identifier(name.strip()) for name in how.occurrence)
            number = f"row_number() over (partition by __batch_id, {keys} order by __row_no)"
            return Read(column, how, f"cast({number} as {column.sql_type})", "''", "false", "''")
        if how.total:
            return self._read_total(column, how)
        text, typed = self._chosen(how, kind)
        if how.translate:
            cases = " ".join(f"when {literal(given)} then {literal(meant)}" for given, meant in how.translate.items())
            typed = f"case {text} {cases} else {text} end"
            if kind not in ("text", "id", "ref"):
                typed = self.caster.cast(typed, "VARCHAR", kind, how.format)
        unread = f"(case when {typed} is null then {text} is not null else false end)"  # the text is made for unread values only
        reason = self.caster.reason_sql(text, kind)
        shown = text
        if how.without_share:
            typed, unread, shown = self._without_share(how.without_share, column, typed, unread, text)
            reason = self.caster.reason_sql(f"({shown})", kind)
        if how.divided_by:
            divisor = self._value(how.divided_by, "number")
            places = DECIMALS.get(kind, 6)
            typed = f"cast(round(cast({typed} as double) / nullif({divisor}, 0), {places}) as {column.sql_type})"
        if how.negate:
            typed = f"-({typed})"
        return Read(column, how, self._namespaced(typed, kind), shown, unread, reason, of_parts=bool(how.without_share or how.divided_by))

    def _chosen(self, how: ColumnMapping, kind: str) -> tuple[str, str]:
        """The text and the value of the first column that has one."""
        present = [name for name in how.chosen if column_key(name) in self.types]
        cells = [self._cell(name, how.without_prefix) for name in present]
        texts = [self.caster.text(cell, self._type(name)) for cell, name in zip(cells, present, strict=True)]
        values = [self._cast(cell, name, kind, how.format) for cell, name in zip(cells, present, strict=True)]
        if len(present) == 1:
            return texts[0], values[0]
        cases = " ".join(f"when {text} is not null then {value}" for text, value in zip(texts, values, strict=True))
        return f"coalesce({', '.join(texts)})", f"case {cases} end"

    def _cast(self, cell: str, name: str, kind: str, fmt: str | None) -> str:
        """The value of a cell of a column. An id whose column holds whole numbers elsewhere is not read with decimals, nor without the
        zeros it begins with there; one that a float cannot tell from its neighbours is not read at all."""
        sql_type = self._type(name)
        value = self.caster.cast(cell, sql_type, kind, fmt)
        if kind not in ("id", "ref") or fmt is not None:
            return value
        slips = []
        if sql_type in ("DOUBLE", "FLOAT"):
            slips.append(f"abs({cell}) >= {2**53} or {cell} <> floor({cell})")
        if column_key(name) in self.whole and sql_type == "VARCHAR":
            slips.append(f"contains({cell}, '.') and regexp_full_match({value}, '\\d+[.]0+')")
        if width := self.whole.get(column_key(name)):
            slips.append(f"strlen({value}) < {width} and regexp_full_match({value}, '\\d+')")
        return f"case when {' or '.join(slips)} then null else {value} end" if slips else value

    def _cell(self, name: str, prefix: str | None) -> str:
        cell = identifier(name.strip())
        if prefix is None or self._type(name) != "VARCHAR":
            return cell
        return f"case when starts_with(ltrim({cell}), {literal(prefix)}) then substr(ltrim({cell}), {len(prefix) + 1}) else {cell} end"

    def _without_share(self, share: Share, column: Column, typed: str, unread: str, shown: str) -> tuple[str, str, str]:
        """An amount less its share; a part or a whole that cannot be read makes it unread, an empty one or a whole of 0 takes nothing off."""
        part, whole = (self._value(name, column.kind) for name in (share.part, share.of))
        off = f"coalesce(cast({part} as double) / nullif(cast({whole} as double), 0), 0)"
        less = f"cast(round(cast({typed} as double) * (1 - {off}), {DECIMALS.get(column.kind, 6)}) as {column.sql_type})"
        for name, value in ((share.part, part), (share.of, whole)):
            bad = f"({self._text(name)} is not null and {value} is null)"
            shown = f"case when {bad} then {self._text(name)} else {shown} end"
            unread = f"({unread} or {bad})"
        return less, unread, shown

    def _read_total(self, column: Column, how: ColumnMapping) -> Read:
        kind = "price" if how.times else column.kind  # a factor may have more decimals than what it makes
        names = (*(how.total or ()), *how.minus)
        texts = {name: self._text(name) for name in names}
        values = {name: self._value(name, kind) for name in names}
        plus = " + ".join(f"coalesce({values[name]}, 0)" for name in how.total or ())
        less = "".join(f" - coalesce({values[name]}, 0)" for name in how.minus)
        given = " or ".join(f"{text} is not null" for text in texts.values())
        sign = "-" if how.negate else ""
        amount = f"{plus}{less}"
        bad = {texts[name]: f"({texts[name]} is not null and {values[name]} is null)" for name in names}
        if how.times:
            times = self._value(how.times, "quantity")
            amount = f"round(cast({amount} as decimal(18,4)) * {times}, {DECIMALS.get(column.kind, 4)})"
            # an amount times nothing is not nothing: such a row is bad
            bad[f"coalesce({self._text(how.times)}, '')"] = f"(({given}) and {times} is null)"
        typed = f"case when {given} then cast({sign}({amount}) as {column.sql_type}) end"
        if how.divided_by:
            divisor = self._value(how.divided_by, "number")
            typed = f"cast(round(cast({typed} as double) / nullif({divisor}, 0), 4) as {column.sql_type})"
        shown = f"case {' '.join(f'when {test} then {text}' for text, test in bad.items())} end"
        return Read(column, how, typed, shown, f"({' or '.join(bad.values())})", self.caster.reason_sql(f"({shown})", kind), of_parts=True)

    def reads(self) -> list[Read]:
        """The columns of the entity that this source gives, each read."""
        return [
            self._read(column, how)
            for column in self.entity.columns
            if (how := self.mapping.columns.get(column.name)) and not (how.missing(self.types) and not column.required)
        ]

    def _condition(self, condition: Condition) -> str:
        """The SQL test; a value that cannot be read as a number passes, so that it is quarantined rather than lost."""
        text = self._text(condition.column)
        name, wanted = next(iter(condition.tests().items()))
        number = self._value(condition.column, "number")
        if name in ("equals", "is_not", "among", "not_among"):
            same = " or ".join(self._is(condition.column, each) for each in (wanted if isinstance(wanted, tuple) else (wanted,))) or "false"
            return f"not ({same})" if name in ("is_not", "not_among") else f"({same})"
        if name == "below":
            return f"coalesce({number} < {literal(wanted)}, true)"
        if name == "at_least":
            return f"coalesce({number} >= {literal(wanted)}, true)"
        if name == "starts_with":
            return f"coalesce(starts_with({text}, {literal(wanted)}), false)"
        if name == "not_starts_with":
            return f"coalesce(not starts_with({text}, {literal(wanted)}), true)"
        return f"{text} is null" if wanted else f"{text} is not null"

    def _is(self, column: str, wanted: Cell) -> str:
        """The SQL test that a cell is what `sources.yml` names: a text letter by letter, a number and a yes or no by what they mean."""
        if isinstance(wanted, str):
            return f"({self._text(column)} is not distinct from {literal(wanted)})"
        kind = "boolean" if isinstance(wanted, bool) else "number"
        return f"coalesce({self._value(column, kind)} = {literal(wanted)}, false)"

    def _where(self) -> str:
        """Which rows feed the entity."""
        tests = [self._condition(condition) for condition in self.mapping.where]
        return f"where __malformed is not null or ({' and '.join(tests)})" if tests else ""

    def _unmapped(self, column: Column) -> str:
        if column.name == "currency" and self.source.currency:
            return f"cast({literal(self.source.currency)} as varchar)"
        return f"cast(null as {column.sql_type})"

    def select(self, relation: str) -> str:
        """The select that turns `relation` (rows of the source) into rows of the entity."""
        counted = self._counted(relation)
        return self._grouped(counted) if self.mapping.group_by else self._plain(counted)

    def _counted(self, relation: str) -> str:
        """`relation` with `__repeat`: an exact copy of an earlier row of its batch; only where the source has a rule for copies."""
        if self.source.duplicates == "keep":
            return relation
        same = ", ".join(["__batch_id", *map(identifier, self.types)])
        test = f"__malformed is null and row_number() over (partition by {same} order by __row_no) > 1"
        return f"(select *, {test} as __repeat from {relation})"

    def _problem(self, name: str, reason: str, value: str, when: str) -> str:
        return f"case when {when} then {{'column_name': {literal(name)}, 'reason': {reason}, 'value': {value}}} end"

    def _outer(self, reads: dict[str, Read], unread: dict[str, str], extra: list[tuple[str, str]], raw: str, repeat: str) -> str:
        """Column list shared by both shapes; `v_x`, `s_x` are the value and the shown text of column x in the inner select."""
        columns, problems, any_problem = [], [], ["__malformed is not null"]
        problems.append(self._problem("", "'MALFORMED_ROW'", "__malformed", "__malformed is not null"))
        for column in self.entity.columns:
            read = reads.get(column.name)
            if read is None:
                columns.append(f"{self._unmapped(column)} as {column.name}")
                continue
            value = f"v_{column.name}"
            columns.append(f"{value} as {column.name}")
            if read.unread != "false":
                test = unread[column.name]
                any_problem.append(test)
                problems.append(self._problem(column.name, f"r_{column.name}", f"s_{column.name}", f"__malformed is null and {test}"))
            if column.required:
                empty = f"{value} is null" + (f" and not {unread[column.name]}" if read.unread != "false" else "")
                any_problem.append(f"{value} is null")
                problems.append(self._problem(column.name, "'MISSING_REQUIRED'", "null", f"__malformed is null and {empty}"))
        if repeat == "__repeat" and self.source.duplicates == "reject":
            any_problem.append("__repeat")
            problems.append(self._problem("", "'DUPLICATE_ROW'", "cast(null as varchar)", "__repeat"))
            repeat = "false"
        for name, test in extra:
            any_problem.append(test)
            problems.append(self._problem(name, "'INCONSISTENT_GROUP'", f"cast(v_{name} as varchar)", test))
        found = f"case when {' or '.join(any_problem)} then list_filter([{', '.join(problems)}], p -> p is not null) else [] end"
        plumbing = [
            f"{literal(self.source.name)} as _source",
            f"cast({literal(self.source.system)} as varchar) as _system",
            "__batch_id as _batch_id",
            "__file as _file",
            "__row_no as _row_no",
            "__extracted_at as _extracted_at",
            f"{found} as _problems",
            f"{raw} as _raw",
            f"{repeat} as _is_repeat",
        ]
        return ",\n  ".join([*columns, *plumbing])

    def _plain(self, relation: str) -> str:
        reads = {read.column.name: read for read in self.reads()}
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
        columns = ", ".join(f"{literal(name)}: {identifier(name)}" for name in self.types)
        raw = f"coalesce(__line, cast(to_json({{{columns}}}) as varchar))"
        return (
            f"select\n  {self._outer(reads, unread, [], raw, 'false' if self.source.duplicates == 'keep' else '__repeat')}\nfrom (\n  "
            + ",\n    ".join(["select *", *looks])
            + "\n  from (\n    "
            + ",\n      ".join(["select *", *values])
            + f"\n    from {relation}\n    {self._where()}\n  )\n)"
        )

    def _grouped(self, relation: str) -> str:
        reads = {read.column.name: read for read in self.reads()}
        keys = {column_key(name) for name in self.mapping.group_by}
        copies = self.source.duplicates != "keep"
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
            elif how.once or (how.column and column_key(how.column) not in keys):
                outer += [f"arg_min(m_{name}, __row_no) as v_{name}", f"min(m_{name}) is distinct from max(m_{name}) as i_{name}"]
                inconsistent.append((name, f"i_{name}"))
            else:
                outer.append(f"arg_min(m_{name}, __row_no) as v_{name}")
            if read.unread != "false":
                inner += [
                    f"case when __malformed is null and {read.unread} then {read.shown} end as b_{name}",
                    f"case when __malformed is null and {read.unread} then {read.reason} end as c_{name}",
                ]
                outer += [f"min(b_{name}) as s_{name}", f"min(c_{name}) as r_{name}", f"min(b_{name}) is not null as u_{name}"]
                unread[name] = f"u_{name}"
        group = ", ".join(
            [
                "__batch_id",
                *(identifier(name.strip()) for name in self.mapping.group_by),
                # a line that is not whole, and a copy that the source's rule sets aside, belong to no group
                f"case when __malformed is not null{' or __repeat' if copies else ''} then __row_no end",
            ]
        )
        plumbing = [
            "__batch_id",
            "min(__file) as __file",
            "min(__row_no) as __row_no",
            "min(__extracted_at) as __extracted_at",
            "min(__malformed) as __malformed",
            "min(__line) as __line",
            *(["bool_or(__repeat) as __repeat"] if copies else []),
        ]
        return (
            f"select\n  {self._outer(reads, unread, inconsistent, '__line', '__repeat' if copies else 'false')}\nfrom (\n  select\n    "
            + ",\n    ".join([*plumbing, *outer])
            + "\n  from (\n    select *,\n      "
            + ",\n      ".join(inner)
            + f"\n    from {relation}\n    {self._where()}\n  )\n  group by {group}\n)"
        )
