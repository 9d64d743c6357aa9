"""REST: lists of JSON objects behind an address, page by page."""

from goodwill.sources.connectors.rest.connector import CONNECTOR

__all__ = ["CONNECTOR"]
