"""Lines of files that only grow, each with a mark that only who has the home's secret can make: of where it stands, and of what it says.

A ledger seals such a file now and then, and lines are added in between. Without a mark, a line put there by hand would be sealed with them; a
mark copied from another line is of another place.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from goodwill.home import Home
from goodwill.privacy.hashing import HashKeys, hash_keys

__all__ = ["first_unmarked", "marked", "without_mark"]

_MARK = "mark"


def marked(home: Home, path: Path, before: int, lines: Sequence[Mapping[str, Any]]) -> bytes:
    """The text of `lines`, to be appended to a file that has `before` of them."""
    keys = hash_keys(home, "lines")
    read_back = (json.loads(json.dumps(line)) for line in lines)  # as whoever looks at the mark will see them
    return b"".join(
        json.dumps({**line, _MARK: _mark(keys, path, number, line)}, ensure_ascii=False).encode() + b"\n"
        for number, line in enumerate(read_back, before + 1)
    )


def without_mark(line: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says."""
    return {name: value for name, value in line.items() if name != _MARK}


def first_unmarked(home: Home, path: Path, size: int) -> int | None:
    """The number of the first line behind `size` bytes that was not written with `marked`; `None` where all were."""
    content = path.read_bytes()
    before = content[:size].count(b"\n")
    keys = hash_keys(home, "lines")
    for number, text in enumerate(content[size:].splitlines(), before + 1):
        try:
            line = json.loads(text)
            mark = line.pop(_MARK)
        except (ValueError, KeyError, TypeError, AttributeError):
            return number
        if mark != _mark(keys, path, number, line):
            return number
    return None


def _mark(keys: HashKeys, path: Path, number: int, line: Mapping[str, Any]) -> str:
    return keys.hash(f"{path.name} {number} {json.dumps(line, ensure_ascii=False, sort_keys=True)}")
