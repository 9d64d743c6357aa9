"""Up to which day the rows of an entity are nobody's: what retention has decided, and every batch is held against since.

The days only go on. A period that is made longer, or taken out of the settings, brings nobody back.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from goodwill.errors import ConfigurationError
from goodwill.files import sync
from goodwill.home import Home

__all__ = ["Expired"]


@dataclass(frozen=True)
class Expired:
    """Entity → the first day whose rows still tell of somebody, in the company's zone; empty where no period was ever over."""

    path: Path
    days: Mapping[str, dt.date]

    @classmethod
    def of(cls, home: Home) -> Expired:
        """The days of `home`.

        Raises
        ------
        ConfigurationError : they cannot be read.
        """
        path = home.expired_file
        if not path.exists():
            return cls(path, {})
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, {entity: dt.date.fromisoformat(day) for entity, day in said.items()})
        except (OSError, ValueError, AttributeError, TypeError):
            raise ConfigurationError(f"the days of retention {path} cannot be read", "bring the file back from a backup") from None

    def __bool__(self) -> bool:
        return bool(self.days)

    def moved_on(self, days: Mapping[str, dt.date]) -> Expired:
        """These days and those of `days`, the later of each."""
        return Expired(self.path, {name: max(filter(None, (self.days.get(name), days.get(name)))) for name in {*self.days, *days}})

    def write(self) -> None:
        """Put them on disk, whole or not at all."""
        self.path.parent.mkdir(mode=0o700, exist_ok=True)
        beside = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        handle = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(self.said(self.days), stream, indent=0)
        sync(beside)
        os.replace(beside, self.path)
        sync(self.path.parent)

    def said(self, entities: Iterable[str]) -> dict[str, str]:
        """The days of these entities as files have them; those without one are left out."""
        return {name: str(self.days[name]) for name in sorted(entities) if name in self.days}

    def before(self, zone: str) -> dict[str, dt.datetime]:
        """Entity → the moment (UTC, without a zone) before which its rows are nobody's."""
        midnights = {name: dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) for name, day in self.days.items()}
        return {name: each.astimezone(dt.UTC).replace(tzinfo=None) for name, each in midnights.items()}
