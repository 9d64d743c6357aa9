"""Files: CSV and Parquet, one or many, compressed or not."""

from goodwill.sources.connectors.file.connector import CONNECTOR

__all__ = ["CONNECTOR"]
