"""What every stage has: the night that its ticket names, the lock kept while it works, and the night's own warehouse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from goodwill import audit
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse import Night, open_warehouse

__all__ = ["CUT_SHORT", "Figures", "Ticket", "day_of", "night_of", "night_warehouse", "staged_night"]

#: What the record says of a run whose process died.
CUT_SHORT = "the night was cut short: its process ended without a word\n  remedy: run the night again; nothing has to be cleaned up"

#: `home`, `run_id` and `token` of a night, made by `open_night`.
Ticket = dict[str, str]
Figures = dict[str, Any]


def night_of(ticket: Ticket) -> Night:
    """The night of a ticket, with its day once that is on record."""
    home = Home.at(ticket["home"])
    record = audit.RunRecord.of(home, ticket["run_id"]).read()
    as_of = dt.date.fromisoformat(record["as_of"]) if record.get("as_of") else None
    return Night(home, ticket["run_id"], load_business(home.business_file), load_sources(home.sources_file), as_of)


@contextmanager
def staged_night(ticket: Ticket, name: str) -> Iterator[tuple[Night, Figures]]:
    """A stage: the lock still ours and kept, its start and end on record."""
    home, run_id = Home.at(ticket["home"]), ticket["run_id"]
    lock, token = audit.Lock.of(home), int(ticket["token"])
    with audit.staged(home, run_id, name) as figures:
        lock.check(run_id, token)
        with lock.kept_alive(run_id, token):
            yield night_of(ticket), figures


@contextmanager
def night_warehouse(night: Night, *, read_only: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """The night's warehouse, unless another run has laid out its own there: nobody else can open it meanwhile."""
    with open_warehouse(night.home.working_copy, read_only=read_only) as connection:
        (run_id,) = connection.execute("select run_id from control.night").fetchall()[0]
        if run_id != night.run_id:
            raise GoodwillError(f"the warehouse is that of run {run_id}, no longer of {night.run_id}", "start the night again")
        yield connection


def day_of(night: Night) -> dt.date:
    """The day the night stands at.

    Raises
    ------
    GoodwillError : the sources have not landed yet, which decides it.
    """
    if night.as_of is None:
        raise GoodwillError(f"run {night.run_id} has no day yet", "the stage 'prepare' must run first")
    return night.as_of
