"""What a source in PostgreSQL declares."""

from __future__ import annotations

from typing import Literal

from goodwill.sources.databases import DatabaseSource

__all__ = ["PostgresqlSource"]


class PostgresqlSource(DatabaseSource):
    """A table, a view or a query of a PostgreSQL server."""

    connector: Literal["postgresql"] = "postgresql"
