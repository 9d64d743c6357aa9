"""One source to one entity: how each column of the entity is read from the columns of the source, and which rows feed it."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field

from goodwill.entities import Column, Entity
from goodwill.extract.casting import DECIMALS, Caster
from goodwill.sources.declared import Cell, ColumnMapping, Condition, EntityMapping, Share, Source
from goodwill.sql import column_key, identifier, literal

__all__ = ["Mapper", "Read"]


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
        return Caster(self.source, self.zone, self._currency() if self.source.amounts == "written" else None)

    def _currency(self) -> str | None:
        """SQL of the currency of a row, in capitals: its own column's, whichever entity reads it, or that of the source."""
        entities = self.source.entities
        mappings = [mapping for name, mapping in entities.items() if name == self.entity.name] + list(entities.values())
        how = next((mapping.columns["currency"] for mapping in mappings if "currency" in mapping.columns), None)
        if how is not None and how.value is not None:
            return literal(str(how.value).upper())
        present = [name for name in how.chosen if column_key(name) in self.types] if how else []
        if how is None or not present:
            return literal(self.source.currency) if self.source.currency else None
        plain = Caster(self.source, self.zone)
        text = f"coalesce({', '.join(plain.text(identifier(name.strip()), self._type(name)) for name in present)})"
        cases = " ".join(f"when {literal(given)} then {literal(meant)}" for given, meant in how.translate.items())
        return f"upper(case {text} {cases} else {text} end)" if cases else f"upper({text})"

    def _type(self, name: str) -> str:
        return self.types[column_key(name)]

    def missing_columns(self) -> list[str]:
        """Source columns the mapping reads and the source does not have."""
        return sorted(self.mapping.missing(self.types))

    def spared_columns(self) -> set[str]:
        """Those of them without which the entity is only less complete."""
        return self.mapping.spared(self.entity, self.types)

    def _copied(self, column: Column) -> tuple[str, str, str | None] | None:
        """The one column of the source that a column copies, its type and the format it is read by; `None` where it is made otherwise.

        A moment of several columns is one text, too: what a change of clocks does to it is counted.
        """
        how = self.mapping.columns.get(column.name)
        if how is None or not {"column", "first", "lowest", "highest"} & set(how.ways()):
            return None
        if how.followed_by and column.kind == "timestamp" and not how.missing(self.types):
            return f"({self._joined(how, column.kind)[0]})", "VARCHAR", how.format
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
        if how.followed_by:
            return self._joined(how, kind)
        present = [name for name in how.chosen if column_key(name) in self.types]
        cells = [self._cell(name, how.without_prefix) for name in present]
        texts = [self.caster.text(cell, self._type(name)) for cell, name in zip(cells, present, strict=True)]
        values = [self._cast(cell, name, kind, how.format) for cell, name in zip(cells, present, strict=True)]
        if len(present) == 1:
            return texts[0], values[0]
        cases = " ".join(f"when {text} is not null then {value}" for text, value in zip(texts, values, strict=True))
        return f"coalesce({', '.join(texts)})", f"case {cases} end"

    def _joined(self, how: ColumnMapping, kind: str) -> tuple[str, str]:
        """The texts of several columns behind one another, and their value; nothing where all are empty.

        Of an id an empty part keeps its place, and a part that holds the mark between the parts makes it unread: two ids would be one.
        A day that a workbook or a database holds as midnight is a day, where its time follows.
        """
        names = (*how.chosen, *how.followed_by)
        parts = [self._text(name) for name in names]
        mark = literal(how.between)
        if kind == "timestamp":
            parts[:-1] = [f"regexp_replace({part}, '[T ]00:00:00([.]0+)?$', '')" for part in parts[:-1]]
        if kind != "id":
            text = f"nullif(concat_ws({mark}, {', '.join(parts)}), '')"
            return text, self.caster.cast(f"({text})", "VARCHAR", kind, how.format)
        kept = ", ".join(f"coalesce({part}, '')" for part in parts)
        text = f"(case when coalesce({', '.join(parts)}) is not null then concat_ws({mark}, {kept}) end)"
        marks = f"strlen({text}) - strlen(replace({text}, {mark}, ''))"
        return text, f"case when {marks} = {(len(names) - 1) * len(how.between.encode())} then {text} end"

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

    def where(self) -> str:
        """The `where` that keeps the rows of the source that feed the entity; nothing where all do."""
        tests = [self._condition(condition) for condition in self.mapping.where]
        return f"where __malformed is not null or ({' and '.join(tests)})" if tests else ""
