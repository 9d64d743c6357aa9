"""The connector of files: each new or changed file is a part; one already landed costs a look at its size and time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from goodwill.errors import SourceError
from goodwill.files import digest
from goodwill.sources.connectors.file.contents import check_contents
from goodwill.sources.connectors.file.delimited import DelimitedFile
from goodwill.sources.connectors.file.excel import ExcelFile
from goodwill.sources.connectors.file.finding import find_files, is_ready, named, settled
from goodwill.sources.connectors.file.formats import Format, Landed
from goodwill.sources.connectors.file.header import healed, spelled
from goodwill.sources.connectors.file.json_lines import JsonLinesFile
from goodwill.sources.connectors.file.parquet import ParquetFile
from goodwill.sources.connectors.file.problems import problem
from goodwill.sources.connectors.file.remote import RemoteFile, find_remote
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.text import TextFile
from goodwill.sources.connectors.protocol import Approach, Labels, Seen, Written
from goodwill.sql import column_key

__all__ = ["CONNECTOR"]

_FORMATS: dict[str, type[Format]] = {"csv": DelimitedFile, "excel": ExcelFile, "json_lines": JsonLinesFile, "parquet": ParquetFile}


@dataclass(frozen=True)
class FilePart:
    """One file. `locate` gives the path of its bytes here; `modified_ns` stands for its version; `seen` is what landed of it before."""

    source: FileSource
    name: str
    modified_ns: int | None
    locate: Callable[[], Path]
    moved: Callable[[], bool]
    say: Callable[[str], None]
    seen: Seen | None = None
    healed: dict[str, str] = field(default_factory=dict)  # column of the mapping → how the file writes it

    @cached_property
    def path(self) -> Path:
        return self.locate()

    @cached_property
    def size(self) -> int:
        return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        """Digest of the bytes; a file that is not what its name says is refused before it is read through."""
        try:
            with self.path.open("rb") as stream:
                first = stream.read(1024)
            if not first and not self.source.empty_allowed:
                remedy = "send the file again, or set 'empty_allowed: true' for this source"
                raise problem(self.source, self.name, "is empty (0 bytes)", remedy)
            if first:
                check_contents(self.source, self.name, first)
            return digest(self.path)
        except OSError as error:
            remedy = "check that it exists and that the night's user may read it"
            raise problem(self.source, self.name, f"cannot be read ({error.strerror})", remedy) from None

    @cached_property
    def _format(self) -> Format:
        return _FORMATS[self.source.format_of(self.name)](self.source, self.path, self.name)

    def columns(self) -> dict[str, str]:
        _ = self.sha256  # refuses what is not what it says
        if not self.size:
            return {}
        found = self._format.columns()
        known = healed(self.source, found)
        self._refuse_utf8_header([name for name in found if name not in known])
        self.healed.update(spelled(self.source, self._format.spellings, {name: known.get(name, name) for name in found}))
        return {known.get(name, name): sql_type for name, sql_type in found.items()}

    def _refuse_utf8_header(self, names: Iterable[str]) -> None:
        """A header in UTF-8 that is read in another encoding has names that nobody meant; what it has instead says so."""
        meant = {column_key(name) for mapping in self.source.entities.values() for name in mapping.source_columns()}
        for name in names:
            try:
                intended = name.encode(self.source.encoding).decode("utf-8")
            except UnicodeError:
                continue
            if intended != name and column_key(intended) in meant and column_key(name) not in meant:
                raise problem(
                    self.source,
                    self.name,
                    f"is UTF-8, not {self.source.encoding}: its column {intended!r} is read as {name!r}",
                    "have all files of this source written alike, or give those in UTF-8 a source of their own with 'encoding: utf-8'",
                )

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        landed = self._format.write(folder, columns, labels) if columns else Landed(0, 0, "")
        rows, malformed, relation, plain, noticed = landed
        warnings = (*self._warnings(), *noticed)
        return Written(rows, malformed, relation, self.sha256, self.size, self.modified_ns, plain=plain, warnings=warnings)

    def _warnings(self) -> Iterator[str]:
        if self.healed:
            yield f"HEALED_HEADER: {', '.join(f'{written!r} is read as {name!r}' for name, written in self.healed.items())}"
        is_text = self.source.format_of(self.name) in ("csv", "json_lines")
        if is_text and self.size and TextFile(self.source, self.path, self.name).looks_utf8:
            yield f"LOOKS_UTF8: it is read as {self.source.encoding}, but is UTF-8 by its bytes: letters such as é are read as two wrong ones"
        if self.seen and self.size < self.seen.bytes:
            yield f"SHRUNK: {self.size:,} bytes, where {self.seen.bytes:,} had landed under this name"

    def verify(self) -> None:
        if self.moved() and digest(self.path) != self.sha256:
            raise problem(self.source, self.name, "changed while it was read", "wait until it is written whole, then run again")


class FileConnector:
    """Files in a folder, or on a storage."""

    settings = FileSource

    def parts(self, source: FileSource, approach: Approach) -> Iterator[FilePart]:
        if source.quarantine_share is None:
            source = source.model_copy(update={"quarantine_share": approach.quarantine_share})
        return self._remote(source, approach) if source.is_remote else self._local(source, approach)

    def _local(self, source: FileSource, approach: Approach) -> Iterator[FilePart]:
        for path in find_files(approach.root, source):
            name = named(approach.root, source, path)
            status = path.stat()
            seen = approach.seen.get(name)
            if seen and (seen.bytes, seen.modified_ns) == (status.st_size, status.st_mtime_ns):
                continue
            if not is_ready(source, path):
                approach.say(f"{name}: not ready, its marker is not there yet")
                continue
            settled(source, path, name, shrunk=seen is not None and status.st_size < seen.bytes)
            now = path.stat()
            version = (now.st_size, now.st_mtime_ns)
            yield FilePart(source, name, now.st_mtime_ns, _same(path), _differs(path, version), approach.say, seen)

    def _remote(self, source: FileSource, approach: Approach) -> Iterator[FilePart]:
        for file in find_remote(source, approach.credentials):
            seen = approach.seen.get(file.url)
            if seen and file.is_like(seen.bytes, seen.modified_ns):
                continue
            yield FilePart(source, file.url, file.version, _fetched(file, approach.unfinished), _moved(file), approach.say, seen)
            file.forget(approach.unfinished)  # who asks for the next has landed this one; who was stopped finds its copy again
        shutil.rmtree(approach.unfinished, ignore_errors=True)


def _same(path: Path) -> Callable[[], Path]:
    return lambda: path


def _fetched(file: RemoteFile, folder: Path) -> Callable[[], Path]:
    return lambda: file.fetch(folder)


def _differs(path: Path, version: tuple[int, int]) -> Callable[[], bool]:
    def differs() -> bool:
        status = path.stat()
        return (status.st_size, status.st_mtime_ns) != version

    return differs


def _moved(file: RemoteFile) -> Callable[[], bool]:
    def moved() -> bool:
        if file.moved():
            raise SourceError(
                f"source {file.source.name!r}: file {file.url}: changed while it was read", "wait until it is written whole, then run again"
            )
        return False

    return moved


CONNECTOR = FileConnector()
