"""What the connectors of databases share: their settings, and the proof that what was written is what the server holds."""

from goodwill.sources.databases.content import content_digest
from goodwill.sources.databases.measures import Measure, compare, measure_written, measures_of
from goodwill.sources.databases.settings import DatabaseSource

__all__ = ["DatabaseSource", "Measure", "compare", "content_digest", "measure_written", "measures_of"]
