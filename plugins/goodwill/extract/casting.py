"""Text and typed source values to the types of an entity: strictly, never rounding, never guessing.

Every function returns SQL text. A value that cannot be read becomes NULL, and `reason_sql` says why; the database's own casts
are too kind for money (`'10.505'` would become 10.51, `'1_000'` a thousand) and drop the offset of a time stamp.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.entities import SQL_TYPES
from goodwill.extract.written_amounts import WrittenAmount, bound
from goodwill.extract.zones import in_gap, in_overlap, keeps_order, to_utc
from goodwill.sources import Source
from goodwill.sql import literal, literals

__all__ = ["DECIMALS", "Caster"]

#: Decimal places a kind may have.
DECIMALS: dict[str, int] = {"money": 2, "price": 4, "quantity": 3}

_ISO_TIMESTAMP = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?)?"
_OFFSET = r" ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?)"
_FLOATS = ("DOUBLE", "FLOAT")
_TEXTUAL = ("text", "id", "ref")
#: Blanks that are cut off at both ends, and marks without width that are taken out wherever they stand. Joiners stay inside a text:
#: they make one emoji of several.
_BLANK = r"[\s\x{85}\x{a0}\x{1680}\x{2000}-\x{200d}\x{2028}\x{2029}\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}]+"
_NO_WIDTH = r"[\x{200b}\x{2060}\x{feff}]"
#: What the shortest text of a binary float adds to a decimal number (0.1 + 0.2 is printed as 0.30000000000000004): behind its places zeros or
#: nines, and few digits after them; what is left of nothing is a row of zeros. Such a text has 14 digits or more.
_NOISE, _NOISY_LENGTH = "((0{5,}|9{5,})[0-9]{0,4}|0{10,}[0-9]{0,20})", 15
#: Kinds of number that may be written with a currency.
_AMOUNTS = (*DECIMALS, "number")
#: Marks of thousands that look like the one declared: blanks that do not break, a thin one, the apostrophe of printers.
_ALIKE = dict.fromkeys(
    (" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"), " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
) | {"'": "'\N{RIGHT SINGLE QUOTATION MARK}"}
#: Words for yes and no, in English and French.
_YES = ("true", "t", "yes", "y", "1", "granted", "vrai", "v", "oui", "o")
_NO = ("false", "f", "no", "n", "0", "withdrawn", "faux", "non")
#: Numbers that stand for a moment: how many microseconds one is, and how many digits one may have.
_EPOCHS = {"epoch_s": (1_000_000, 12), "epoch_ms": (1_000, 15), "epoch_us": (1, 18)}


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


#: The commonest way to write a stamp, told by its shape; the cast that follows is strict about digits.
_SECONDS = "{0} like '____-__-_____:__:__' and {0} >= '0'"
#: The same in UTC.
_SECONDS_UTC = "{0} like '____-__-_____:__:__Z' and {0} >= '0'"


def _plain(value: str) -> str:
    """SQL: whether a text has ASCII letters only, and no blank at either end: nothing to heal."""
    return f"strlen({value}) = length({value}) and {value} > ' ~' and {value}[-1] > ' '"


@dataclass(frozen=True)
class Caster:
    """Casts for one source: its decimal mark, its empty tokens, its time zone, its formats.

    `zone` is the zone of time stamps that carry none; `currency`, SQL, the currency of a row: that of amounts with a sign.
    """

    source: Source
    zone: str
    currency: str | None = None

    @property
    def _odd_tokens(self) -> bool:
        """Whether a text that stands for nothing could pass for a number or a stamp (`0000-00-00 00:00:00`, `-1.00`)."""
        return any(any(char.isdigit() for char in token) for token in self.source.null_values)

    def _healed(self, value: str) -> str:
        """Text without blanks around it and marks without width, its letters composed (NFC). Plain text, nearly all, costs three looks."""
        bare = f"regexp_replace(regexp_replace({value}, '{_NO_WIDTH}', '', 'g'), '^{_BLANK}|{_BLANK}$', '', 'g')"
        return f"case when {_plain(value)} then {value} else nfc_normalize({bare}) end"

    def text(self, value: str, sql_type: str) -> str:
        """The value as healed text, NULL where the source means empty."""
        if sql_type == "VARCHAR":
            tokens = {"", *self.source.null_values}
            healed = self._healed(value)
            if tokens == {""}:
                return f"nullif({healed}, '')"
            return f"case when {healed} in ({literals(sorted(tokens))}) then null else {healed} end"
        if sql_type in _FLOATS:
            # 1234.0 is how a float column holds the whole number 1234
            return f"regexp_replace(cast({value} as varchar), '[.]0$', '')"
        return f"cast({value} as varchar)"

    def clock_healings(self, local: str) -> dict[str, str]:
        """Code → SQL test for wall-clock times that the clock of the zone skipped, or showed twice."""
        tests = {"DST_GAP": in_gap(local, self.zone), "DST_OVERLAP": in_overlap(local, self.zone)}
        return {code: test for code, test in tests.items() if test != "false"}

    def healings(self, value: str, sql_type: str, kind: str, fmt: str | None = None) -> dict[str, str]:
        """Code → SQL test for values of a column that were healed: what a note counts."""
        if kind == "timestamp":
            local = self.local(value, sql_type, fmt)
            return self.clock_healings(local) if local else {}
        if kind not in _TEXTUAL or sql_type != "VARCHAR":
            return {}
        odd = f"not ({_plain(value)})"
        return {
            "TRIMMED": f"case when {odd} then nfc_normalize({value}) is distinct from {self._healed(value)} else false end",
            "NFC": f"case when {odd} then nfc_normalize({value}) is distinct from {value} else false end",
        }

    def _slip(self, text: str) -> str:
        """SQL: whether a text that the source wrote itself has the decimal mark of others: `1.250` is no number where the comma is the mark.

        Cells of workbooks and of JSON are numbers already, and always written with a point.
        """
        if self.source.decimal != "," or self.source.thousands == "." or self.source.writes_points:
            return "false"
        return f"contains({text}, '.')"

    @property
    def _thousands(self) -> str:
        """The marks between groups of three: nobody sees which of the blanks, or of the apostrophes, a file has."""
        return _ALIKE.get(self.source.thousands, self.source.thousands)

    def _number_text(self, text: str) -> str:
        if self._thousands:
            text = f"translate({text}, {literal(self._thousands)}, '')"
        return f"replace({text}, ',', '.')" if self.source.decimal == "," else text

    def _grouped(self, text: str) -> str:
        """The test that thousands marks stand before groups of three: `1.2345,00` is a slip of the pen, not 12345."""
        if not self.source.thousands:
            return ""
        pattern = rf"[+-]?(\d{{1,3}}([{self._thousands}]\d{{3}})+|\d+)([{self.source.decimal}]\d+)?"
        return f"regexp_full_match({text}, {literal(pattern)}) and "

    def _is_written(self, kind: str) -> bool:
        """Whether numbers of this kind may have more than digits around them."""
        return self.source.amounts == "written" and kind in _AMOUNTS

    def number(self, value: str, sql_type: str, kind: str) -> str:
        """A decimal, whole or floating number of `kind`."""
        if sql_type != "VARCHAR" or not self._is_written(kind):
            return self._number(value, sql_type, kind)
        plainly = bound(self.text(value, sql_type), "__text", WrittenAmount("__text", self.currency).plainly)
        return bound(plainly, "__amount", self._number("__amount", sql_type, kind))

    def _number(self, value: str, sql_type: str, kind: str) -> str:
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
            strict = "" if self._slip(value) == "false" else f"not {self._slip(value)} and "
            slow = f"when {strict}{self._grouped(self.text(value, sql_type))}regexp_full_match({clean}, '{pattern}') then try_cast({clean} as {target})"
            if kind in DECIMALS:
                noisy = f"strlen({clean}) >= {_NOISY_LENGTH} and regexp_full_match({clean}, '[+-]?\\d{{1,12}}[.]\\d{{{places}}}{_NOISE}')"
                slow += f" when {strict}{self._grouped(self.text(value, sql_type))}{noisy} then cast(round(try_cast({clean} as decimal(38,20)), {places}) as {target})"
            if kind in DECIMALS and self.source.decimal == "." and not self._odd_tokens:
                # a number written as we would write it is exact: no pattern is needed
                exact = f"try_cast({value} as {target})"
                return f"case when cast({exact} as varchar) = {value} then {exact} {slow} end"
            return f"case {slow} end"
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
        return to_utc(local, self.zone, self.source.dst_gap, self.source.dst_overlap)

    def local(self, value: str, sql_type: str, fmt: str | None) -> str | None:
        """The wall-clock time a value gives, NULL where it carries an offset; `None` for a column that has no wall-clock times."""
        fmt = fmt or self.source.timestamp_format
        if fmt in _EPOCHS or sql_type == "TIMESTAMP WITH TIME ZONE":
            return None
        if sql_type.startswith("TIMESTAMP"):
            return f"cast({value} as timestamp)"
        if sql_type != "VARCHAR":
            return None
        if fmt:
            return None if "%z" in fmt else self._parsed(value, fmt)
        shape = "false" if self._odd_tokens else _SECONDS.format(value)
        return f"case when {shape} then try_cast({value} as timestamp) end"

    def span(self, local: str, typed: str) -> str:
        """Two columns, the first and the last of the UTC times `typed`: the zone is asked for the first and the last wall-clock time alone.

        `local` is the wall-clock time; where it is NULL, or the zone sets times out of their order, `typed` is looked at itself.
        """
        plain = keeps_order(local, self.zone)
        ends = []
        for end, chosen in (("min", "least"), ("max", "greatest")):
            of_clock = self._to_utc(f"{end}(case when {plain} then {local} end)")
            ends.append(f"{chosen}({of_clock}, {end}(case when coalesce({plain}, false) then null else {typed} end))")
        return ", ".join(f"cast({each} as varchar)" for each in ends)

    def _parsed(self, value: str, fmt: str) -> str:
        """A stamp written by a declared format; `excel_serial` counts days since the last day but one of 1899."""
        text = self.text(value, "VARCHAR")
        if fmt == "excel_serial":
            micros = f"cast(round(try_cast({text} as double) * 86400000) * 1000 as bigint)"
            plain = f"regexp_full_match({text}, '\\d{{1,7}}([.]\\d{{1,12}})?')"
            return f"case when {plain} then make_timestamp({micros} - 2209161600000000) end"
        return f"try_strptime({text}, {literal(fmt)})"

    def timestamp(self, value: str, sql_type: str, fmt: str | None) -> str:
        """A UTC time stamp; text and naive stamps are in the zone of the source unless they carry an offset."""
        fmt = fmt or self.source.timestamp_format
        if fmt in _EPOCHS:
            text = self.text(value, sql_type)
            micros, digits = _EPOCHS[fmt]
            whole = f"regexp_full_match({text}, '-?\\d{{1,{digits}}}')"
            return f"case when {whole} then make_timestamp(try_cast({text} as bigint) * {micros}) end"
        if sql_type == "VARCHAR":
            if fmt:
                return self._to_utc(self._parsed(value, fmt))
            shape, in_utc = ("false" if self._odd_tokens else each.format(value) for each in (_SECONDS, _SECONDS_UTC))
            # what has a common shape is nothing to the patterns below, which would else be tried on every value
            text = self.text(f"(case when {shape} or {in_utc} then null else {value} end)", sql_type)
            local = (
                f"case when {shape} then try_cast({value} as timestamp) "
                f"when regexp_full_match({text}, '{_ISO_TIMESTAMP}') then try_cast({text} as timestamp) end"
            )
            offset = f"regexp_full_match({text}, '{_ISO_TIMESTAMP}{_OFFSET}')"
            far = f"when {offset} then timezone('UTC', try_cast({_offset_text(text)} as timestamptz))"
            zoned = f"case when {in_utc} then try_cast({value} as timestamp) {far} end"
            # inside a branch the engine would make the local time anew for each of its uses
            return f"coalesce({self._to_utc(local)}, {zoned})"
        if sql_type == "TIMESTAMP WITH TIME ZONE":
            return f"make_timestamp(epoch_us({value}))"  # ten times as fast as timezone(), and infinity is no time
        if sql_type.startswith("TIMESTAMP") or sql_type == "DATE":
            return self._to_utc(f"cast({value} as timestamp)")
        return self.timestamp(f"cast({value} as varchar)", "VARCHAR", fmt)

    def date(self, value: str, sql_type: str, fmt: str | None) -> str:
        """A calendar day as the source wrote it."""
        if sql_type == "DATE":
            return value
        if sql_type == "TIMESTAMP WITH TIME ZONE":  # an instant is a day only in a zone: the source's, never the machine's
            return f"cast(timezone({literal(self.zone)}, {value}) as date)"
        if sql_type.startswith("TIMESTAMP"):
            return f"cast({value} as date)"
        if fmt in _EPOCHS:
            return f"cast({self.timestamp(value, sql_type, fmt)} as date)"
        text = self.text(value, sql_type)
        if fmt:
            return (
                f"cast({self._parsed(value, fmt)} as date)"
                if sql_type == "VARCHAR"
                else f"cast(try_strptime({text}, {literal(fmt)}) as date)"
            )
        return f"case when regexp_full_match({text}, '{_ISO_TIMESTAMP}') then cast(try_cast({text} as timestamp) as date) end"

    def boolean(self, value: str, sql_type: str) -> str:
        if sql_type == "BOOLEAN":
            return value
        text = f"lower({self.text(value, sql_type)})"
        return f"case when {text} in ({literals(_YES)}) then true when {text} in ({literals(_NO)}) then false end"

    def cast(self, value: str, sql_type: str, kind: str, fmt: str | None = None) -> str:
        """`value`, a column of type `sql_type`, as `kind`; NULL where it cannot be read."""
        if fmt == "float_id" and kind in _TEXTUAL:
            text = self.text(value, sql_type)
            return f"case when regexp_full_match({text}, '[^.]*([.]0+)?') then regexp_replace({text}, '[.]0+$', '') end"
        if kind in _TEXTUAL:
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
        if kind in _TEXTUAL:
            return "'BAD_ID'"
        if self._is_written(kind):
            written = WrittenAmount("__text", self.currency)
            digits = bound(
                f"case when {written.is_whole} then {written.digits} else __text end", "__amount", self._number_reason("__amount", kind)
            )
            other = f"{written.is_whole} and not ({written.is_of_its_currency}) and {self._number(written.digits, 'VARCHAR', 'number')} is not null"
            return bound(text, "__text", f"case when {other} then 'OTHER_CURRENCY' else {digits} end")
        return self._number_reason(text, kind)

    def _number_reason(self, text: str, kind: str) -> str:
        clean = self._number_text(text)
        if kind in DECIMALS:
            grouped = self._grouped(text).removesuffix(" and ") or "true"
            return (
                f"case when {self._slip(text)} or not ({grouped}) then 'BAD_NUMBER' when regexp_full_match({clean}, '[+-]?\\d+[.]\\d+') and abs(try_cast({clean} as double)) < 1e{18 - DECIMALS[kind]} "
                f"then 'TOO_MANY_DECIMALS' when regexp_full_match({clean}, '[+-]?\\d+([.]\\d+)?') then 'OUT_OF_RANGE' else 'BAD_NUMBER' end"
            )
        return "'BAD_NUMBER'"
