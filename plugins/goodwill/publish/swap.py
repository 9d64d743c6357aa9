"""The one step that changes what readers see: `published/current` is a link, replaced by a rename."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil

from goodwill.files import sync
from goodwill.home import Home

__all__ = ["current_as_of", "current_run", "prune", "swap"]


def current_run(home: Home) -> str | None:
    """The run that is published now, or `None`."""
    return os.readlink(home.current) if home.current.is_symlink() else None


def current_as_of(home: Home) -> dt.date | None:
    """The day the present publication stands at, or `None` if there is none."""
    manifest = home.current / "manifest.json"
    return dt.date.fromisoformat(json.loads(manifest.read_text(encoding="utf-8"))["as_of"]) if manifest.exists() else None


def swap(home: Home, run_id: str) -> None:
    """Point `published/current` at a run. Readers that hold the old files keep them."""
    link = home.published / f".current-{run_id}"
    link.unlink(missing_ok=True)
    os.symlink(run_id, link)
    os.replace(link, home.current)
    sync(home.published)


def prune(home: Home, keep: int) -> list[str]:
    """Remove all but the newest `keep` publications, never the present one; half-built leftovers go too. Returns what was removed."""
    present = current_run(home)
    folders = sorted(
        (path for path in home.published.iterdir() if path.is_dir() and not path.is_symlink()), key=lambda path: path.stat().st_mtime
    )
    whole = [path for path in folders if not path.name.startswith(".")]
    doomed = [path for path in folders if path.name.startswith(".building-")] + [path for path in whole[:-keep] if path.name != present]
    for path in doomed:
        shutil.rmtree(path, ignore_errors=True)
    return [path.name for path in doomed]
