"""The connector of any database that SQLAlchemy knows: the slow way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from goodwill.errors import ConfigurationError
from goodwill.sources.connectors.protocol import Approach
from goodwill.sources.connectors.sql.settings import SqlSource

if TYPE_CHECKING:
    from goodwill.sources.connectors.sql.part import SqlPart

__all__ = ["CONNECTOR"]


class SqlConnector:
    """Tables of any database."""

    settings = SqlSource

    def parts(self, source: SqlSource, approach: Approach) -> Iterator[SqlPart]:
        # SQLAlchemy takes a quarter of a second, for which most commands need not wait
        from goodwill.sources.connectors.sql.part import SqlPart

        if approach.credentials is None:
            raise ConfigurationError(f"source {source.name!r}: nobody knows connections here", "run it as a night does")
        yield SqlPart(source, approach.credentials(source.connection), approach)


CONNECTOR = SqlConnector()
