"""How a problem of a file is said: the source, the file, what is wrong, and the remedy."""

from __future__ import annotations

from goodwill.errors import SourceError, plain
from goodwill.sources.connectors.file.settings import FileSource

__all__ = ["problem"]


def problem(source: FileSource, name: str, what: str, remedy: str) -> SourceError:
    """The error that blocks a file; `name` as the configuration names it."""
    return SourceError(plain(f"source {source.name!r}: file {name}: {what}"), remedy)
