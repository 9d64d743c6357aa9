"""When the machine gives out (a full disk, too little memory, a file that another process holds): what it says, and what a person can do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from goodwill.errors import UNWRITABLE, GoodwillError

__all__ = ["MAKE_ROOM", "explained", "remedy_of"]

#: What to do about a full disk.
MAKE_ROOM = "make room (goodwill housekeeping, or a larger disk), then run again: nothing has to be cleaned up"

#: One remedy, whichever part of a night found too little.
_MORE_MEMORY = (
    "let the night have more memory (what ulimit -v, the container or the machine allows), then run again. The database takes up to "
    "$GOODWILL_MEMORY_LIMIT of it, 3GB unless it says otherwise: more where that limit was reached, less where the machine has not as much "
    "(it then works on disk what does not fit)"
)

#: What the system, the database or Python says → what to do.
_REMEDIES = {
    r"No space left on device|Errno 28|Disk quota exceeded|File too large|database or disk is full": MAKE_ROOM,
    r"Out of Memory Error|OutOfMemory|MemoryError|[Cc]annot allocate memory|could not allocate block|bad_alloc|failed to map segment|can't start new thread": _MORE_MEMORY,
    r"Could not set lock on file|Conflicting lock": "end the process that has the file open, and run again; whoever reads opens published/current, never the warehouse",
    r"[Cc]orrupt|not a valid DuckDB database": "run again: the next night builds everything from landing; goodwill audit verify says whether that is whole",
    r"Read-only file system": UNWRITABLE,
    r"Permission denied|Operation not permitted": "run as the user whom the home belongs to (ls -ld names them), or give this user rights there (chown, chmod)",
    r"Input/output error|Stale file handle": "the disk, or the way to it, gives errors: see the system's log (dmesg), mend it, then run again; goodwill audit verify says what is still whole",
}


def remedy_of(said: str) -> str | None:
    """What to do about an error of the machine, or `None` if it is none that is known."""
    return next((remedy for pattern, remedy in _REMEDIES.items() if re.search(pattern, said)), None)


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Raise an error of the machine as one that a person can act on.

    Raises
    ------
    GoodwillError : with what was being done, what the machine said, and the remedy; any other error goes on as it is.
    """
    try:
        yield
    except (OSError, MemoryError, ImportError, RuntimeError, duckdb.Error) as error:  # a library, a thread: there may be no memory for them
        found = next(((said, remedy) for said in map(_said, _chain(error)) if (remedy := remedy_of(said))), None)
        if found is None:
            raise
        raise GoodwillError(f"{doing}: {found[0]}", found[1]) from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what was behind it: a library that finds no memory may say of itself that it is broken."""
    at: BaseException | None = error
    while at is not None:
        yield at
        at = at.__cause__ or at.__context__


def _said(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
