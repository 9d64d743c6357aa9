"""What a source of files declares."""

from __future__ import annotations

import codecs
import fnmatch
from pathlib import PurePosixPath
from typing import Annotated, ClassVar, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from goodwill.sources.credentials import sounds_secret
from goodwill.sources.declared import Declared, Names, Source

__all__ = ["FileSource", "Footer"]

Mark = Annotated[str, Field(min_length=1, max_length=1)]
FormatName = Literal["csv", "excel", "json_lines", "parquet"]

#: What the end of a name says about the format, once `.gz` and `.zip` are taken off; all else is text with columns.
_BY_ENDING: dict[str, FormatName] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "excel",
    ".json": "json_lines",
    ".jsonl": "json_lines",
    ".ndjson": "json_lines",
}
_TSV_ENDINGS = (".tsv", ".tab")


class Footer(Declared):
    """A trailer row: the last record, whose `column` holds the text `equals`. It is no row of data.

    `sums` names the columns in which it gives the sum of all rows above, `count` the column in which it gives their number.
    """

    column: str
    equals: str
    sums: Names = ()
    count: str | None = None


class FileSource(Source):
    """A file, or the files a pattern names, here or on a storage that a URL names.

    `newest` says which file speaks last where two hold the same key and no `updated_at` decides: the last by `name` (dated exports: any
    order of arrival gives the same), or the last by `arrival`.
    """

    POLICIES: ClassVar[frozenset[str]] = Source.POLICIES | {"path", "newest", "ready_marker", "settle_seconds", "connection"}

    connector: Literal["file"] = "file"
    load: Literal["files", "full"] = "files"  # a file has no cursor: what is new is a new file
    path: str
    connection: str | None = None
    format: FormatName | None = None
    delimiter: str = ","
    quote: str = '"'
    escape: Mark | None = None
    blanks_around_quotes: bool = False
    encoding: str = "utf-8"
    comment: Annotated[str, Field(min_length=1)] | None = None
    skip_rows: Annotated[int, Field(ge=0, le=1000)] = 0
    footer: Footer | None = None
    sheet: str | None = None
    header_row: Annotated[int, Field(ge=1, le=1000)] = 1
    max_field_length: Annotated[int, Field(ge=100, le=100_000_000)] = 1_000_000
    ready_marker: str | None = None
    settle_seconds: Annotated[float, Field(ge=0, le=600)] = 0
    newest: Literal["name", "arrival"] = "name"

    @field_validator("path")
    @classmethod
    def _no_secret_in_a_url(cls, value: str) -> str:
        scheme, mark, _ = value.partition("://")
        if not mark:
            return value
        if scheme in ("file", "local"):
            raise ValueError("a file here is named by its path, without 'file://'")
        parts = urlsplit(value)
        secret = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True) if sounds_secret(name)]
        if "@" in parts.netloc or secret:
            what = f"a secret ({', '.join(secret)})" if secret else "a user or a password"
            raise PydanticCustomError(
                "secret", "the URL in 'path' carries {what}: take it out, and name a 'connection' that knows it", {"what": what}
            )
        return value

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            if not codecs.lookup(value)._is_text_encoding:
                raise LookupError
        except LookupError:
            raise ValueError(f"unknown encoding {value!r}; use a name such as utf-8, latin-1, cp1252 or utf-16") from None
        return value

    @field_validator("delimiter")
    @classmethod
    def _one_mark(cls, value: str) -> str:
        if len(value) != 1 and value != "whitespace":
            raise ValueError(f"the delimiter {value!r} is not one character; use one, or 'whitespace' for runs of blanks")
        return value

    @field_validator("quote")
    @classmethod
    def _one_mark_or_none(cls, value: str) -> str:
        if len(value) != 1 and value != "none":
            raise ValueError(f"the quote {value!r} is not one character; use one, or 'none' where quotes mean nothing")
        return value

    @field_validator("ready_marker")
    @classmethod
    def _marker_names_the_file(cls, value: str | None) -> str | None:
        if value is not None and ("{file}" not in value or "/" in value or value == "{file}"):
            raise ValueError(f"the ready marker {value!r} must be a file name with {{file}} in it, such as '{{file}}.done'")
        return value

    def format_of(self, name: str) -> FormatName:
        """The format of a file: as declared, or as its name ends."""
        return self.format or _BY_ENDING.get(PurePosixPath(_unpacked(name)).suffix, "csv")

    def delimiter_of(self, name: str) -> str:
        """The delimiter of a file of text: as declared; a tab where the name ends in `.tsv` and nothing is declared."""
        return "\t" if "delimiter" not in self.model_fields_set and _unpacked(name).endswith(_TSV_ENDINGS) else self.delimiter

    @property
    def quote_mark(self) -> str:
        """The mark of quotes; nothing where quotes mean nothing."""
        return "" if self.quote == "none" else self.quote

    @property
    def writes_points(self) -> bool:
        """Whether its numbers come with a point whatever mark is declared: those of workbooks and JSON do."""
        return self.format_of(self.path) in ("excel", "json_lines")

    @property
    def is_utf8(self) -> bool:
        return codecs.lookup(self.encoding).name in ("utf-8", "utf-8-sig", "ascii")

    @property
    def is_remote(self) -> bool:
        return "://" in self.path

    def owns(self, name: str) -> bool:
        """A file counts as long as the path names it, even when it has gone since it landed."""
        return name == self.path or fnmatch.fnmatch(name, self.path)


def _unpacked(name: str) -> str:
    lower = name.lower()
    return lower.removesuffix(".gz").removesuffix(".zip")
