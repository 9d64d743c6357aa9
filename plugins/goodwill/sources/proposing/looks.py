"""What the values of a column look like: dates (and in which format), numbers (and with which marks), e-mail addresses, yes and no."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from goodwill.sources.declared import ISO_TIME
from goodwill.sources.presets import read_synonyms
from goodwill.sources.proposing.amounts import taken_apart

__all__ = ["STYLES", "Look", "look_at"]

Shape = Literal["empty", "email", "time", "number", "boolean", "text"]

#: Texts that stand for nothing in a column whose other values are numbers, dates or addresses.
NOTHING = {"null", "none", "nan", "n/a", "#n/a", "na", "nil", "\\n", "-"}

#: Ways to write a number: decimal mark, mark between groups of three; the plainest first.
STYLES = ((".", ""), (",", ""), (".", ","), (",", " "), (",", "."), (",", "\N{NO-BREAK SPACE}"), (",", "\N{NARROW NO-BREAK SPACE}"),
          (".", " "), (".", "'"), (".", "\N{NO-BREAK SPACE}"))  # fmt: skip

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
#: Two words or more, letters only: what people and companies are called.
_NAME = re.compile(r"[^\W\d_]+(?:[ '\u2019.,&-]+[^\W\d_]+)+\.?")
_ISO = re.compile(ISO_TIME)
_DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?:[T ](\d{1,2}:\d{2})(:\d{2})?( ?[AaPp][Mm])?)?")
_YEAR_FIRST = re.compile(r"\d{4}([/.])\d{1,2}\1\d{1,2}(?: (\d{1,2}:\d{2})(:\d{2})?)?")
_NAMED = re.compile(r"(\d{1,2})([ -])([A-Za-z]{3,9})\2(\d{4}|\d{2})(?: (\d{1,2}:\d{2})(:\d{2})?)?")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?")
_EPOCH = {"epoch_s": re.compile(r"1\d{9}"), "epoch_ms": re.compile(r"1\d{12}")}


def _number(decimal: str, thousands: str) -> re.Pattern[str]:
    grouped = rf"\d{{1,3}}({re.escape(thousands)}\d{{3}})+|" if thousands else ""
    return re.compile(rf"[+-]?({grouped}\d+)({re.escape(decimal)}\d+)?")


_NUMBERS = {style: _number(*style) for style in STYLES}


@dataclass(frozen=True)
class Look:
    """What a column's values look like.

    Parameters
    ----------
    formats : of times, the formats every value agrees with: none means ISO 8601, two mean that no value tells day from month.
    styles : of numbers, the `STYLES` every value agrees with.
    unique : no value twice and none empty.
    names : texts that are what somebody is called.
    negative, positive : some number is below zero, above it.
    written : numbers with a currency, brackets or a minus behind; `signs` are those of their currencies.
    clock : of texts that are times of day, the format every value agrees with.
    example : a value that shows the difficulty, or the first.
    """

    shape: Shape
    filled: float = 0.0
    unique: bool = False
    example: str = ""
    formats: tuple[str, ...] = ()
    has_time: bool = False
    has_offset: bool = False
    styles: tuple[tuple[str, str], ...] = ()
    whole: bool = False
    negative: bool = False
    positive: bool = False
    nothing: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    names: bool = False
    written: bool = False
    signs: frozenset[str] = frozenset()
    clock: str = ""


def look_at(values: list[str]) -> Look:
    """Look at the values of one column."""
    said = [value for value in values if value]
    if not said:
        return Look("empty")
    nothing = tuple(sorted({value for value in said if value.lower() in NOTHING}))
    real = [value for value in said if value not in nothing]
    distinct = dict.fromkeys(real)
    unique = len(distinct) == len(values)
    few = tuple(distinct) if len(distinct) <= 30 else ()
    filled = len(real) / len(values)
    if not real:  # with nothing else beside it, NA may be Namibia
        return Look("text", len(said) / len(values), len(set(said)) == len(values), said[0], few=nothing)
    seen = list(distinct)
    if _mostly(seen, _EMAIL):
        return Look("email", filled, unique, seen[0], nothing=nothing)
    time = _times(_regular(seen))
    if time:
        formats, has_time, has_offset, example = time
        return Look("time", filled, unique, example, formats, has_time, has_offset, nothing=nothing, few=few)
    number = _number_look(seen)
    if number:
        return replace(number, filled=filled, unique=unique, nothing=nothing, few=few)
    bank = read_synonyms()
    words = {"true", "t", "yes", "y", "1", "granted", "false", "f", "no", "n", "0", "withdrawn", *bank["yes"], *bank["no"]}
    if len(seen) <= 3 and all(value.lower() in words for value in seen):
        return Look("boolean", filled, unique, seen[0], nothing=nothing, few=few)
    few = few if not nothing else tuple(dict.fromkeys(said))
    return Look("text", filled, len(set(said)) == len(values), said[0], few=few, names=_mostly(seen, _NAME), clock=_clock(seen))


def _clock(seen: list[str]) -> str:
    """The format of values that are all times of day, in one way."""
    found = {_clock_format(match[1], match[2]) for value in seen if (match := _CLOCK.fullmatch(value))}
    return found.pop() if len(found) == 1 and all(map(_CLOCK.fullmatch, seen)) else ""


def _clock_format(seconds: str | None, half: str | None) -> str:
    """How a time of day is written: with seconds or without, of 24 hours or of twice 12."""
    form = ("%I:%M" if half else "%H:%M") + (":%S" if seconds else "")
    return form + ((" %p" if half.startswith(" ") else "%p") if half else "")


def _number_look(seen: list[str]) -> Look | None:
    """Values that are numbers, if they are: as they stand, or once what stands around their digits is off."""
    apart = {value: taken for value in seen if (taken := taken_apart(value))}
    for plain in (dict.fromkeys(seen, ""), {value: number for value, (number, _) in apart.items()}):
        numbers = {value: number or value for value, number in plain.items()}
        texts = [numbers.get(value, value) for value in seen]
        styles = tuple(style for style, pattern in _NUMBERS.items() if _mostly(texts, pattern))
        if styles:
            good = {value: number for value, number in numbers.items() if _NUMBERS[styles[0]].fullmatch(number)}
            telling = next((value for value, number in good.items() if not number.lstrip("+-").isdigit()), next(iter(good)))
            return Look(
                "number",
                example=telling,
                styles=styles,
                whole=all(number.lstrip("+-").isdigit() for number in good.values()),
                negative=any(number.startswith("-") for number in good.values()),
                positive=any(not number.startswith("-") and re.search("[1-9]", number) for number in good.values()),
                written=any(value != number for value, number in good.items()),
                signs=frozenset().union(*(apart[value][1] for value in good if value in apart)),
            )
    return None


def _mostly(seen: list[str], pattern: re.Pattern[str]) -> bool:
    """All values, but for one in fifty: a slip of the pen does not make a number a text."""
    odd = sum(1 for value in seen if not pattern.fullmatch(value))
    return odd * 50 <= len(seen)


def _regular(seen: list[str]) -> list[str]:
    """The values without the odd one in fifty that no kind of time fits."""
    kinds = (_ISO, _DAY, _NAMED, _YEAR_FIRST, *_EPOCH.values())
    regular = [value for value in seen if any(kind.fullmatch(value) for kind in kinds)]
    return regular if (len(seen) - len(regular)) * 50 <= len(seen) else []


def _times(seen: list[str]) -> tuple[tuple[str, ...], bool, bool, str] | None:
    """(formats, whether there is a time of day, whether an offset, an example) of values that are all times in one way."""
    if not seen:
        return None
    iso = [_ISO.fullmatch(value) for value in seen]
    if all(iso):
        offset = all(match and match[4] for match in iso)
        # a workbook holds a day as its midnight
        timed = any(match and match[1] and (offset or not match[0].endswith(" 00:00:00")) for match in iso)
        return (), timed, offset, seen[0]
    for name, pattern in _EPOCH.items():
        if all(map(pattern.fullmatch, seen)):
            return (name,), True, True, seen[0]
    days = [_DAY.fullmatch(value) for value in seen]
    if all(days):
        return _day_or_month_first([match for match in days if match])
    named = [_NAMED.fullmatch(value) for value in seen]
    if all(named):
        found = {_named_format(match) for match in named if match}
        return ((next(iter(found)),), "%H" in next(iter(found)), False, seen[0]) if len(found) == 1 else None
    first = [_YEAR_FIRST.fullmatch(value) for value in seen]
    if all(first):
        found = {f"%Y{match[1]}%m{match[1]}%d" + (" %H:%M" if match[2] else "") + (":%S" if match[3] else "") for match in first if match}
        return ((next(iter(found)),), "%H" in next(iter(found)), False, seen[0]) if len(found) == 1 else None
    return None


def _named_format(match: re.Match[str]) -> str:
    month = "%b" if len(match[3]) == 3 else "%B"
    clock = (" %H:%M" if match[5] else "") + (":%S" if match[6] else "")
    return f"%d{match[2]}{month}{match[2]}{'%Y' if len(match[4]) == 4 else '%y'}{clock}"


def _day_or_month_first(matches: list[re.Match[str]]) -> tuple[tuple[str, ...], bool, bool, str] | None:
    tails = set()
    for match in matches:
        clock = f" {_clock_format(match[6], match[7])}" if match[5] else ""
        tails.add((match[2], "%Y" if len(match[4]) == 4 else "%y", clock))
    if len(tails) != 1:
        return None
    mark, year, clock = tails.pop()
    day_first, month_first = (f"{a}{mark}{b}{mark}{year}{clock}" for a, b in (("%d", "%m"), ("%m", "%d")))
    firsts, seconds = ([int(match[place]) for match in matches] for place in (1, 3))
    if max(firsts) > 31 or max(seconds) > 31 or (max(firsts) > 12 and max(seconds) > 12):
        return None
    has_time = bool(clock)
    if max(firsts) > 12:
        return (day_first,), has_time, False, next(match[0] for match in matches if int(match[1]) > 12)
    if max(seconds) > 12:
        return (month_first,), has_time, False, next(match[0] for match in matches if int(match[3]) > 12)
    differing = next((match[0] for match in matches if match[1] != match[3]), matches[0][0])
    return (day_first, month_first), has_time, False, differing
