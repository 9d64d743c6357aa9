"""Configuration: `goodwill.yml` (business settings) and `sources.yml` (sources), read once and validated."""

from goodwill.settings.business import BusinessSettings
from goodwill.settings.loading import configuration_digest, load_business, load_sources
from goodwill.settings.sources import EntityMapping, Source, Sources

__all__ = ["BusinessSettings", "EntityMapping", "Source", "Sources", "configuration_digest", "load_business", "load_sources"]
