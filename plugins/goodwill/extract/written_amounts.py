"""Amounts as people write them: with a sign or a code of the currency, with brackets or a minus behind for what is below nothing.

An amount is cut into what stands before its first digit, its digits and their marks, and what stands behind its last digit; nothing else may be there.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.sources.currency_signs import SIGNS
from goodwill.sql import literal, literals

__all__ = ["WrittenAmount", "bound"]

#: Blanks of all kinds that may stand between a sign and the digits.
_BLANKS = r"[\s\x{a0}\x{2009}\x{202f}]"
#: What is left of the marks around the digits without the currency: nothing, or one way of saying that the amount is below nothing.
_POSITIVE, _NEGATIVE = ("|", "+|"), ("-|", "|-", "(|)")


#: The minus of printers.
_MINUS = "\N{MINUS SIGN}"
#: Each sign with each currency it may mean, as one text in which a pair is looked for: a case for each sign would be written out many times.
_PAIRS = literal(" " + " ".join(f"{sign}={code}" for sign, codes in SIGNS.items() for code in codes) + " ")


def bound(value: str, name: str, use: str) -> str:
    """SQL of `use`, in which `name` stands for `value`: made once, however often it is looked at."""
    return f"list_transform([{value}], {name} -> {use})[1]"


@dataclass(frozen=True)
class WrittenAmount:
    """An amount in SQL; `text` is the name of its healed text, `currency` the currency of its row, nothing where neither row nor source says one."""

    text: str
    currency: str | None

    @property
    def digits(self) -> str:
        """From the first digit to the last."""
        return f"regexp_extract({self.text}, '[0-9](.*[0-9])?')"

    @property
    def _sides(self) -> tuple[str, str]:
        return f"regexp_extract({self.text}, '^[^0-9]*')", f"regexp_extract({self.text}, '[^0-9]*$')"

    @property
    def _marks(self) -> str:
        before, behind = self._sides
        return f"replace(regexp_replace({before} || '|' || {behind}, '[^-+()|{_MINUS}]', '', 'g'), '{_MINUS}', '-')"

    @property
    def _signs(self) -> list[str]:
        return [f"upper(regexp_replace({side}, '[-+(){_MINUS}]|{_BLANKS}', '', 'g'))" for side in self._sides]

    @property
    def is_whole(self) -> str:
        """Whether what stands around the digits is what stands around those of an amount, in whatever currency."""
        words = " and ".join(
            f"(regexp_full_match({sign}, '|[A-Z]{{3}}') or contains({_PAIRS}, ' ' || {sign} || '='))" for sign in self._signs
        )
        return f"{self._marks} in ({literals((*_POSITIVE, *_NEGATIVE))}) and {words}"

    @property
    def is_of_its_currency(self) -> str:
        """Whether what stands for a currency is that of the row; where nothing does, it is."""
        if self.currency is None:
            return " and ".join(f"{sign} = ''" for sign in self._signs)
        row = self.currency
        agree = (f"({sign} in ('', {row}) or contains({_PAIRS}, ' ' || {sign} || '=' || {row} || ' '))" for sign in self._signs)
        return " and ".join(f"coalesce({each}, false)" for each in agree)

    @property
    def plainly(self) -> str:
        """The amount as its sign and digits; NULL where it is none, or in another currency than its row's."""
        signed = f"case when {self._marks} in ({literals(_NEGATIVE)}) then '-' else '' end || {self.digits}"
        return f"case when {self.is_whole} and {self.is_of_its_currency} then {signed} end"
