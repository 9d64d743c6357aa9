"""A sample of a file: its columns and first rows as text, and how it has to be read (encoding, delimiter)."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

import duckdb

from goodwill.errors import SourceError
from goodwill.sources.connectors import CONNECTORS
from goodwill.sources.connectors.file.contents import packing_of, zip_member
from goodwill.sources.connectors.file.dialect import lines_of
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.file.trailing import nameless_columns
from goodwill.sources.connectors.protocol import ROW_PLUMBING, ROWS, Approach, Labels
from goodwill.sources.proposing.cutting import cut_of
from goodwill.sources.proposing.looks import look_at
from goodwill.sources.proposing.workbook import Sheet, sheets_of
from goodwill.sql import identifier, literal

__all__ = ["Sample", "read_samples"]

SAMPLE_ROWS = 20_000
SAMPLE_BYTES = 1 << 23
TEXT = (".csv", ".tsv", ".txt", ".tab", ".csv.gz", ".tsv.gz", ".txt.gz")


@dataclass(frozen=True)
class Sample:
    """The first rows of a file.

    Parameters
    ----------
    columns : column → its values, trimmed, in row order; an empty cell is ''.
    settings : what `sources.yml` must say so that the file reads, where it is not the default.
    whole : the sample is all of the file.
    sheet : of a workbook with several, the one it is of.
    """

    path: Path
    columns: dict[str, list[str]]
    settings: dict[str, Any] = field(default_factory=dict)
    whole: bool = True
    sheet: str = ""

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values()), []))


def read_samples(path: Path) -> tuple[list[Sample], list[tuple[str, SourceError]]]:
    """The sample of one file, of whatever format the connector of files reads; of a workbook one of each sheet, and why some have none.

    Raises
    ------
    SourceError : the file is not there, empty, has no header line, or cannot be read.
    """
    if not path.is_file():
        raise SourceError(f"{path}: no such file", "name a file that is there")
    if not path.stat().st_size:
        raise SourceError(f"{path}: is empty (0 bytes)", "name a file with a header line and a few rows")
    sheets = sheets_of(path) if _source(path).format_of(path.name) == "excel" else []
    if len(sheets) <= 1:
        return [_sample(path, sheets[0] if sheets else None)], []
    samples, without = [], []
    for sheet in sheets:
        try:
            samples.append(_sample(path, sheet))
        except SourceError as error:
            without.append((sheet.title, error))
    return samples, without


def _sample(path: Path, sheet: Sheet | None) -> Sample:
    """The sample of a file, or of one of its sheets."""
    if sheet and not sheet.header_row:
        raise SourceError(f"{path}: no row names the columns of a table", "give it a row with a name above each column")
    try:
        sample = _text_sample(path) if _is_text(path) else _other_sample(path, sheet)
    except csv.Error as error:
        raise SourceError(
            f"{path}: cannot be cut into fields ({error})",
            "see whether a quotation mark is left open; where quotes are letters like others, a source says 'quote: none'",
        ) from None
    data = next((name for name in sample.columns if look_at([name]).shape in ("number", "time", "email")), None)
    if data is not None:
        raise SourceError(
            f"{path}: the first line looks like data ({data!r}), not like names", "give it a first line that names the columns"
        )
    names = [name.lower() for name in sample.columns]
    if "" in names:
        raise SourceError(f"{path}: column {names.index('') + 1} has no name in the header", "name every column in the first line")
    if not sample.rows:
        raise SourceError(f"{path}: has a header and no rows", "name a file with a few rows")
    return sample


def _source(path: Path, settings: Mapping[str, Any] | None = None) -> FileSource:
    """The file as a source that declares these settings alone; the scratch folder is no home for it."""
    return FileSource.model_construct(name="sample", path=str(path.resolve()), entities={}, **(settings or {}))


def _is_text(path: Path) -> bool:
    name = path.name.lower()
    return name.endswith(TEXT) or (packing_of(name) == "zip" and _source(path).format_of(name) == "csv")


def _other_sample(path: Path, sheet: Sheet | None) -> Sample:
    """Through the connector itself, which knows the format by the name."""
    settings = sheet.settings if sheet else {}
    source = _source(path, settings)
    with tempfile.TemporaryDirectory() as folder:
        approach = Approach(Path(folder), "UTC", Path(folder) / "unfinished", limit=SAMPLE_ROWS)
        (part,) = CONNECTORS["file"].parts(source, approach)
        columns = part.columns()
        written = part.write(Path(folder), columns, Labels("", path.name, "2000-01-01"))
        kept = [name for name in columns if name not in ROW_PLUMBING]
        texts = ", ".join(f"trim(coalesce(cast({identifier(name)} as varchar), ''))" for name in kept)
        rows = duckdb.sql(
            f"select {texts} from read_parquet({literal(str(Path(folder) / ROWS))}) order by __row_no limit {SAMPLE_ROWS}"
        ).fetchall()
    values = {name: [row[place] for row in rows] for place, name in enumerate(kept)}
    return Sample(path, values, settings, written.rows <= SAMPLE_ROWS, sheet.title if sheet and not sheet.is_only else "")


@contextmanager
def _bytes(path: Path) -> Iterator[BinaryIO]:
    """The file's text as bytes, unpacked as its name says."""
    packing = packing_of(path.name)
    if packing == "zip":
        archive, member = zip_member(_source(path), str(path), path)
        with archive, archive.open(member) as packed:
            yield cast(BinaryIO, packed)
    else:
        with gzip.open(path, "rb") if packing == "gz" else path.open("rb") as stream:
            yield cast(BinaryIO, stream)


