"""A phone number as people write it → the one international notation (E.164)."""

from __future__ import annotations

import functools
import unicodedata

import phonenumbers
from phonenumbers.geodata.locale import LOCALE_DATA

from goodwill.errors import ConfigurationError

__all__ = ["LIBRARY_VERSION", "international", "known_region", "region_of"]

#: What a number becomes is a pure function of this, the text, the country and the default region.
LIBRARY_VERSION: str = phonenumbers.__version__
#: Usual codes that are not the ISO ones.
_ALIASES = {"uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "usa": "US", "u.s.": "US", "u.s.a.": "US", "el": "GR"}


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.casefold()).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())


@functools.cache
def _regions() -> dict[str, str]:
    """Code or name of a country, in any language the library knows → region code; a name that means two countries means none."""
    named: dict[str, str | None] = {}
    for region, names in LOCALE_DATA.items():
        if region not in phonenumbers.SUPPORTED_REGIONS:
            continue
        for name in names.values():
            key = _folded(name.lstrip("*"))
            named[key] = region if named.get(key, region) == region else None
    codes = {region.lower(): region for region in phonenumbers.SUPPORTED_REGIONS}
    return {name: region for name, region in named.items() if region} | _ALIASES | codes


@functools.lru_cache(maxsize=10_000)
def region_of(country: str) -> str | None:
    """The region code of a country as a source writes it (`fr`, `France`, `Frankreich`); None where it is not understood."""
    return _regions().get(_folded(country))


def known_region(region: str | None) -> str | None:
    """`identity.default_region`, checked.

    Raises
    ------
    ConfigurationError : no country has this code.
    """
    if region is not None and region not in phonenumbers.SUPPORTED_REGIONS:
        raise ConfigurationError(
            f"goodwill.yml: identity.default_region: {region!r} is no country", "use a code of two letters such as FR, BE or GB"
        )
    return region


def international(raw: str, country: str, default_region: str | None) -> str | None:
    """`raw` in E.164 (`+33612345678`), an extension kept as `;ext=12`; None where it is no number anybody can have.

    Parameters
    ----------
    country : as the contact's source writes it; empty where it says none.
    default_region : where a number without a country code is, if the contact's country does not tell.
    """
    region = region_of(country) or default_region
    # full-width digits and odd spaces as usual ones, invisible characters gone
    text = "".join(letter for letter in unicodedata.normalize("NFKC", raw).strip() if unicodedata.category(letter) != "Cf")
    if region is None and text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else str(written)
