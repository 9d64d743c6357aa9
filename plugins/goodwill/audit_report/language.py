"""Words and figures in the reader's language: gettext catalogues under `locale/`, and the forms of CLDR through Babel."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

__all__ = ["LANGUAGES", "Language"]

#: Code → how it calls itself. English is what the texts are written in.
LANGUAGES = {"en": "English", "fr": "français"}
_CATALOGUES = ("page", "rules")
_LOCALES = {"en": "en_GB", "fr": "fr_FR"}
_ABSENT = "\u2013"


@cache
def _translations(code: str) -> NullTranslations:
    """The catalogues of a language, read from their source: there is nothing to compile and to forget."""
    if code == "en":
        return NullTranslations()
    page, *others = (_read(code, name) for name in _CATALOGUES)
    for other in others:
        page.merge(other)
    return page


def _read(code: str, name: str) -> Translations:
    text = resources.files("goodwill.audit_report").joinpath("locale", code, f"{name}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(text), locale=code))
    compiled.seek(0)
    return Translations(compiled)


class Language:
    """How a page in one language writes words, counts, amounts, shares, days and moments.

    Parameters
    ----------
    code : `en` or `fr`.
    zone : the business time zone; moments are UTC and written in it.
    """

    def __init__(self, code: str, zone: str) -> None:
        self.code = code
        self._locale = _LOCALES[code]
        self._zone = ZoneInfo(zone)
        self.zone = zone

    @property
    def gettext(self) -> Callable[[str], str]:
        return _translations(self.code).gettext

    @property
    def ngettext(self) -> Callable[[str, str, int], str]:
        return _translations(self.code).ngettext

    def say(self, text: str | None) -> str:
        """A word or a sentence that stands in a catalogue; as it is where it does not, as what a run said of itself."""
        return self.gettext(text) if text else _ABSENT

    def count(self, value: int | float | None) -> str:
        return _ABSENT if value is None else numbers.format_decimal(value, format="#,##0", locale=self._locale)

    def figure(self, value: float | None) -> str:
        """With up to two decimals: a PSI, a number of days."""
        return _ABSENT if value is None else numbers.format_decimal(value, format="#,##0.##", locale=self._locale)

    def amount(self, value: Decimal | str | None) -> str:
        """To the cent, in whichever currency."""
        return _ABSENT if value is None else numbers.format_decimal(Decimal(str(value)), format="#,##0.00", locale=self._locale)

    def percent(self, share: float | None) -> str:
        return _ABSENT if share is None else numbers.format_percent(share, format="0.0 %", locale=self._locale)

    def day(self, value: dt.date | str | None) -> str:
        """`4 October 2026`."""
        if not value:
            return _ABSENT
        day = dt.date.fromisoformat(value[:10]) if isinstance(value, str) else value
        return dates.format_date(day, "d MMMM y", locale=self._locale)

    def month(self, value: dt.date) -> str:
        """`October 2026`."""
        return dates.format_date(value, "MMMM y", locale=self._locale)

    def moment(self, value: dt.datetime | str | None) -> str:
        """`4 Oct 2026, 03:12`, in the business time zone."""
        if not value:
            return _ABSENT
        moment = dt.datetime.fromisoformat(value) if isinstance(value, str) else value
        here = moment.replace(tzinfo=dt.UTC).astimezone(self._zone)
        return dates.format_datetime(here, "d MMM y, HH:mm", tzinfo=self._zone, locale=self._locale)

    def duration(self, seconds: float | None) -> str:
        """`12 s`, `3 min 4 s`."""
        if seconds is None:
            return _ABSENT
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes}\u00a0min {rest}\u00a0s" if minutes else f"{rest}\u00a0s"
