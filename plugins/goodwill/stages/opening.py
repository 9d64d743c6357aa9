"""A night begins: its run is on record, the warehouse is its own, and what others left unfinished is ended."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import suppress

from goodwill import audit
from goodwill.audit.version import code_version
from goodwill.causes import explained
from goodwill.clock import now
from goodwill.errors import GoodwillError, HeldError
from goodwill.faults import fault
from goodwill.files import private_folder
from goodwill.home import Home
from goodwill.settings import configuration_digest, load_business
from goodwill.sources import load_sources
from goodwill.stages.closing import end_cut_short
from goodwill.stages.ticket import CUT_SHORT, Ticket

__all__ = ["new_run_id", "open_night"]


def open_night(
    home: str | None,
    as_of: str | None = None,
    run_id: str | None = None,
    pid: int | None = None,
    make_current: bool = False,
    full: bool = False,
) -> Ticket:
    """Take the warehouse for a run and open its record.

    Parameters
    ----------
    as_of : ISO date the night stands at; without it the settings decide once the sources have landed.
    run_id : given by the command line, which wants to follow the run; made here otherwise.
    pid : the process that drives the whole night, where there is one.
    make_current : show readers the publication even if it is about an earlier day than the present one.
    full : build everything from landing, even where the night could go on from the accepted warehouse.

    Raises
    ------
    ConfigurationError : the configuration cannot be used. HeldError : another run holds the warehouse; this one is on record as refused.
    """
    with explained("the opening of the night"):
        return _open(Home.at(home), as_of, run_id, pid, make_current, full)


def _open(where: Home, as_of: str | None, run_id: str | None, pid: int | None, make_current: bool, full: bool) -> Ticket:
    load_business(where.business_file)
    load_sources(where.sources_file)
    for folder in (where.landing, where.warehouse, where.privacy):  # people are in them in clear
        private_folder(folder)
    wanted = dt.date.fromisoformat(as_of) if as_of else None
    ticket = {"home": str(where.root), "run_id": run_id or new_run_id()}
    record = audit.RunRecord.of(where, ticket["run_id"])
    facts = record.update(
        run_id=ticket["run_id"],
        as_of=wanted,
        started_at=now(),
        verdict="running",
        code_version=code_version(),
        home=where.root.name,
        configuration_sha256=configuration_digest(where.business_file, where.sources_file),
        make_current=make_current,
        full=full,
    )
    audit.keep_configuration(where, ticket["run_id"])
    dead = audit.Lock.of(where).dead_holder()
    if dead and where.run(dead).exists():  # an erasure that was cut off is no run: it is finished below
        end_cut_short({"home": str(where.root), "run_id": dead})
    fault("open: before the lock")
    try:
        token = audit.Lock.of(where).acquire(ticket["run_id"], pid)
        audit.refuse_if_cut_off(where)
        _end_unborn(where, ticket["run_id"])
        audit.enter_late_ends(where)
        audit.bring_up(where)
        audit.check_lists(where)
        begun = {name: facts[name] for name in ("run_id", "as_of", "configuration_sha256", "make_current")}
        audit.append(where, "run", {"event": "begun", **begun, "token": token})
        _finish_erasures(where)
    except GoodwillError as error:
        verdict = "refused" if isinstance(error, HeldError) else "failed"
        record.update(verdict=verdict, finished_at=now(), blocked_at="open", message=str(error))
        with suppress(GoodwillError, OSError):  # a ledger that cannot be continued may be why
            audit.refuse_if_cut_off(where)
            audit.enter_end(where, ticket["run_id"])
        audit.Lock.of(where).release(ticket["run_id"])
        raise
    return ticket | {"token": str(token)}


def _end_unborn(home: Home, present: str) -> None:
    """Say of runs that are recorded as running that they are not: whoever holds the warehouse is the only one, and they died before they had it."""
    for run in audit.read_runs(home):
        if run.get("verdict") == "running" and run["run_id"] != present:
            audit.RunRecord.of(home, run["run_id"]).update(verdict="failed", finished_at=now(), blocked_at="open", message=CUT_SHORT)
            audit.enter_end(home, run["run_id"])


def _finish_erasures(home: Home) -> None:
    """Go on with erasures and retentions that were cut off, before anything reads what they had still to change."""
    if any(home.privacy.glob("pending-*")):
        from goodwill import forgetting

        forgetting.finish_pending(home)
        forgetting.finish_rows(home)


def new_run_id() -> str:
    """A run's name: when it started, and a few letters, so that two can never be one."""
    return f"{now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
