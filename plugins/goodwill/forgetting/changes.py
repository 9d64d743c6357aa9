"""What an erasure is about to change, on disk before each step: one that is cut off still knows all of it when it goes on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from goodwill.files import append_json_line, json_lines, sync

__all__ = ["Changes"]


class Changes:
    """One line a change: a file, or the rows of a batch that were somebody's. Nothing personal."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def about_to(self, file: Path) -> None:
        """A file is about to be changed."""
        self._note({"file": str(file)})

    def owned(self, batch_id: str, rows: Iterable[int]) -> None:
        """Rows of a batch are somebody's, and about to be so no more."""
        self._note({"batch": batch_id, "rows": sorted(rows)})

    def files(self) -> set[Path]:
        return {Path(line["file"]) for line in self._lines() if "file" in line}

    def rows(self) -> frozenset[tuple[str, int]]:
        return frozenset((line["batch"], row) for line in self._lines() if "batch" in line for row in line["rows"])

    def _note(self, line: dict[str, Any]) -> None:
        append_json_line(self.path, line)
        sync(self.path)

    def _lines(self) -> list[dict[str, Any]]:
        return json_lines(self.path)  # a line that was cut off was to be followed by a change that was not made
