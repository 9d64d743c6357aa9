"""What the connectors of databases share: their settings, and the proof that what was written is what the server holds."""

from goodwill.sources.databases.content import content_digest
from goodwill.sources.databases.marks import Marks, low_of
from goodwill.sources.databases.measures import Measure, compare, measure_written, measures_of
from goodwill.sources.databases.settings import DatabaseSource
from goodwill.sources.databases.text import as_text

__all__ = ["DatabaseSource", "Marks", "Measure", "as_text", "compare", "content_digest", "low_of", "measure_written", "measures_of"]
