"""Publication: a whole, validated set of marts, built apart and swapped in by one atomic step."""

from goodwill.publish.publication import build_publication
from goodwill.publish.swap import current_as_of, current_run, prune, swap

__all__ = ["build_publication", "current_as_of", "current_run", "prune", "swap"]
