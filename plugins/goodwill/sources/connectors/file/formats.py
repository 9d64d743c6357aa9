"""One little protocol for every format: the columns of a file, and its rows written."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Protocol

from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import Labels

__all__ = ["Format", "Landed"]


class Landed(NamedTuple):
    """Rows written, malformed rows among them, the relation that reads the source again, the columns that hold plain text only, and what was noticed (`CODE: what`)."""

    rows: int
    malformed: int
    relation: str
    plain: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()


class Format(Protocol):
    """One way a file may be written: a class of this folder, made for one file."""

    def __init__(self, source: FileSource, path: Path, name: str) -> None: ...

    #: Column → how the file writes its name, where blanks were taken off it; filled by `columns()`.
    spellings: dict[str, str]

    def columns(self) -> dict[str, str]:
        """Column → SQL type as in the file; none where the file is empty and may be."""

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Landed:
        """Write the rows to `folder / ROWS`."""
