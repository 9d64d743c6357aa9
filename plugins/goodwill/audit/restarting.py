"""A new ledger after one that cannot be continued: its key is lost, or its last row was changed."""

from __future__ import annotations

import os
from pathlib import Path

from goodwill.audit.ledger import append_all, ledger_file, locked
from goodwill.audit.seals import last_seals, seal
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.files import sync
from goodwill.home import Home

__all__ = ["restart"]


def restart(home: Home, by: str, reason: str) -> Path:
    """Set the ledger aside and begin anew.

    The first row seals the old file as it is, and what that sealed as the files are now; it lists those that were changed or lost since.

    Returns
    -------
    Where the old ledger is.

    Raises
    ------
    GoodwillError : there is no ledger, or name and reason are missing.
    """
    file = ledger_file(home)
    if not file.exists():
        raise GoodwillError("this home has no ledger yet", "the next night begins one")
    if not by.strip() or not reason.strip():
        raise GoodwillError("a new ledger needs a name and a reason", "goodwill audit restart --by NAME --reason TEXT")
    aside = home.audit / f"ledger-until-{now():%Y%m%dT%H%M%S%f}.jsonl"
    with locked(home):
        old = _readable(home)
        seals: dict[str, str | None] = {}
        for name in old:
            seals |= seal(home, home.root / name) or {name: None}
        os.rename(file, aside)
        sync(home.audit)
    rows = aside.read_bytes().count(b"\n")
    changed = sorted(name for name, sha256 in old.items() if seals[name] != sha256)
    facts = {"by": by, "reason": reason, "rows": rows, "changed": changed, "seals": {**seals, **seal(home, aside)}}
    append_all(home, [("restart", facts)])
    return aside


def _readable(home: Home) -> dict[str, str | None]:
    """What the old ledger sealed, as far as it can be read."""
    try:
        return {name: sealed.sha256 for name, sealed in last_seals(home).items()}
    except ValueError:
        return {}
