"""Heads of the ledger: what its last row was at some moment, as publications, records of runs and auditors keep it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from goodwill.errors import GoodwillError
from goodwill.home import Home

__all__ = ["Head", "kept_heads", "lost"]


@dataclass(frozen=True)
class Head:
    """The last row of a ledger at some moment: what an auditor keeps."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """Read `12:9f3c…` back.

        Raises
        ------
        GoodwillError : it is not a head.
        """
        seq, _, digest = text.strip().partition(":")
        if not seq.isdigit() or len(digest) != 64:
            raise GoodwillError(f"{text!r} is not a head of the ledger", "it is a number, a colon and 64 hexadecimal digits")
        return cls(int(seq), digest)


def kept_heads(home: Home) -> Iterator[tuple[str, Head]]:
    """Heads of the ledger that publications and the records of runs keep, each with who keeps it."""
    manifest, record = "the manifest of publication", "the record of run"
    # `run.json` had the head in it before that was sealed itself
    for pattern, who in (("published/*/manifest.json", manifest), ("runs/*/run.json", record), ("runs/*/ledger_head", record)):
        for path in sorted(home.root.glob(pattern)):
            if path.parent.is_symlink() or path.parent.name.startswith("."):
                continue
            try:
                text = path.read_text(encoding="utf-8")
                said = json.loads(text).get("ledger_head") if path.suffix else text
                if said:
                    yield f"{who} {path.parent.name}", Head.parse(said)
            except (ValueError, AttributeError, GoodwillError):
                continue  # a manifest that was damaged is named by its seal


def lost(who: str, seen: Head, rows: int) -> GoodwillError:
    """What is said where rows that somebody knows are not in the ledger."""
    said = f"rows {rows + 1} to {seen.seq} of the audit ledger are gone" if rows else "the audit ledger is gone"
    return GoodwillError(
        f"{said}: {who} knows its row {seen.seq}",
        "restore audit/ledger.jsonl from a backup, and find out who removed it; or, if it is lost, "
        "begin a new one that says so: goodwill audit restart --by NAME --reason TEXT",
    )
