"""Whether the rows of the audit ledger are to be believed: the first one that is not, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from goodwill.audit.heads import Head
from goodwill.audit.key import Key
from goodwill.audit.ledger import FIRST, Entry, ledger_file
from goodwill.home import Home

__all__ = ["Chain", "against", "verify_chain"]


@dataclass(frozen=True)
class Chain:
    """What the ledger holds up to its first bad row, and what that is; `problem` is empty where all is well."""

    entries: tuple[Entry, ...]
    problem: str = ""

    @property
    def head(self) -> Head | None:
        return self.entries[-1].head if self.entries else None


def verify_chain(home: Home, known: Iterable[tuple[str, Head]] = ()) -> Chain:
    """Read the ledger from its first row to the first that cannot be believed.

    Parameters
    ----------
    known : heads that were seen earlier, each with who keeps it (`the manifest of publication X`): the ledger must still hold them.
    """
    file = ledger_file(home)
    lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
    if not lines:
        return against(Chain(()), known)
    key = Key.of(home)
    parsed = [Entry.parse(line) for line in lines]
    entries: list[Entry] = []
    for number, (line, entry) in enumerate(zip(lines, parsed, strict=True), 1):
        problem = _problem(number, line, entry, entries[-1].hash if entries else FIRST, key, parsed)
        if problem:
            return Chain(tuple(entries), problem)
        assert entry is not None
        entries.append(entry)
    return against(Chain(tuple(entries)), known)


def against(chain: Chain, known: Iterable[tuple[str, Head]]) -> Chain:
    """Hold a chain whose rows are in order against heads that were seen earlier."""
    entries, witnesses = chain.entries, sorted(known, key=lambda each: (each[1].seq, each[0]))
    if witnesses and not entries:
        return Chain((), f"the ledger is gone, and {witnesses[-1][0]} knows its row {witnesses[-1][1].seq}")
    for who, seen in witnesses:
        if 0 < seen.seq <= len(entries) and entries[seen.seq - 1].hash != seen.hash:
            return Chain(entries[: seen.seq - 1], f"row {seen.seq} is not the one that {who} knows: the ledger was written anew")
    if witnesses and witnesses[-1][1].seq > len(entries):
        who, seen = witnesses[-1]
        return Chain(entries, f"rows {len(entries) + 1} to {seen.seq} were cut off: {who} knows row {seen.seq}")
    return chain


def _problem(number: int, line: bytes, entry: Entry | None, previous: str, key: Key, every: list[Entry | None]) -> str:
    """What is wrong with the row at a place, where all before it are right; empty if nothing is."""
    if entry is None:
        if not line.endswith(b"\n"):
            return f"row {number} is torn: its writer was killed, or the end of the file was cut off; the next row that is written heals it"
        return f"row {number} was changed: it is not a row of the ledger"
    if not key.fits(entry.content(), entry.hash):
        if entry.key != key.name:
            return f"row {number} is signed with another key ({entry.key}, and here it is {key.name})"
        return f"row {number} was changed, or added by somebody without the key"
    if entry.seq != number:
        wanted = any(other and other.seq == number for other in every[number:])
        if entry.seq < number:
            return f"row {number} is a copy of row {entry.seq}"
        return f"row {number} was moved: row {entry.seq} stands in its place" if wanted else f"row {number} was removed"
    if entry.previous != previous:
        return f"row {number} does not follow row {number - 1}: one of the two is from another copy of the ledger"
    return ""
