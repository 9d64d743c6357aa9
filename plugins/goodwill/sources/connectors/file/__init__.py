"""Files: delimited text, Excel, JSON lines, Parquet; packed or not, here or on a storage. One small module a format."""

from goodwill.sources.connectors.file.connector import CONNECTOR

__all__ = ["CONNECTOR"]
