"""A night ends: what became of it is on record, it has its report, and the warehouse is free."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

from goodwill import audit, publish, warehouse
from goodwill.causes import explained
from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.stages.reporting import write_audit_report
from goodwill.stages.ticket import CUT_SHORT, Figures, Ticket

__all__ = ["close_night", "end_cut_short"]


def end_cut_short(ticket: Ticket) -> None:
    """End a run whose process died without a word: its record says so, its report too if one can be made, and the warehouse is free."""
    # what a killed process left behind may be unreadable in any way; that must not stop whoever found it
    with suppress(Exception):
        close_night(ticket)


def close_night(ticket: Ticket | None) -> Figures:
    """Say how the night ended, leave its report, and let the warehouse go; raises unless the night was published."""
    if not ticket:
        raise GoodwillError("the night could not be opened", "see the log of the task open_night")
    with explained("the end of the night"):
        return _close(ticket)


def _close(ticket: Ticket) -> Figures:
    home = Home.at(ticket["home"])
    record = audit.RunRecord.of(home, ticket["run_id"])
    facts = record.read()
    if not record.has_ended:  # a night ends once: another may have ended it, or the task is run again, and its record is sealed by now
        said, why = _verdict(home, ticket["run_id"], record.stages())
        facts = record.update(verdict=said, finished_at=now(), blocked_at=why.get("stage"), message=why.get("message"))
    verdict = str(facts["verdict"])
    lock = audit.Lock.of(home)
    if lock.holder_run() == ticket["run_id"]:  # else the warehouse is another run's by now: hands off
        try:
            if verdict != "published":
                record.update(is_current=False)
                publish.take_away(home, ticket["run_id"])
                _report_of_failure(home, record.folder, verdict)
            elif facts.get("is_current") and home.working_copy.exists():  # killed between its publication and this
                warehouse.promote(home)
            else:  # a night that is published beside the present leaves nothing of itself in the warehouse
                shutil.rmtree(home.working_copy.parent, ignore_errors=True)
        finally:
            with suppress(OSError, GoodwillError):  # a ledger that cannot be continued must not keep the warehouse
                audit.enter_end(home, ticket["run_id"])
            lock.release(ticket["run_id"])
    if verdict != "published":
        raise GoodwillError(f"the night was {verdict} at '{facts.get('blocked_at')}': {facts.get('message')}")
    return {"verdict": verdict}


def _verdict(home: Home, run_id: str, lines: list[dict[str, Any]]) -> tuple[str, dict[str, Any]]:
    """How a run ended, from its stages and from what is published, and the line that says why."""
    if publish.current_run(home) == run_id:
        return "published", {}
    for status, verdict in (("blocked", "blocked"), ("failed", "failed")):
        bad = next((line for line in lines if line["status"] == status), None)
        if bad:
            return verdict, bad
    published = any(line["stage"] == "publish" and line["status"] == "done" for line in lines)
    if published:
        return "published", {}
    last = lines[-1]["stage"] if lines else "open"
    return "failed", {
        "stage": last,
        "message": CUT_SHORT,
    }


def _report_of_failure(home: Home, run: Path, verdict: str) -> None:
    """The report of a night that was not published, from whatever there is of it; then the working file goes."""
    from goodwill import quality, report

    if (run / "validation_documents").exists():
        quality.build_data_docs(run, run / "data_docs")
    report.build_report(home.working_copy, run, run / "report" / "index.html", verdict=verdict)
    write_audit_report(home, run.name, home.working_copy, verdict)
    shutil.rmtree(home.working_copy.parent, ignore_errors=True)
