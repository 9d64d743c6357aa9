"""The end of an accepted night: its publication is built apart, entered in the ledger, and shown, if the warehouse is still its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from goodwill import audit
from goodwill.errors import GoodwillError
from goodwill.faults import fault
from goodwill.home import Home
from goodwill.publish.publication import build_publication
from goodwill.publish.swap import current_as_of, swap
from goodwill.warehouse import Night, open_warehouse, promote

__all__ = ["release"]

_TOTALS = (
    *("source", "entity", "source_rows", "accepted_rows", "superseded_rows", "quarantined_rows"),
    *("source_amount", "accepted_amount", "superseded_amount", "quarantined_amount"),
)


def _control_totals(home: Home) -> list[dict[str, Any]]:
    """What the sources gave and what became of it, per source and entity."""
    with open_warehouse(home.working_copy, read_only=True) as connection:
        rows = connection.execute(f"select {', '.join(_TOTALS)} from staging.reconciliation order by source, entity").fetchall()
    return [dict(zip(_TOTALS, row, strict=True)) for row in rows]


def release(night: Night, facts: Mapping[str, Any], documents: dict[str, Path], token: int) -> bool:
    """Build the publication of a night and show it to readers, unless it is about an earlier day than what they see.

    Parameters
    ----------
    facts : the record of the run; `make_current` in it shows an earlier day too.
    token : the fencing token that the night opened with.

    Returns
    -------
    Whether readers see it now.

    Raises
    ------
    GoodwillError : the warehouse has passed to another run; nothing is shown.
    """
    if night.as_of is None:
        raise GoodwillError(f"run {night.run_id} has no day yet", "the stage 'prepare' must run first")
    home, run_id = night.home, night.run_id
    totals = _control_totals(home)
    folder = build_publication(
        home, run_id, {**facts, "ledger_head": str(audit.head(home))}, documents, night.business.privacy.personal_file
    )
    fault("publish: before the fence")
    with audit.Lock.of(home).fenced(run_id, token):
        present = current_as_of(home)
        is_current = bool(facts.get("make_current")) or present is None or night.as_of >= present
        publication = str(folder.relative_to(home.root))
        audit.RunRecord.of(home, run_id).update(is_current=is_current, publication=publication)
        audit.enter_publication(home, folder, is_current, token, totals)
        fault("publish: before the swap")
        if is_current:
            swap(home, run_id)
            fault("publish: after the swap")
            promote(home)
    fault("publish: after the fence")
    return is_current
