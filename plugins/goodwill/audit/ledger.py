"""The audit ledger: one signed line of JSON for each thing that happened, each bound to the one before, outside the warehouse.

A row is `seq, at, kind, who, code, facts, previous, key, hash`: `previous` is the hash of the row before, `hash` the HMAC of all the rest.
Whoever lacks the key can change, remove, add or move nothing without `goodwill audit verify` naming the row; a cut-off end is found by
the heads that publications and runs keep.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import socket
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from goodwill.audit.heads import Head, kept_heads, lost
from goodwill.audit.key import Key
from goodwill.audit.version import code_version
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.files import guarded, sync
from goodwill.home import Home

__all__ = ["FIRST", "KINDS", "Entry", "append", "append_all", "head", "ledger_file", "locked", "read_entries"]

#: What a row can be about. `seals` in the facts of any row: path in the home → SHA-256 the file has from then on, or nothing if it is gone.
KINDS = frozenset(
    {
        "run",  # a night begins or ends
        "stage",  # a stage of it ends
        "batch",  # something landed
        "expectation",  # the checks of a boundary, counted
        "drift",  # what came in was held against the last good nights
        "publication",  # a set of marts is on record, and about to be seen
        "rollback",  # readers are shown an earlier publication
        "erasure",  # a person was forgotten
        "retention",  # rows whose time was over became nobody's
        "export",  # what is held about a person, or a masked copy of the home, was written
        "override",  # somebody decided by hand: who and why
        "review",  # the models were judged apart from a night
        "report",  # an auditors' report was put on file
        "sign_off",  # somebody signed one
        "housekeeping",  # something was removed because it was old
        "rebuild",  # a past publication was made again, and compared
        "migration",  # the home was brought to a newer form
        "healed",  # the ledger lost the torn end of a row whose writer was killed
        "restart",  # the ledger begins anew after one that could not be continued
    }
)
#: What the first row is bound to.
FIRST = "0" * 64


@dataclass(frozen=True)
class Entry:
    """One row. `who` is the account and host that wrote it, `code` the version, `key` the name of the key it is signed with."""

    seq: int
    at: str
    kind: str
    who: str
    code: str
    facts: Mapping[str, Any]
    previous: str
    key: str
    hash: str = ""

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)

    def content(self) -> bytes:
        """What is signed: everything but the hash."""
        return _canonical({name: value for name, value in vars(self).items() if name != "hash"})

    def line(self) -> bytes:
        return _canonical(vars(self)) + b"\n"

    @classmethod
    def parse(cls, line: bytes) -> Entry | None:
        """The row of a line, or `None` if the line is not exactly what this module writes."""
        try:
            entry = cls(**json.loads(line))
            return entry if entry.line() == line and entry.hash else None
        except (ValueError, TypeError):
            return None


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=str)


def _canonical(value: Any) -> bytes:
    """JSON in one way only."""
    return _ENCODER.encode(value).encode()


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def ledger_file(home: Home) -> Path:
    """Where the ledger of a home is."""
    return home.audit / "ledger.jsonl"


def locked(home: Home) -> AbstractContextManager[None]:
    """Nobody else writes the ledger meanwhile."""
    return guarded(home.audit / ".ledger.lock")


def append(home: Home, kind: str, facts: Mapping[str, Any]) -> Entry:
    """Write one row; when this returns it is on disk.

    Parameters
    ----------
    kind : one of `KINDS`.
    facts : what happened, as JSON knows it (dates and decimals become text). No personal data: a ledger forgets nothing.

    Raises
    ------
    GoodwillError : the last row cannot be continued: it was changed, or signed with another key.
    """
    return append_all(home, [(kind, facts)])[-1]


def append_all(home: Home, rows: Iterable[tuple[str, Mapping[str, Any]]], anew: bool = False) -> list[Entry]:
    """Write several rows at once, all or none of them after a failure that can be caught.

    Raises
    ------
    GoodwillError : as for `append`; or there is no row to continue, and somebody knows one: only `anew` begins another ledger then.
    """
    wanted = list(rows)
    unknown = sorted({kind for kind, _ in wanted} - KINDS)
    if unknown:
        raise ValueError(f"no such kind of ledger row: {', '.join(unknown)}")
    key, file = Key.of(home), ledger_file(home)
    with locked(home):
        is_new = not file.exists()
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            last, torn = _last(handle, key)
            known = max(kept_heads(home), key=lambda each: each[1].seq, default=None) if last.seq == 0 and not anew else None
            if known:
                raise lost(*known, rows=0)
            if torn:
                wanted.insert(0, ("healed", {"bytes": len(torn), "sha256": hashlib.sha256(torn).hexdigest()}))
            entries: list[Entry] = []
            for kind, facts in wanted:
                plain = json.loads(_canonical(dict(facts)))
                at = now().isoformat(sep=" ", timespec="milliseconds")
                entry = Entry(last.seq + 1, at, kind, _who(), code_version(), plain, last.hash, key.name)
                entries.append(replace(entry, hash=key.sign(entry.content())))
                last = entries[-1].head
            _write(handle, b"".join(entry.line() for entry in entries))
        except GoodwillError:
            if is_new:  # no empty file in the place of one that is gone
                file.unlink()
            raise
        finally:
            os.close(handle)
        if is_new:
            sync(home.audit)
    return entries


def _write(handle: int, content: bytes) -> None:
    """Append to a file, and take back what was written of it if not all could be."""
    before = os.fstat(handle).st_size
    try:
        done = 0
        while done < len(content):
            done += os.write(handle, content[done:])
        os.fsync(handle)
    except OSError:
        with suppress(OSError):
            os.ftruncate(handle, before)
        raise


def _last(handle: int, key: Key) -> tuple[Head, bytes]:
    """The head to go on from, and the torn bytes that were cut off behind it.

    A row that lacks nothing but its line end is completed, not cut.
    """
    line, rest, end = _tail(handle)
    if rest:
        whole = Entry.parse(rest + b"\n")
        if whole and key.fits(whole.content(), whole.hash):
            _write(handle, b"\n")
            return whole.head, b""
        os.ftruncate(handle, end)
    if not line:
        return Head(0, FIRST), rest
    entry = Entry.parse(line)
    if not entry or not key.fits(entry.content(), entry.hash):
        other = entry is not None and entry.key != key.name
        raise GoodwillError(
            f"the audit ledger cannot be continued: its last row {'is signed with another key' if other else 'was changed'}",
            "goodwill audit verify says more; give back the right key or the right file, "
            "or begin a new ledger beside the old one: goodwill audit restart --by NAME --reason TEXT",
        )
    return entry.head, rest


def _tail(handle: int) -> tuple[bytes, bytes, int]:
    """The last whole line, what stands behind it, and where that begins."""
    size = os.fstat(handle).st_size
    want = 1 << 16
    while True:
        start = max(0, size - want)
        block = os.pread(handle, size - start, start)
        end = block.rfind(b"\n") + 1
        begin = block.rfind(b"\n", 0, end - 1) + 1 if end else 0
        if begin or not start:
            return block[begin:end], block[end:], start + end
        want *= 4


def read_entries(home: Home) -> list[Entry]:
    """Every row that can be read, oldest first, unverified: see `audit.verifying` for whether they are to be believed."""
    file = ledger_file(home)
    if not file.exists():
        return []
    with file.open("rb") as stream:
        return [entry for line in stream if (entry := Entry.parse(line))]


def head(home: Home) -> Head | None:
    """The last whole row of the ledger, or `None` if there is none."""
    file = ledger_file(home)
    if not file.exists():
        return None
    handle = os.open(file, os.O_RDONLY)
    try:
        entry = Entry.parse(_tail(handle)[0])
    finally:
        os.close(handle)
    return entry.head if entry else None
