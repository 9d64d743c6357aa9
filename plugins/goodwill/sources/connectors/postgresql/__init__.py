"""PostgreSQL: a table, a view or a query, exact to the last digit, proved against the server's own control totals."""

from goodwill.sources.connectors.postgresql.connector import CONNECTOR

__all__ = ["CONNECTOR"]
