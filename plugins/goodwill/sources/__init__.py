"""What the sources are (`sources.yml`, validated) and how to reach them (one connector a way)."""

from goodwill.sources.declared import EntityMapping, Source
from goodwill.sources.loading import Sources, load_sources

__all__ = ["EntityMapping", "Source", "Sources", "load_sources"]
