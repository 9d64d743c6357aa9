"""How figures are written: counts, shares, money, dates, durations. Pure functions, used by the page and by the terminal."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

__all__ = ["PLAIN", "Money", "count", "day", "duration", "moment", "month", "number", "percent", "signed", "words"]

Number = int | float | Decimal

#: A no-break space, so that a figure and its unit stay on one line.
GAP = "\u00a0"
MINUS = "\u2212"
DASH = "\u2013"
ALPHA, BETA = "\u03b1", "\u03b2"
ABSENT = DASH
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CAD": "CA$", "AUD": "A$", "BRL": "R$", "INR": "₹"}


def _signed(text: str) -> str:
    """The text with a true minus sign; none before a zero."""
    return text.replace("-", MINUS if any(digit in "123456789" for digit in text) else "")


class Money:
    """Writes amounts in the company's currency, English style: `$1,234.50`, `CHF 1,234.50`.

    Parameters
    ----------
    currency : ISO code; empty when the night stopped before it was known, then amounts are bare numbers.
    """

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self._prefix = SYMBOLS.get(currency, f"{currency}{GAP}" if currency else "")

    def _write(self, amount: Number, digits: int, unit: str = "") -> str:
        text = _signed(f"{amount:,.{digits}f}")
        return f"{MINUS if text.startswith(MINUS) else ''}{self._prefix}{text.removeprefix(MINUS)}{unit}"

    def exact(self, amount: Number | None) -> str:
        """To the cent: `$1,234.50`."""
        return ABSENT if amount is None else self._write(amount, 2)

    def whole(self, amount: Number | None) -> str:
        """Without cents: `$1,235`."""
        return ABSENT if amount is None else self._write(amount, 0)

    def short(self, amount: Number | None) -> str:
        """Three or four figures and a unit, for a tile: `$4.60 M`."""
        if amount is None:
            return ABSENT
        value = float(amount)
        for least, divisor, unit in ((1e9, 1e9, "bn"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
            if abs(value) >= least:
                scaled = value / divisor
                return self._write(scaled, 1 if abs(scaled) >= 100 or unit == "k" else 2, f"{GAP}{unit}")
        return self._write(value, 0 if abs(value) >= 100 else 2)


#: Amounts in the currency of their source, whichever that is.
PLAIN = Money("")


def count(value: Number | None) -> str:
    """`1,469,307`."""
    return ABSENT if value is None else _signed(f"{value:,.0f}")


def signed(value: Number | None) -> str:
    """A change, with its sign: `+12`; nothing before a zero."""
    return f"+{value:,.0f}" if value is not None and value > 0 else count(value)


def percent(share: Number | None, digits: int = 1) -> str:
    """A share between 0 and 1 as `58.2 %`."""
    return ABSENT if share is None else _signed(f"{float(share) * 100:.{digits}f}{GAP}%")


def number(value: Number | None, digits: int = 3) -> str:
    """A model's number: `0.243`, four significant figures where it is small."""
    if value is None:
        return ABSENT
    small = value != 0 and abs(float(value)) < 0.01
    return _signed(f"{value:.4g}" if small else f"{value:,.{digits}f}")


def day(value: dt.date | None) -> str:
    """`31 December 2017`."""
    return ABSENT if value is None else f"{value.day} {value:%B %Y}"


def month(value: dt.date) -> str:
    """`Mar 2017`."""
    return f"{value:%b %Y}"


def moment(value: dt.datetime | None) -> str:
    """`1 January 2018, 03:00 UTC`."""
    return ABSENT if value is None else f"{value.day} {value:%B %Y, %H:%M} UTC"


def duration(seconds: Number | None) -> str:
    """`0.4 s`, `12.3 s`, `3 min 05 s`, `1 h 02 min`."""
    if seconds is None:
        return ABSENT
    value = float(seconds)
    if value < 59.95:
        return f"{value:.1f}{GAP}s"
    total = round(value)
    if total < 3600:
        return f"{total // 60}{GAP}min {total % 60:02d}{GAP}s"
    return f"{total // 3600}{GAP}h {total % 3600 // 60:02d}{GAP}min"


def words(code: str | None) -> str:
    """A code as words: `marts_after_clv` → `marts after clv`."""
    return ABSENT if not code else code.replace("_", " ").strip()
