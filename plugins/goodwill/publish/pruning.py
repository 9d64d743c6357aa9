"""Old publications go, on record: never the present one, never the last few."""

from __future__ import annotations

import shutil

from goodwill import audit
from goodwill.audit.seals import gone, gone_within
from goodwill.home import Home
from goodwill.publish.swap import current_run, publications

__all__ = ["prune", "take_away"]


def take_away(home: Home, *run_ids: str) -> list[str]:
    """Remove publications that are not the present one, and say so in the ledger first. Returns those that were there."""
    present = current_run(home)
    doomed = [run_id for run_id in run_ids if run_id != present and (home.published / run_id).is_dir()]
    if doomed:
        folders = [home.published / run_id for run_id in doomed]
        seals = gone(home, *(folder / "manifest.json" for folder in folders)) | gone_within(home, *folders)
        audit.append(home, "housekeeping", {"removed": "publications", "runs": doomed, "seals": seals})
    for run_id in doomed:
        # out of sight in one step, so that a reader finds a publication whole or not at all
        away = home.published / f".removed-{run_id}"
        (home.published / run_id).rename(away)
        shutil.rmtree(away, ignore_errors=True)
    return doomed


def prune(home: Home, keep: int) -> list[str]:
    """Remove all but the newest `keep` publications, never the present one; half-built leftovers go too. Returns what was removed."""
    left = [path for pattern in (".building-*", ".removed-*") for path in home.published.glob(pattern)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return [*(path.name for path in left), *take_away(home, *(each.run_id for each in publications(home)[:-keep]))]
