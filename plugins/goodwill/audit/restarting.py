"""A new ledger after one that cannot be continued: its key is lost, its last row was changed, or it is gone."""

from __future__ import annotations

import os
from pathlib import Path

from goodwill.audit.heads import kept_heads
from goodwill.audit.ledger import append_all, ledger_file, locked, read_entries
from goodwill.audit.seals import last_seals, lengths, seal
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.files import sync
from goodwill.home import Home

__all__ = ["restart"]


def restart(home: Home, by: str, reason: str) -> Path | None:
    """Set the ledger aside and begin anew.

    The first row seals the old file as it is, and what that sealed as the files are now; it lists those that were changed or lost since, and
    the heads of rows that publications and runs know and the old file does not hold: it was cut off, or is gone.

    Returns
    -------
    Where the old ledger is; nothing where it is gone.

    Raises
    ------
    GoodwillError : there never was a ledger, or name and reason are missing.
    """
    file = ledger_file(home)
    is_there, known = file.exists(), {seen for _, seen in kept_heads(home)}
    if not is_there and not known:
        raise GoodwillError("this home has no ledger yet", "the next night begins one")
    if not by.strip() or not reason.strip():
        raise GoodwillError("a new ledger needs a name and a reason", "goodwill audit restart --by NAME --reason TEXT")
    aside = home.audit / f"ledger-until-{now():%Y%m%dT%H%M%S%f}.jsonl"
    seals: dict[str, str | None] = {}
    with locked(home):
        old = _readable(home)
        held = {entry.head for entry in read_entries(home)}
        for name in old:
            seals |= seal(home, home.root / name) or {name: None}
        if is_there:
            os.rename(file, aside)
            sync(home.audit)
    changed = sorted(name for name, sha256 in old.items() if seals[name] != sha256)
    facts = {
        "by": by,
        "reason": reason,
        "rows": len(held),
        "changed": changed,
        "lost": sorted(str(seen) for seen in known - held),
        "seals": {**seals, **seal(home, aside)},
        "bytes": lengths(home, seals),
    }
    append_all(home, [("restart", facts)], anew=True)
    return aside if is_there else None


def _readable(home: Home) -> dict[str, str | None]:
    """What the old ledger sealed, as far as it can be read."""
    try:
        return {name: sealed.sha256 for name, sealed in last_seals(home).items()}
    except ValueError:
        return {}
