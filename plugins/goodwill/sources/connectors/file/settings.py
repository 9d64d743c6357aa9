"""What a source of files declares."""

from __future__ import annotations

import fnmatch
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from goodwill.sources.declared import Source

__all__ = ["FileSource"]


class FileSource(Source):
    """A file, or the files a pattern names.

    `newest` says which file speaks last where two hold the same key and no `updated_at` decides: the last by `name` (dated exports: any
    order of arrival gives the same), or the last by `arrival`.
    """

    POLICIES: ClassVar[frozenset[str]] = Source.POLICIES | {"path", "newest"}

    connector: Literal["file"] = "file"
    load: Literal["files", "full"] = "files"  # a file has no cursor: what is new is a new file
    path: str
    format: Literal["csv", "parquet"] | None = None
    delimiter: str = ","
    quote: Annotated[str, Field(min_length=1, max_length=1)] = '"'
    encoding: str = "utf-8"
    newest: Literal["name", "arrival"] = "name"

    @property
    def is_parquet(self) -> bool:
        return self.format == "parquet" or (self.format is None and self.path.lower().endswith((".parquet", ".pq")))

    def owns(self, name: str) -> bool:
        """A file counts as long as the path names it, even when it has gone since it landed."""
        return name == self.path or fnmatch.fnmatch(name, self.path)
