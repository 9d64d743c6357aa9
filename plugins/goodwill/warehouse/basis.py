"""What a warehouse was built from, kept in it; and whether the next night may go on from there, or builds in full."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from goodwill.entities import ENTITIES
from goodwill.extract.batches import Manifest
from goodwill.extract.landed import reading
from goodwill.home import Home
from goodwill.privacy.hashing import hash_keys
from goodwill.settings import configuration_digest
from goodwill.settings.business import Warehouse
from goodwill.sources import Sources

__all__ = ["BY_ROW", "PROJECT", "Batch", "State", "arrived", "changed_sources", "read_state", "state_of", "why_in_full", "write_state"]

#: The dbt project, beside the package's folder in the repository.
PROJECT = Path(__file__).resolve().parents[3] / "dbt_project"
#: The entities of which only the rows of new batches are read; of the others all rows are, as soon as one of their batches is another.
BY_ROW = frozenset({"orders", "order_lines", "contact_events"})
_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Batch:
    """One batch that a warehouse was built from; the batches of a source stand in the order in which they speak."""

    source: str
    batch_id: str
    rows_sha256: str
    rows: int
    is_correction: bool
    entities: tuple[str, ...] = ()

    @property
    def by_row(self) -> bool:
        """Whether its rows are added to those that are there."""
        return not BY_ROW.isdisjoint(self.entities)


@dataclass(frozen=True)
class State:
    """All that a warehouse up to customer value is a function of.

    Parameters
    ----------
    as_of, full_as_of : ISO days: the one it stands at, and the one at which it was last built in full.
    code, engine : digest of the package and the dbt project; version of DuckDB.
    configuration : digest of `goodwill.yml` and `sources.yml`, and of the keys that identifiers are hashed with.
    readings : entity → digest of how its rows are read, which later batches can change for the earlier ones.
    batches : in order.
    """

    run_id: str
    as_of: str
    full_as_of: str
    code: str
    engine: str
    configuration: str
    readings: dict[str, str]
    batches: tuple[Batch, ...]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> State:
        raw = json.loads(text)
        return cls(**{**raw, "batches": tuple(Batch(**{**each, "entities": tuple(each["entities"])}) for each in raw["batches"])})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _code() -> str:
    """Digest of every file that decides what the warehouse holds."""
    found = list(_PACKAGE.rglob("*.py"))
    found += [path for folder in ("models", "macros", "seeds", "tests") for path in (PROJECT / folder).rglob("*.*")]
    made = hashlib.sha256((PROJECT / "dbt_project.yml").read_bytes())
    for path in sorted(found):
        made.update(path.name.encode())
        made.update(path.read_bytes())
    return made.hexdigest()


def state_of(home: Home, run_id: str, sources: Sources, zone: str, as_of: dt.date, batches: dict[str, list[Manifest]]) -> State:
    """The state of a warehouse that is built in full tonight over `batches` (source → what a night reads, in order)."""
    keys = hash_keys(home)
    return State(
        run_id,
        as_of.isoformat(),
        as_of.isoformat(),
        _code(),
        duckdb.__version__,
        _sha256(configuration_digest(home.business_file, home.sources_file) + keys.inner + keys.outer),
        {name: _sha256(reading(home, sources, entity, zone)) for name, entity in ENTITIES.items()},
        tuple(
            Batch(source.name, each.batch_id, each.rows_sha256, each.rows, bool(each.corrects), tuple(sorted(source.entities)))
            for source in sources.sources
            for each in batches[source.name]
        ),
    )


def arrived(before: State, now: State) -> list[Batch]:
    """The batches of `now` that `before` had not."""
    had = {(batch.source, batch.batch_id) for batch in before.batches}
    return [batch for batch in now.batches if (batch.source, batch.batch_id) not in had]


def changed_sources(before: State, now: State) -> set[str]:
    """The sources of which another list of batches is read."""
    sources = {batch.source for batch in (*before.batches, *now.batches)}
    return {
        source
        for source in sources
        if [each for each in before.batches if each.source == source] != [each for each in now.batches if each.source == source]
    }


def why_in_full(before: State | None, now: State, limits: Warehouse) -> str | None:
    """Why a night cannot go on from the warehouse before, in words for the run's record; `None` where it can."""
    if before is None:
        return "there is no accepted warehouse that says what it was built from"
    for name, what in (("code", "the code"), ("engine", "the engine"), ("configuration", "the configuration")):
        if getattr(before, name) != getattr(now, name):
            return f"{what} is another than that of run {before.run_id}"
    if now.as_of < before.as_of:
        return f"{now.as_of} is before the day of run {before.run_id}, {before.as_of}"
    if (dt.date.fromisoformat(now.as_of) - dt.date.fromisoformat(before.full_as_of)).days > limits.full_build_days:
        return f"the last one in full was for {before.full_as_of}"
    return _why_of_batches(before.batches, now.batches) or _why_of_news(before, now, limits)


def _why_of_batches(before: Sequence[Batch], now: Sequence[Batch]) -> str | None:
    """Batches whose rows are added to others only ever come: none is gone, or heard in another order; and none at all is rewritten."""
    present = {(batch.source, batch.batch_id): batch for batch in now}
    for batch in before:
        same = present.get((batch.source, batch.batch_id))
        if same is None and batch.by_row:
            return f"batch {batch.batch_id} of {batch.source} is read no longer"
        if same is not None and same != batch:
            return f"batch {batch.batch_id} of {batch.source} was rewritten"
    had = {(batch.source, batch.batch_id) for batch in before}
    kept = [batch for batch in before if batch.by_row]
    if [batch for batch in now if batch.by_row and (batch.source, batch.batch_id) in had] != kept:
        return "the batches are heard in another order"
    return None


def _why_of_news(before: State, now: State, limits: Warehouse) -> str | None:
    landed = sum(batch.rows for batch in now.batches)
    if arrived(before, now) and landed < limits.full_build_rows:
        return f"something is new, and {landed:,} rows in all are built faster than patched"
    new = [batch for batch in arrived(before, now) if batch.by_row]
    if any(batch.is_correction for batch in new):
        return "rows of earlier batches were corrected"
    changed = sorted(name for name in BY_ROW if before.readings.get(name) != now.readings.get(name))
    if changed:
        return f"what came tells that earlier rows are to be read differently: {', '.join(changed)}"
    rows, of = sum(batch.rows for batch in new), sum(batch.rows for batch in now.batches if batch.by_row)
    if rows > limits.full_build_share * of:
        return f"{rows:,} of {of:,} rows are new, more than {limits.full_build_share:.1%}"
    return None


def write_state(connection: duckdb.DuckDBPyConnection, state: State) -> None:
    """Keep the state in the warehouse it is about, as `control.state`."""
    connection.execute("create or replace table control.state (state varchar)")
    connection.execute("insert into control.state values (?)", [state.to_json()])


def read_state(warehouse: Path) -> State | None:
    """The state of a warehouse file; `None` where there is none, or of a form this code does not know."""
    if not warehouse.is_file():
        return None
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = connection.execute("select state from control.state").fetchall()
        return State.from_json(found[0][0])
    except (duckdb.Error, IndexError, TypeError, ValueError, KeyError):
        return None
