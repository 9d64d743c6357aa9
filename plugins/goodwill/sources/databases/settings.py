"""What a source in a database declares."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from goodwill.errors import SourceError
from goodwill.sources.connectors.protocol import ROW_PLUMBING
from goodwill.sources.declared import Source

__all__ = ["DatabaseSource"]

_NAME = r'(?:"(?:[^"\x00]|"")+"|[^".\s;\x00]+)'
_TABLE = re.compile(rf"{_NAME}(?:\.{_NAME})?")


class DatabaseSource(Source):
    """A table (or view), or one query.

    `connection` is the name of an Airflow connection or of an environment variable; nothing secret stands here. `columns` names what is
    read of the table, else all of it is. `timeout_seconds` ends a statement that takes longer at the server.
    """

    POLICIES: ClassVar[frozenset[str]] = Source.POLICIES | {"timeout_seconds"}

    load: Literal["full", "incremental"] = "full"
    connection: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,250}$")]
    table: str | None = None
    query: str | None = None
    columns: tuple[str, ...] | None = None
    timeout_seconds: Annotated[float, Field(gt=0, le=86_400)] = 3_600.0

    @model_validator(mode="after")
    def _one_relation(self) -> DatabaseSource:
        if bool(self.table) == bool(self.query):
            raise ValueError(f"source {self.name!r}: give either 'table' or 'query'")
        if self.table and not _TABLE.fullmatch(self.table):
            raise ValueError(
                f"source {self.name!r}: table {self.table!r} is not a name; write table or schema.table, odd names in double quotes"
            )
        if self.query and ";" in self.query.strip().rstrip(";"):
            raise ValueError(f"source {self.name!r}: 'query' is one select, without a ';'")
        if self.columns is not None and self.cursor and self.cursor not in self.columns:
            raise ValueError(f"source {self.name!r}: the cursor {self.cursor!r} must be among 'columns'")
        return self

    @property
    def part_name(self) -> str:
        """How manifests name what is read."""
        return self.table or "query"

    @property
    def table_path(self) -> tuple[str, ...]:
        """Schema (where given) and table, without quotes."""
        return tuple(part[1:-1].replace('""', '"') if part.startswith('"') else part for part in re.findall(_NAME, self.table or ""))

    @property
    def statement(self) -> str:
        """The query without its end mark."""
        return (self.query or "").strip().rstrip(";")

    def check_columns(self, names: list[str]) -> None:
        """Refuse columns that cannot be told apart, or that lack the cursor.

        Raises
        ------
        SourceError : names that collide, with one another or with Goodwill's own; a cursor that is not there.
        """
        where = f"source {self.name!r}: {self.part_name}"
        seen = set(ROW_PLUMBING)
        for name in names:
            if name.lower() in seen:
                raise SourceError(
                    f"{where}: column {name!r} is there twice, or is a name Goodwill uses itself", "rename it in a query, or name 'columns'"
                )
            seen.add(name.lower())
        if self.cursor and self.cursor not in names:
            raise SourceError(
                f"{where}: no column {self.cursor!r}, which is the cursor; there are: {', '.join(names)}", "mend 'cursor' in sources.yml"
            )

    def read_columns(self) -> set[str]:
        """The columns the mappings read, in lower case."""
        return {name.strip().lower() for mapping in self.entities.values() for name in mapping.source_columns()}
