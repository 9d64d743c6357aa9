"""Publication: a whole, validated set of marts, built apart and swapped in by one atomic step."""

from goodwill.publish.housekeeping import Old, find_old, tidy
from goodwill.publish.pruning import prune, take_away
from goodwill.publish.releasing import release
from goodwill.publish.swap import Publication, current_as_of, current_run, publications

__all__ = ["Old", "Publication", "current_as_of", "current_run", "find_old", "prune", "publications", "release", "take_away", "tidy"]
