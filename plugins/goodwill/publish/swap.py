"""The one step that changes what readers see: `published/current` is a link, replaced by a rename."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.errors import GoodwillError
from goodwill.files import sync
from goodwill.home import Home

__all__ = ["Publication", "current_as_of", "current_run", "publications", "swap", "unreadable"]


@dataclass(frozen=True)
class Publication:
    """A whole publication that is kept: its run, its day, and when it was made (UTC)."""

    folder: Path
    as_of: dt.date
    published_at: str

    @property
    def run_id(self) -> str:
        return self.folder.name

    @property
    def manifest(self) -> Path:
        return self.folder / "manifest.json"

    def read(self) -> dict[str, Any]:
        return json.loads(self.manifest.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def current_run(home: Home) -> str | None:
    """The run that is published now, or `None`."""
    return os.readlink(home.current) if home.current.is_symlink() else None


def current_as_of(home: Home) -> dt.date | None:
    """The day the present publication stands at, or `None` if there is none.

    Raises
    ------
    GoodwillError : its manifest was damaged: who knows whether a night would set the present back?
    """
    manifest = home.current / "manifest.json"
    if not manifest.exists():
        return None
    present = _read(manifest)
    if present is None:
        raise GoodwillError(
            f"{manifest.resolve().relative_to(home.root)} cannot be read, and says which day readers see",
            "restore it from a backup, or show readers another publication: goodwill rollback --by NAME --reason TEXT",
        )
    return present.as_of


def publications(home: Home) -> list[Publication]:
    """Every whole publication that is kept, in the order in which they were made; one whose manifest cannot be read is none (`unreadable`)."""
    found = [each for path in _manifests(home) if (each := _read(path))]
    return sorted(found, key=lambda each: (each.published_at, each.run_id))


def unreadable(home: Home) -> list[Path]:
    """The manifests of publications that were damaged: no night waits for one to be mended."""
    return [path for path in _manifests(home) if _read(path) is None]


def _manifests(home: Home) -> list[Path]:
    found = sorted(home.published.glob("*/manifest.json"))
    return [path for path in found if not path.parent.is_symlink() and not path.parent.name.startswith(".")]


def _read(manifest: Path) -> Publication | None:
    try:
        said = json.loads(manifest.read_text(encoding="utf-8"))
        return Publication(manifest.parent, dt.date.fromisoformat(said["as_of"]), str(said["published_at"]))
    except (ValueError, KeyError, TypeError):
        return None


def swap(home: Home, run_id: str) -> None:
    """Point `published/current` at a run. Readers that hold the old files keep them."""
    link = home.published / f".current-{run_id}"
    link.unlink(missing_ok=True)
    os.symlink(run_id, link)
    os.replace(link, home.current)
    sync(home.published)
