"""The stages of the night, one function each: what the tasks of the DAGs call, and what a test calls.

Every stage takes the night's ticket (`{"home": …, "run_id": …, "token": …}`, made by `open_night`) and returns a small dict of figures.
"""

from goodwill.errors import HeldError
from goodwill.stages.chores import erase_person, review, tell_failure, tell_refused, tidy
from goodwill.stages.closing import close_night, end_cut_short
from goodwill.stages.opening import new_run_id, open_night
from goodwill.stages.reporting import report_month
from goodwill.stages.steps import (
    assign_segments,
    build,
    extract_source,
    fit_clv,
    prepare,
    publish_night,
    resolve_identities,
    source_names,
    validate,
    write_documents,
)
from goodwill.stages.ticket import CUT_SHORT

__all__ = [
    "CUT_SHORT",
    "HeldError",
    "assign_segments",
    "build",
    "close_night",
    "end_cut_short",
    "erase_person",
    "extract_source",
    "fit_clv",
    "new_run_id",
    "open_night",
    "prepare",
    "publish_night",
    "report_month",
    "resolve_identities",
    "review",
    "source_names",
    "tell_failure",
    "tell_refused",
    "tidy",
    "validate",
    "write_documents",
]
