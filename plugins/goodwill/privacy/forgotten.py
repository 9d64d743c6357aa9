"""Who was forgotten: keyed hashes of the identifiers people were known by, and what stands for them since.

The list holds no identifier. It is read wherever rows land, so that a file sent again, or a backup brought back, brings nobody back. It only
grows, line by line, each marked as written by us: the audit ledger seals how far it came, and what was taken out of it or put into it is found. What stands for an identifier is made of its hash: the same everywhere and always, so that orders stay with their (now nameless) person.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from goodwill.errors import ConfigurationError
from goodwill.files import sync
from goodwill.home import Home
from goodwill.privacy.hashing import HashKeys, hash_keys
from goodwill.privacy.marked import marked

__all__ = [
    "WRAPPED_ADDRESS",
    "Forgotten",
    "bring_over",
    "contact_key",
    "email_key",
    "email_of",
    "order_key",
    "phone_key",
    "unfinished_erasures",
]

PURPOSE = "forgotten"
#: One address and what mail programs and spreadsheets write around it: `mailto:a@b.c`, `Ann <a@b.c>`, `'a@b.c'`, `a@b.c;`. As in the macro.
#: No two parts that follow each other take the same letters without an end to it: somebody's long text costs what it is long.
WRAPPED_ADDRESS = (
    r"""^(?:[^<>@]*<)?\s*['"]?(?:mailto:\s*)?([^\s@<>()\[\],;:"]+@[^\s@<>()\[\],;:"'?]{1,255}?)(?:\?\S{0,255})?[.'";,\s]*(?:>[\s;,.]*)?$"""
)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")


def email_key(value: str) -> str | None:
    """An address as it is compared, as the macro `email_key` does it; `None` where it is none."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", value)).strip(" ").lower().replace("\uff20", "@")
    text = re.sub(WRAPPED_ADDRESS, r"\1", text, flags=re.ASCII)
    return f"email:{text}" if text.find("@") >= 1 else None


def phone_key(value: str) -> str:
    """A number as it is compared: its digits."""
    return "phone:" + re.sub(r"[^0-9]", "", value)


def contact_key(contact_id: str) -> str:
    """A contact's id, with its name space."""
    return f"contact:{contact_id}"


def order_key(order_id: str) -> str:
    """An order's id, with its name space."""
    return f"order:{order_id}"


def email_of(person: str) -> str:
    """The address of nobody that stands for all addresses of a forgotten person."""
    return f"erased-{person}@erased.invalid"


@dataclass(frozen=True)
class Forgotten:
    """The list of a home: hash of an identifier → the random name of the person it was of."""

    path: Path
    keys: HashKeys
    people: Mapping[str, str] = field(repr=False)

    @classmethod
    def of(cls, home: Home) -> Forgotten:
        """The list of `home`, empty where nobody was forgotten.

        Raises
        ------
        ConfigurationError : it was made with another secret, so that it would recognise nobody; or it cannot be read.
        """
        path = next((each for each in (home.forgotten_file, _older(home)) if each.exists()), None)
        if path is None:
            return cls(home.forgotten_file, HashKeys("", ""), {})
        keys = hash_keys(home, PURPOSE)
        try:
            made_with, people = _read(path)
        except (OSError, ValueError, KeyError, TypeError):
            raise ConfigurationError(f"the list of forgotten people {path} cannot be read", "bring it back from a backup") from None
        if made_with != keys.hash("made with"):
            raise ConfigurationError(
                f"the list of forgotten people {path} was made with another secret: nobody on it would be recognised",
                "bring the home's secret back (secret.key, or GOODWILL_SECRET)",
            )
        return cls(home.forgotten_file, keys, people)

    def __bool__(self) -> bool:
        return bool(self.people)

    @property
    def version(self) -> str:
        """Names the list as it is; a batch says which one it was held against."""
        return hashlib.sha256("\n".join(sorted(f"{each} {person}" for each, person in self.people.items())).encode()).hexdigest()[:16]

    def person(self, key: str) -> str | None:
        """Who an identifier was of, if they were forgotten."""
        return self.people.get(self.keys.hash(key)) if self.people else None

    def with_keys(self, home: Home, found: Mapping[str, str]) -> Forgotten:
        """The list with more identifiers (key → person), on disk; one that is on it already keeps its person."""
        keys = hash_keys(home, PURPOSE)
        hashed = {keys.hash(key): person for key, person in found.items()}
        return self._grown(home, {each: person for each, person in hashed.items() if each not in self.people})

    def without_keys(self, home: Home, lifted: Iterable[str]) -> Forgotten:
        """The list with these identifiers lifted, on disk: what lands from now on with one of them is read as it is."""
        return self._grown(home, {each: None for each in map(self.keys.hash, lifted) if each in self.people})

    def _grown(self, home: Home, more: Mapping[str, str | None]) -> Forgotten:
        """The list with more lines, whole or not at all: hash → person, or nothing for one that is lifted."""
        keys = hash_keys(home, PURPOSE)
        if more:
            before = self.path.read_bytes() if self.path.exists() else marked(home, self.path, 0, [{"made_with": keys.hash("made with")}])
            lines = [{"of": each, "person": person} for each, person in more.items()]
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
            handle = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(before + marked(home, self.path, before.count(b"\n"), lines))
            sync(beside)
            os.replace(beside, self.path)
            sync(self.path.parent)
        people = {each: person for each, person in {**self.people, **more}.items() if person is not None}
        return Forgotten(self.path, keys, people)

    def contact(self, contact_id: str, system: str | None) -> str:
        """What stands for a contact's id (with its name space, which stays): a negative number for a number, else a text."""
        prefix = f"{system}:" if system and contact_id.startswith(f"{system}:") else ""
        raw, made = contact_id[len(prefix) :], self.keys.hash(contact_key(contact_id))
        if re.fullmatch(r"-?\d{1,10}", raw):
            return f"{prefix}{-((int(made[:8], 16) & 0x7FFFFFFF) | 1)}"
        if re.fullmatch(r"-?\d{11,18}", raw):
            return f"{prefix}{-((int(made[:15], 16)) | 1)}"
        return f"{prefix}erased-{made[:16]}"


def unfinished_erasures(home: Home) -> list[Path]:
    """The notes of erasures, and of what retention is about to forget, that were begun and not finished."""
    return sorted(path for path in home.privacy.glob("pending-*") if path.suffix in (".json", ".note"))


def bring_over(home: Home) -> bool:
    """Write the list of an older home (of before form 2) as lines, and remove the older file; whether there was one.

    Raises
    ------
    ConfigurationError : as for `Forgotten.of`.
    """
    older = _older(home)
    if not older.exists():
        return False
    if not home.forgotten_file.exists():
        listed = Forgotten.of(home)
        Forgotten(home.forgotten_file, listed.keys, {})._grown(home, listed.people)
    older.unlink()
    sync(home.privacy)
    return True


def _older(home: Home) -> Path:
    """Where the list was before it was kept in lines."""
    return home.forgotten_file.with_suffix(".json")


def _read(path: Path) -> tuple[str, dict[str, str]]:
    """With what the list was made, and hash → person."""
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        return content["made_with"], dict(content["people"])
    first, *lines = (json.loads(line) for line in path.read_bytes().splitlines())
    said = {line["of"]: line["person"] for line in lines}
    return first["made_with"], {each: person for each, person in said.items() if person is not None}
