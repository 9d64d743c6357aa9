"""What a night sets out to do: the day it stands at, and whether it goes on from the accepted warehouse or builds in full."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace

import duckdb

from goodwill.clock import today
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError
from goodwill.extract.batches import active_batches
from goodwill.extract.landed import landed_view
from goodwill.home import Home
from goodwill.settings import BusinessSettings
from goodwill.sources import Sources
from goodwill.sql import literal
from goodwill.warehouse.basis import State, arrived, changed_sources, read_state, state_of, why_in_full

__all__ = ["Night", "Plan", "choose_as_of", "plan_night"]

_EVENTS = ("orders", "refunds", "contact_events", "order_lines", "subscriptions")


@dataclass(frozen=True)
class Night:
    """One night: which home, which run, which day it stands at (known once the sources have landed)."""

    home: Home
    run_id: str
    business: BusinessSettings
    sources: Sources
    as_of: dt.date | None = None


def choose_as_of(night: Night, connection: duckdb.DuckDBPyConnection) -> dt.date:
    """The day the night stands at: as asked for, else by the setting: yesterday in the business zone, or the last event day landed.

    That is the last one up to today of a row that can be read: a slip of the pen in a rejected row, or a day to come, moves no night.

    Raises
    ------
    ConfigurationError : the last event day is wanted and nothing dated has landed.
    """
    if night.as_of:
        return night.as_of
    zone = night.business.company.business_time_zone
    if night.business.calendar.as_of == "yesterday":
        return today(zone) - dt.timedelta(days=1)
    told = sorted(
        (
            (totals.last_event, batch.batch_id, entity)
            for source in night.sources.sources
            for batch in active_batches(night.home, source)
            for entity, totals in batch.totals.items()
            if entity in _EVENTS and totals.last_event
        ),
        key=lambda each: (each[0].find("-"), each),  # a year of five digits is after one of four
        reverse=True,
    )
    found: dt.datetime | None = None
    for last, batch_id, entity in told:
        if found and str(found) >= last:
            break
        found = max(filter(None, (found, _last_event(night, connection, batch_id, entity, last))), default=None)
    if not found:
        raise ConfigurationError(
            "calendar.as_of is last_event_day, and no dated row has landed", "pass --as-of, or look at the sources with: goodwill check"
        )
    day: dt.date = connection.execute("select cast(timezone(?, timezone('UTC', cast(? as timestamp))) as date)", [zone, found]).fetchall()[
        0
    ][0]
    return day


def _last_event(night: Night, connection: duckdb.DuckDBPyConnection, batch_id: str, entity: str, last: str) -> dt.datetime | None:
    """The last moment (UTC) up to today in the rows of a batch that can be read, of which the latest is said to be of `last`."""
    zone, event = night.business.company.business_time_zone, ENTITIES[entity].event_time
    rows = landed_view(night.home, night.sources, ENTITIES[entity], zone, {batch_id})
    local = f"timezone({literal(zone)}, timezone('UTC', {event}))"
    readable = f"len(_problems) = 0 and not _is_repeat and cast({local} as date) <= $today"
    # nearly always it is one of the last days: only their rows are read in every column
    for window in (f"{event} > cast({literal(last)} as timestamp) - interval 2 day", "true"):
        found: dt.datetime | None = connection.execute(
            f"select max({event}) from ({rows}) where {window} and {readable}", {"today": today(zone)}
        ).fetchall()[0][0]
        if found:
            return found
    return None


@dataclass(frozen=True)
class Plan:
    """How the night's warehouse is made.

    Parameters
    ----------
    state : what it will have been built from.
    before : what the accepted warehouse that it goes on from was built from; `None` for a night that builds in full.
    reason : why it does that.
    """

    as_of: dt.date
    state: State
    before: State | None
    reason: str | None = None

    @property
    def new_batches(self) -> frozenset[str]:
        """The batches that the accepted warehouse has not; all of them, for a night that builds in full."""
        return frozenset(batch.batch_id for batch in (arrived(self.before, self.state) if self.before else self.state.batches))

    @property
    def changed_entities(self) -> frozenset[str]:
        """What the sources feed of which another list of batches is read than in the accepted warehouse."""
        changed = changed_sources(self.before, self.state) if self.before else {batch.source for batch in self.state.batches}
        every = (*self.state.batches, *(self.before.batches if self.before else ()))
        return frozenset(entity for batch in every if batch.source in changed for entity in batch.entities)

    def describe(self) -> str:
        """One line for the run's record."""
        if self.before is None:
            return f"in full: {self.reason}"
        new = arrived(self.before, self.state)
        return f"on top of run {self.before.run_id}: {len(new):,} batches with {sum(batch.rows for batch in new):,} rows are new"


def plan_night(night: Night, full: bool = False) -> Plan:
    """Hold what has landed against what the accepted warehouse was built from; `full` builds everything whatever that says."""
    with duckdb.connect() as connection:
        as_of = choose_as_of(night, connection)
    batches = {source.name: active_batches(night.home, source) for source in night.sources.sources}
    state = state_of(night.home, night.run_id, night.sources, night.business.company.business_time_zone, as_of, batches)
    if full:
        return Plan(as_of, state, None, "it was asked for")
    before = None if night.home.accepted.with_name("warehouse.duckdb.wal").exists() else read_state(night.home.accepted)
    reason = why_in_full(before, state, night.business.warehouse)
    if before is None or reason:
        return Plan(as_of, state, None, reason)
    return Plan(as_of, replace(state, full_as_of=before.full_as_of), before)
