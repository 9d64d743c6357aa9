"""Text and typed source values to the types of an entity: strictly, never rounding, never guessing.

Every function returns SQL text. A value that cannot be read becomes NULL, and `reason_sql` says why; the database's own casts
are too kind for money (`'10.505'` would become 10.51, `'1_000'` a thousand) and drop the offset of a time stamp.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.entities import SQL_TYPES
from goodwill.sources import Source
from goodwill.sql import literal, literals

__all__ = ["DECIMALS", "Caster"]

#: Decimal places a kind may have.
DECIMALS: dict[str, int] = {"money": 2, "price": 4, "quantity": 3}

_ISO_TIMESTAMP = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?)?"
_OFFSET = r" ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_FLOATS = ("DOUBLE", "FLOAT")


def _offset_text(text: str) -> str:
    """A time stamp as the database reads it, whatever the form of its offset: `2024-01-31 10:22 +0100` as `2024-01-31 10:22:00+01:00`."""
    for pattern, written in (
        (" ?(Z|UTC)$", "+00:00"),
        (r" ?([+-]\d{2})$", r"\1:00"),
        (r" ?([+-]\d{2}):?(\d{2})$", r"\1:\2"),
        (r"([T ]\d{2}:\d{2})([+-]\d{2}:\d{2})$", r"\1:00\2"),
    ):
        text = f"regexp_replace({text}, '{pattern}', '{written}')"
    return text


@dataclass(frozen=True)
class Caster:
    """Casts for one source: its decimal mark, its empty tokens, its time zone, its formats.

    `zone` is the zone of time stamps that carry none.
    """

    source: Source
    zone: str

    def text(self, value: str, sql_type: str) -> str:
        """The value as trimmed text, NULL where the source means empty."""
        if sql_type == "VARCHAR":
            tokens = self.source.null_values or ("",)
            trimmed = f"trim({value})"
            if tokens == ("",):
                return f"nullif({trimmed}, '')"
            return f"case when {trimmed} in ({literals({'', *tokens})}) then null else {trimmed} end"
        if sql_type in _FLOATS:
            # 1234.0 is how a float column holds the whole number 1234
            return f"regexp_replace(cast({value} as varchar), '[.]0$', '')"
        return f"cast({value} as varchar)"

    def _number_text(self, text: str) -> str:
        if self.source.thousands:
            text = f"replace({text}, {literal(self.source.thousands)}, '')"
        return f"replace({text}, ',', '.')" if self.source.decimal == "," else text

    def _grouped(self, text: str) -> str:
        """The test that thousands marks stand before groups of three: `1.2345,00` is a slip of the pen, not 12345."""
        if not self.source.thousands:
            return ""
        pattern = rf"[+-]?(\d{{1,3}}([{self.source.thousands}]\d{{3}})+|\d+)([{self.source.decimal}]\d+)?"
        return f"regexp_full_match({text}, {literal(pattern)}) and "

    def number(self, value: str, sql_type: str, kind: str) -> str:
        """A decimal, whole or floating number of `kind`."""
        target = SQL_TYPES[kind]
        if sql_type == "VARCHAR":
            clean = self._number_text(self.text(value, sql_type))
            if kind == "integer":
                pattern = r"[+-]?\d{1,18}"
            elif kind == "number":
                pattern = r"[+-]?\d{1,300}([.]\d{1,300})?"
            else:
                places = DECIMALS[kind]
                pattern = rf"[+-]?\d{{1,{18 - places}}}([.]\d{{1,{places}}}0*)?"
            return f"case when {self._grouped(self.text(value, sql_type))}regexp_full_match({clean}, '{pattern}') then try_cast({clean} as {target}) end"
        if sql_type in _FLOATS and kind in DECIMALS:
            places = DECIMALS[kind]
            rounded = f"round({value}, {places})"
            # a float carries binary noise; anything beyond it is a real extra decimal and is refused, not rounded
            return f"case when isfinite({value}) and abs({value} - {rounded}) < 1e-6 then try_cast({rounded} as {target}) end"
        if sql_type in _FLOATS and kind == "integer":
            return f"case when {value} = floor({value}) then try_cast({value} as bigint) end"
        if sql_type in _FLOATS:
            return f"case when isfinite({value}) then {value} end"
        if kind in DECIMALS:
            cast = f"try_cast({value} as {target})"
            return f"case when {cast} = {value} then {cast} end"
        return f"try_cast({value} as {target})"

    def _to_utc(self, local: str) -> str:
        return local if self.zone == "UTC" else f"timezone('UTC', timezone({literal(self.zone)}, {local}))"

    def timestamp(self, value: str, sql_type: str, fmt: str | None) -> str:
        """A UTC time stamp; text and naive stamps are in the zone of the source unless they carry an offset."""
        fmt = fmt or self.source.timestamp_format
        if fmt in ("epoch_s", "epoch_ms"):
            number = f"try_cast({self.text(value, sql_type)} as bigint)"
            return f"epoch_ms({number} * 1000)" if fmt == "epoch_s" else f"epoch_ms({number})"
        if sql_type == "VARCHAR":
            text = self.text(value, sql_type)
            if fmt:
                return self._to_utc(f"try_strptime({text}, {literal(fmt)})")
            return (
                f"case when regexp_full_match({text}, '{_ISO_TIMESTAMP}') then {self._to_utc(f'try_cast({text} as timestamp)')} "
                f"when regexp_full_match({text}, '{_ISO_TIMESTAMP}{_OFFSET}') then timezone('UTC', try_cast({_offset_text(text)} as timestamptz)) end"
            )
        if sql_type == "TIMESTAMP WITH TIME ZONE":
            return f"timezone('UTC', {value})"
        if sql_type.startswith("TIMESTAMP") or sql_type == "DATE":
            return self._to_utc(f"cast({value} as timestamp)")
        return self.timestamp(f"cast({value} as varchar)", "VARCHAR", fmt)

    def date(self, value: str, sql_type: str, fmt: str | None) -> str:
        """A calendar day as the source wrote it."""
        if sql_type == "DATE":
            return value
        if sql_type.startswith("TIMESTAMP"):
            return f"cast({value} as date)"
        text = self.text(value, sql_type)
        if fmt:
            return f"cast(try_strptime({text}, {literal(fmt)}) as date)"
        return f"case when regexp_full_match({text}, '{_ISO_TIMESTAMP}') then cast(try_cast({text} as timestamp) as date) end"

    def boolean(self, value: str, sql_type: str) -> str:
        if sql_type == "BOOLEAN":
            return value
        text = f"lower({self.text(value, sql_type)})"
        return f"case when {text} in ('true', 't', 'yes', 'y', '1', 'granted') then true when {text} in ('false', 'f', 'no', 'n', '0', 'withdrawn') then false end"

    def cast(self, value: str, sql_type: str, kind: str, fmt: str | None = None) -> str:
        """`value`, a column of type `sql_type`, as `kind`; NULL where it cannot be read."""
        if kind in ("text", "id", "ref"):
            return self.text(value, sql_type)
        if kind == "timestamp":
            return self.timestamp(value, sql_type, fmt)
        if kind == "date":
            return self.date(value, sql_type, fmt)
        if kind == "boolean":
            return self.boolean(value, sql_type)
        return self.number(value, sql_type, kind)

    def reason_sql(self, text: str, kind: str) -> str:
        """The reason code of a value (given as text) that `cast` could not read."""
        if kind == "timestamp":
            return "'BAD_TIMESTAMP'"
        if kind == "date":
            return "'BAD_DATE'"
        if kind == "boolean":
            return "'BAD_BOOLEAN'"
        clean = self._number_text(text)
        if kind in DECIMALS:
            return (
                f"case when regexp_full_match({clean}, '[+-]?\\d+[.]\\d+') and abs(try_cast({clean} as double)) < 1e{18 - DECIMALS[kind]} "
                f"then 'TOO_MANY_DECIMALS' when regexp_full_match({clean}, '[+-]?\\d+([.]\\d+)?') then 'OUT_OF_RANGE' else 'BAD_NUMBER' end"
            )
        return "'BAD_NUMBER'"
