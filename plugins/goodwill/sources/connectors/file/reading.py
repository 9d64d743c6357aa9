"""Source files as relations: what a file is, whether its structure is whole, and the SQL that reads it as text or as its own types."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import duckdb

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sql import identifier, literal

__all__ = ["FileFacts", "columns_of", "inspect_file", "open_text", "relation_sql"]

GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class FileFacts:
    """What one pass over the bytes of a file tells: its digest, its size, and whether it needs careful reading."""

    path: Path
    sha256: str
    size: int
    needs_care: bool


def _fail(source: FileSource, path: Path, what: str, remedy: str) -> SourceError:
    return SourceError(f"source {source.name!r}: file {path}: {what}", remedy)


def inspect_file(source: FileSource, path: Path) -> FileFacts:
    """Digest `path` and look for what a fast reader passes over in silence (NUL bytes, an odd number of quotes).

    Raises
    ------
    SourceError : the file cannot be read, is empty, is not what its name says, or is not text in the declared encoding.
    """
    digest, size, quotes, nul = hashlib.sha256(), 0, 0, False
    quote = source.quote.encode("utf-8", "ignore")
    try:
        with path.open("rb") as stream:
            magic = stream.read(2)
            stream.seek(0)
            while chunk := stream.read(1 << 22):
                digest.update(chunk)
                size += len(chunk)
                quotes += chunk.count(quote)
                nul = nul or b"\0" in chunk
    except OSError as error:
        raise _fail(
            source, path, f"cannot be read ({error.strerror})", "check that it exists and that the night's user may read it"
        ) from None
    if size == 0 and not source.empty_allowed:
        raise _fail(source, path, "is empty (0 bytes)", "send the file again, or set 'empty_allowed: true' for this source")
    if source.is_parquet:
        return FileFacts(path, digest.hexdigest(), size, needs_care=False)
    packed = path.suffix == ".gz"
    if packed and size and magic != GZIP_MAGIC:
        raise _fail(source, path, "is named .gz but is not compressed", "rename it without .gz, or compress it")
    if not packed and magic == GZIP_MAGIC:
        raise _fail(source, path, "is gzip-compressed but its name does not end in .gz", "rename it with .gz")
    _check_encoding(source, path)
    wide = source.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    return FileFacts(path, digest.hexdigest(), size, needs_care=not packed and not wide and (nul or quotes % 2 == 1))


def open_text(source: FileSource, path: Path) -> IO[str]:
    """The file as text: decompressed and decoded as declared, a byte-order mark dropped, line ends untouched."""
    encoding = "utf-8-sig" if source.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else source.encoding
    raw: IO[bytes] = gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[assignment]  # noqa: SIM115 - closed with the wrapper
    return io.TextIOWrapper(raw, encoding=encoding, newline="")


def _check_encoding(source: FileSource, path: Path) -> None:
    try:
        with open_text(source, path) as stream:
            while stream.read(1 << 22):
                pass
    except LookupError:
        raise _fail(source, path, f"unknown encoding {source.encoding!r}", "use a name such as utf-8, latin-1, cp1252 or utf-16") from None
    except UnicodeError as error:
        raise _fail(
            source,
            path,
            f"is not {source.encoding} text near line {_undecodable_line(source, path)} ({getattr(error, 'reason', error)})",
            "declare the file's 'encoding' (latin-1, cp1252, utf-16 …) or save it as UTF-8",
        ) from None
    except (OSError, EOFError) as error:
        raise _fail(source, path, f"is a broken compressed file ({error})", "send the file again") from None


def _undecodable_line(source: FileSource, path: Path) -> int:
    """The first line that is not text in the declared encoding (lines end where the bytes say so: exact for all but UTF-16 and UTF-32)."""
    number = 0
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            try:
                line.decode(source.encoding)
            except UnicodeError:
                return number
    return number


def _header(source: FileSource, path: Path) -> list[str]:
    with open_text(source, path) as stream:
        first = ""
        for line in stream:
            if line.strip():
                first = line
                break
        if source.delimiter == "whitespace":
            return first.split()
        return [name.strip() for name in next(csv.reader([first], delimiter=source.delimiter, quotechar=source.quote), [])]


def _checked(source: FileSource, path: Path, columns: dict[str, str] | list[str]) -> None:
    names = [name.lower() for name in columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise _fail(source, path, f"the header names a column twice: {', '.join(twice)}", "give each column its own name")
    if "" in names:
        raise _fail(source, path, f"column {names.index('') + 1} has no name in the header", "name every column in the first line")
    taken = sorted(set(names) & set(ROW_PLUMBING))
    if taken:
        raise _fail(source, path, f"reserved column names: {', '.join(taken)}", "rename these columns")


def columns_of(source: FileSource, path: Path) -> dict[str, str]:
    """The columns of a file and their SQL types (text files: all VARCHAR), in file order.

    Raises
    ------
    SourceError : no header, a name twice, or (Parquet) not a Parquet file.
    """
    if source.is_parquet:
        try:
            described = duckdb.sql(f"describe select * from read_parquet({literal(str(path))})").fetchall()
        except duckdb.Error as error:
            raise _fail(source, path, f"is not a readable Parquet file ({str(error).splitlines()[0]})", "send the file again") from None
        columns = {name: sql_type for name, sql_type, *_ in described}
        _checked(source, path, columns)
        return columns
    header = _header(source, path)
    if not header:
        if source.empty_allowed:
            return {}
        raise _fail(source, path, "has no header line", "the first line must name the columns")
    _checked(source, path, header)
    return dict.fromkeys(header, "VARCHAR")


def relation_sql(source: FileSource, path: Path, columns: dict[str, str]) -> str:
    """A select over the file: its columns, `__row_no` (1 = the first record), and `__malformed`/`__line` for records that are not whole."""
    whole = "cast(null as varchar) as __malformed, cast(null as varchar) as __line"
    if source.is_parquet:
        listed = ", ".join(identifier(name) for name in columns)
        return f"select {listed}, file_row_number + 1 as __row_no, {whole} from read_parquet({literal(str(path))}, file_row_number=true)"
    if source.delimiter == "whitespace":
        fields = ", ".join(
            f"case when len(f) = {len(columns)} then f[{number}] end as {identifier(name)}" for number, name in enumerate(columns, 1)
        )
        wrong = f"case when len(f) <> {len(columns)} then len(f) || ' fields instead of {len(columns)}' end as __malformed"
        lines = (
            f"read_csv({literal(str(path))}, columns={{'line': 'VARCHAR'}}, header=false, skip=1, delim={literal(chr(1))}, quote='', "
            "escape='', auto_detect=false, max_line_size=10000000)"
        )
        return (
            f"select {fields}, row_number() over () as __row_no, {wrong}, case when len(f) <> {len(columns)} then line end as __line "
            f"from (select line, string_split_regex(trim(line), '\\s+') as f from {lines} where trim(line) <> '')"
        )
    listed = ", ".join(identifier(name) for name in columns)
    typed = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in columns)
    return (
        f"select {listed}, row_number() over () as __row_no, {whole} from read_csv({literal(str(path))}, columns={{{typed}}}, header=true, "
        f"delim={literal(source.delimiter)}, quote={literal(source.quote)}, escape={literal(source.quote)}, auto_detect=false, "
        "strict_mode=true, null_padding=false, max_line_size=10000000)"
    )


def records(source: FileSource, path: Path, width: int) -> Iterator[tuple[list[str] | None, str, str]]:
    """The records of a damaged text file, one by one: `(fields, "", "")`, or `(None, what is wrong, the raw line)`.

    A quote that is never closed costs its own line, not the rest of the file.
    """
    with open_text(source, path) as stream:
        lines = stream.read().splitlines(keepends=False)
    position, header_seen = 0, False
    while position < len(lines):
        line, taken = lines[position], 1
        while line.count(source.quote) % 2 and taken < 200 and position + taken < len(lines):
            line += "\n" + lines[position + taken]
            taken += 1
        if line.count(source.quote) % 2:
            line, taken = lines[position], 1
            broken = "a quote that is never closed"
        else:
            broken = ""
        position += taken
        if not line.strip():
            continue
        if not header_seen:
            header_seen = True
            continue
        if "\0" in line:
            broken = broken or "a NUL byte"
        fields = [] if broken else next(csv.reader(io.StringIO(line), delimiter=source.delimiter, quotechar=source.quote), [])
        if not broken and len(fields) != width:
            broken = f"{len(fields)} fields instead of {width}"
        yield (None, broken, line) if broken else (fields, "", "")
