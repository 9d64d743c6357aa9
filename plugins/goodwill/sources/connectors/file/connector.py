"""The connector of files: each new or changed file is a part; one already landed costs a look at its size and time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from goodwill.errors import SourceError
from goodwill.files import digest
from goodwill.sources.connectors.file.finding import find_files, named
from goodwill.sources.connectors.file.reading import FileFacts, columns_of, inspect_file
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.writing import write_rows
from goodwill.sources.connectors.protocol import Approach, Labels, Written

__all__ = ["CONNECTOR"]


@dataclass(frozen=True)
class FilePart:
    """One file."""

    source: FileSource
    path: Path
    name: str
    modified_ns: int

    @cached_property
    def facts(self) -> FileFacts:
        return inspect_file(self.source, self.path)

    @property
    def sha256(self) -> str:
        return self.facts.sha256

    def columns(self) -> dict[str, str]:
        return columns_of(self.source, self.path) if self.facts.size else {}

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        if not columns:
            return Written(0, 0, "", self.facts.sha256, self.facts.size, self.modified_ns)
        rows, malformed, relation = write_rows(self.source, self.facts, columns, labels, folder)
        return Written(rows, malformed, relation, self.facts.sha256, self.facts.size, self.modified_ns)

    def verify(self) -> None:
        status = self.path.stat()
        if (status.st_size, status.st_mtime_ns) != (self.facts.size, self.modified_ns) and digest(self.path) != self.facts.sha256:
            raise SourceError(
                f"source {self.source.name!r}: file {self.path} changed while it was read",
                "wait until it is written whole, then run again",
            )


class FileConnector:
    """Files in a folder."""

    settings = FileSource

    def parts(self, source: FileSource, approach: Approach) -> Iterator[FilePart]:
        for path in find_files(approach.root, source):
            name = named(approach.root, source, path)
            status = path.stat()
            seen = approach.seen.get(name)
            if seen and (seen.bytes, seen.modified_ns) == (status.st_size, status.st_mtime_ns):
                continue
            yield FilePart(source, path, name, status.st_mtime_ns)


CONNECTOR = FileConnector()
