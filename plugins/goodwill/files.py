"""The few things we do to files with care: digests, and making sure that what is written is on disk."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from goodwill.errors import GoodwillError

__all__ = [
    "PATIENCE",
    "append_json_line",
    "begins_with",
    "digest",
    "guarded",
    "json_lines",
    "name_order",
    "private_folder",
    "replace_text",
    "sync",
]

#: Seconds to wait for another process to be done with a change that takes milliseconds.
PATIENCE = 30.0
_DIGITS = re.compile(r"([0-9]+)")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def begins_with(path: Path, size: int, sha256: str) -> bool:
    """Whether a file is longer than so many bytes, and these are still the ones of a digest: it was only appended to."""
    if path.stat().st_size <= size:
        return False
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read(size)).hexdigest() == sha256


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on disk: a rename that survives a power cut needs both."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def private_folder(path: Path) -> None:
    """Make a folder, and see that nobody but its owner gets into it."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def replace_text(path: Path, text: str) -> None:
    """Write a small text file, whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, path)
    except OSError:  # a full disk
        beside.unlink(missing_ok=True)
        raise


def append_json_line(path: Path, content: dict[str, Any]) -> None:
    """Append an object to a file of one each line; what a full disk or a kill left half written before it stays alone."""
    line = json.dumps(content, default=str, ensure_ascii=False)
    with path.open("a+b") as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            line = line if stream.read(1) == b"\n" else f"\n{line}"
        stream.write(f"{line}\n".encode())


def json_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of one each line, none where there is no file; a line that was left half written is passed over."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        with suppress(ValueError):
            content = json.loads(line)
            found += [content] if isinstance(content, dict) else []
    return found


def name_order(name: str) -> tuple[object, ...]:
    """The place of a file among others by its name, folder by folder: numbers by what they say (`v9` before `v10`), a name before the longer one
    that begins with it, whatever the ending (`list.csv`, `list (1).csv`, `list-v2.csv`)."""
    folder, _, last = name.rpartition("/")
    stem = last.removesuffix(".gz").removesuffix(".zip")
    stem = stem.rpartition(".")[0] or stem

    def pieces(text: str) -> tuple[tuple[int, int, str], ...]:
        return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in _DIGITS.split(text) if part)

    return tuple(pieces(part) for part in (*folder.split("/"), stem)), name


@contextmanager
def guarded(guard: Path) -> Iterator[None]:
    """Of all processes that ask with the same `guard` file, one at a time goes on; one that dies lets go.

    Raises
    ------
    GoodwillError : another process has been in there for too long: it is stopped, not dead.
    """
    guard.parent.mkdir(parents=True, exist_ok=True)
    with guard.open("a") as stream:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise GoodwillError(
                        f"a process holds {guard} in the midst of a change, and does not go on",
                        f"find it with: fuser {guard}; let it go on (kill -CONT), or end it (kill -KILL): nothing is damaged by that",
                    ) from None
                time.sleep(0.01)
        yield
