"""The proof of an erasure: what was done, counted, in the audit ledger, with a seal for every file that was changed; nothing of the person."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from goodwill.audit import ledger
from goodwill.audit.seals import lengths
from goodwill.files import digest
from goodwill.home import Home

__all__ = ["prove", "sealed"]


def sealed(home: Home, changed: Iterable[Path]) -> dict[str, Any]:
    """The facts `seals` (file in the home → the SHA-256 it has from now on, or nothing if it is gone) and `bytes` of what was changed."""
    inside = sorted(path for path in changed if path.is_relative_to(home.root))
    seals = {str(path.relative_to(home.root)): digest(path) if path.exists() else None for path in inside}
    return {"seals": seals, "bytes": lengths(home, seals)}


def prove(home: Home, facts: dict[str, Any]) -> None:
    """Put an erasure on record, once however often it was begun."""
    done = (entry for entry in ledger.read_entries(home) if entry.kind == "erasure")
    if not any(entry.facts.get("erasure") == facts["erasure"] for entry in done):
        ledger.append(home, "erasure", facts)
