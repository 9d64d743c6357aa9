"""What landed before the list was as it is now, and what a backup brought back: held against the list each night, source by source.

What was made of such rows (the accepted warehouse, publications, ledgers of segments) came back with them. What the list recognises in the
rows is written down for the owner alone before they are rewritten, and taken out of everything else before the night looks at it.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path

from goodwill.audit import ledger
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.extract.forgetting import recognised
from goodwill.files import sync
from goodwill.forgetting.changes import Changes
from goodwill.forgetting.elsewhere import clear
from goodwill.forgetting.erasing import renamed
from goodwill.forgetting.known import Known
from goodwill.forgetting.landing import hold_against_list
from goodwill.forgetting.proof import sealed
from goodwill.forgetting.sought import Sought
from goodwill.forgetting.tables import Traces
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.privacy.hashing import hash_keys
from goodwill.settings import load_business
from goodwill.sources import Source

__all__ = ["clear_what_came_back", "reapply"]


def reapply(home: Home, source: Source, zone: str) -> int:
    """Rewrite the batches of a source that still tell of somebody on the list, or whose rows are over; say so in the ledger; returns how many rows."""
    listed = Forgotten.of(home)
    if listed:
        _write_down(home, source, zone, listed)
    elif not home.expired_file.exists():
        return 0
    changes = Changes(home.privacy / f"reapplied-{source.name}.changed")
    done = hold_against_list(home, source, zone, changes=changes)
    rows, over = sum(len(each.rows) for each in done), sum(each.over for each in done)
    if changes.path.exists():
        facts = {"reapplied_to": source.name, "batches": len(done), "rows": rows, "over": over, **sealed(home, changes.files())}
        ledger.append(home, "retention" if over and not rows else "erasure", facts)
        changes.path.unlink()
    return rows + over


def _write_down(home: Home, source: Source, zone: str, listed: Forgotten) -> None:
    """Note what the list recognises in batches that were held against another list, beside what an earlier night noted."""
    found: dict[str, str] = {}
    for manifest in read_manifests(home, source.name):
        if manifest.columns and manifest.forgotten_with != listed.version:
            found |= recognised(source, zone, manifest.columns, rows_file(home, manifest), listed)
    if not found:
        return
    note = home.privacy / f"came-back-{source.name}.json"
    before = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    beside = note.with_suffix(".new")
    handle = os.open(beside, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(before | found, stream)
    sync(beside)
    os.replace(beside, note)
    sync(home.privacy)


def clear_what_came_back(home: Home) -> int:
    """Take who came back with a backup out of all that was made of their rows; returns how many files were changed. The caller holds the lock."""
    notes = sorted(home.privacy.glob("came-back-*.json"))
    if not notes:
        return 0
    listed = Forgotten.of(home)
    people = _people(home, notes)
    words = frozenset(word for each in people for word in each.words().anywhere)
    changes = Changes(home.privacy / "came-back.changed")
    files = clear(home, Traces(renamed(home, listed, people), Sought(words)), changes.about_to)
    if changes.path.exists():
        ledger.append(home, "erasure", {"reapplied_to": "what was made of the rows", "files": files, **sealed(home, changes.files())})
        changes.path.unlink()
    for note in notes:
        note.unlink()
    sync(home.privacy)
    return files


def _people(home: Home, notes: list[Path]) -> list[Known]:
    """The people of the notes, as far as the list knows them: not by their names, which may stay in a log that came back."""
    region = load_business(home.business_file).identity.default_region
    by_person: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for note in notes:
        for key, person in json.loads(note.read_text(encoding="utf-8")).items():
            kind, _, value = key.partition(":")
            by_person[person][kind].append(value)
    keys = hash_keys(home)
    return [
        Known(
            person,
            contacts=tuple(known["contact"]),
            people=tuple(f"email:{keys.hash(email)}" for email in known["email"]),
            emails=tuple(known["email"]),
            phones=tuple(known["phone"]),
            region=region,
        )
        for person, known in sorted(by_person.items())
    ]
