"""What landed before the list was as it is now, and what a backup brought back: held against the list each night, source by source."""

from __future__ import annotations

from goodwill.audit import ledger
from goodwill.forgetting.changes import Changes
from goodwill.forgetting.landing import hold_against_list
from goodwill.forgetting.proof import seals
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.sources import Source

__all__ = ["reapply"]


def reapply(home: Home, source: Source, zone: str) -> int:
    """Rewrite the batches of a source that still tell of somebody on the list, and say so in the ledger; returns how many rows were theirs."""
    if not Forgotten.of(home):
        return 0
    changes = Changes(home.privacy / f"reapplied-{source.name}.changed")
    done = hold_against_list(home, source, zone, changes=changes)
    rows = sum(len(each.rows) for each in done)
    if changes.path.exists():
        facts = {"reapplied_to": source.name, "batches": len(done), "rows": rows, "seals": seals(home, changes.files())}
        ledger.append(home, "erasure", facts)
        changes.path.unlink()
    return rows
