"""Any database SQLAlchemy knows, row by row, every value as exact text."""

from goodwill.sources.connectors.sql.connector import CONNECTOR

__all__ = ["CONNECTOR"]
