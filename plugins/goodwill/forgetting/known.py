"""What one person is known by, in clear: kept while an erasure runs, in a file of its owner alone, and gone with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import phonenumbers

from goodwill.extract.forgetting import Words
from goodwill.identity.phones import international
from goodwill.privacy.forgotten import contact_key, email_key, order_key, phone_key

__all__ = ["Known", "numbers", "phone_keys"]

#: A shorter word (a first name of two letters, a number of four digits) would be found where it means something else.
_SHORTEST_NAME, _SHORTEST_CODE, _SHORTEST_NUMBER = 3, 6, 7


@dataclass(frozen=True)
class Known:
    """A person: the random name that stands for them, and all they are known by.

    Parameters
    ----------
    contacts, codes : ids of contacts and codes for referring others, with their name space.
    people : ids the person has in the marts beside those of contacts.
    emails, phones : as sources write them, numbers in their international notation too; those that other people carry too are left out.
    names : first and last names.
    """

    person: str
    contacts: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    names: tuple[tuple[str, str], ...] = ()
    region: str | None = None

    @classmethod
    def of_json(cls, raw: dict[str, Any]) -> Known:
        """The person that `dataclasses.asdict` and JSON made this of."""
        lists = ("contacts", "codes", "people", "emails", "phones", "orders")
        names = tuple((first, last) for first, last in raw["names"])
        return cls(**{each: tuple(raw[each]) for each in lists}, person=raw["person"], names=names, region=raw["region"])

    def keys(self) -> dict[str, str]:
        """Every identifier as the list of the forgotten knows it → the person."""
        found = [
            *map(contact_key, (*self.contacts, *self.codes)),
            *(key for each in self.emails if (key := email_key(each))),
            *(key for each in self.phones for key in phone_keys(each, self.region)),
            *map(order_key, self.orders),
        ]
        return dict.fromkeys(found, self.person)

    def words(self) -> Words:
        """What to look for in texts: addresses, numbers and full names anywhere; single names in the person's own rows."""
        numbers = [each for each in self.phones if sum(map(str.isdigit, each)) >= _SHORTEST_NUMBER]
        written = [key.removeprefix("phone:") for each in numbers for key in phone_keys(each, self.region)]
        full = [f"{first} {last}" for first, last in self.names if first and last]
        full += [f"{last} {first}" for first, last in self.names if first and last]
        single = [name for names in self.names for name in names if len(name) >= _SHORTEST_NAME]
        keyed = [key.removeprefix("email:") for each in self.emails if (key := email_key(each))]
        codes = [code for each in self.codes if len(code := each.rpartition(":")[2]) >= _SHORTEST_CODE]
        return Words(frozenset([*self.emails, *keyed, *numbers, *written, *full, *codes]), frozenset(single))


def numbers(raw: str, country: str | None, region: str | None) -> set[str]:
    """A number as a source writes it, and as it is dialled from anywhere where the contact's country, or else the company's region, tells."""
    number = international(raw, country or "", region)
    return {raw, number.partition(";")[0]} if number else {raw}


def phone_keys(raw: str, region: str | None) -> list[str]:
    """A number's digits in every notation people use for it, so that the list needs no library to recognise it."""
    notations = {raw}
    number = international(raw, "", region)
    if number:
        parsed = phonenumbers.parse(number.partition(";")[0])
        code, national = str(parsed.country_code), phonenumbers.national_significant_number(parsed)
        notations |= {national, f"0{national}", f"{code}{national}", f"00{code}{national}", f"{code}0{national}"}
    return sorted({key for each in notations if len(key := phone_key(each)) > len("phone:")})
