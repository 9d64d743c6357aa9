"""What a source of any database may say of itself."""

from __future__ import annotations

from typing import Literal

from goodwill.sources.databases import DatabaseSource

__all__ = ["SqlSource"]


class SqlSource(DatabaseSource):
    """A table, a view or a query of any database."""

    connector: Literal["sql"] = "sql"