def _encoding(path: Path) -> str:
    """UTF-8 if every byte of the file allows it, else what its bytes speak for."""
    with _bytes(path) as stream:
        head = stream.read(4096)
        if head.startswith(b"\x1f\x8b"):
            raise SourceError(f"{path}: is gzip-compressed but its name does not end in .gz", "rename it with .gz")
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or head[1::2].count(0) > len(head) / 4:
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_utf8, controls = True, False
        while chunk := head or stream.read(1 << 22):
            head = b""
            controls = controls or bool(re.search(rb"[\x80-\x9f]", chunk))
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
    # the bytes 80 to 9F are letters and signs in the Windows code page, and nothing in Latin-1
    return "utf-8" if is_utf8 else "cp1252" if controls else "latin-1"


def _text_sample(path: Path) -> Sample:
    try:
        encoding = _encoding(path)
        with _bytes(path) as stream:
            raw = stream.read(SAMPLE_BYTES)
            whole = not stream.read(1)
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise SourceError(f"{path}: cannot be read ({error})", "see whether it is whole and named for what it is") from None
    text = raw.decode("utf-8-sig" if encoding == "utf-8" else encoding, "ignore")
    lines = lines_of(text)
    if not whole:
        lines.pop()
    if not any(line.strip() for line in lines):
        raise SourceError(f"{path}: holds nothing but blanks", "name a file with a header line and a few rows")
    cut = cut_of(lines, path)
    filled = cut.records(lines)
    header = [name.strip() for name in next(filled)]
    top = next(place for place, line in enumerate(lines) if line.strip())
    nameless, unsaid = nameless_columns(_source(path, cut.settings), path.name, header, "".join(lines[top + 1 : top + 1000]))
    width = len(header) + (nameless if unsaid else 0)
    header = header[: width - nameless]
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise SourceError(f"{path}: the header names a column twice: {', '.join(map(repr, twice))}", "give each column its own name")
    kept = [record for record, _ in zip(filled, range(SAMPLE_ROWS + 1), strict=False) if len(record) == width]
    settings = ({"encoding": encoding} if encoding != "utf-8" else {}) | cut.settings
    columns = {name: [record[place].strip() for record in kept[:SAMPLE_ROWS]] for place, name in enumerate(header)}
    return Sample(path, columns, settings, whole and len(kept) <= SAMPLE_ROWS)
