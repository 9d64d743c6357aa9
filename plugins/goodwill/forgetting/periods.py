"""Periods of entities: rows that are older than the settings let them tell of somebody tell of nobody since, in every batch.

What is made of the rows follows: the next night builds everything anew, publications and lists of rejected rows go with housekeeping.
"""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections import Counter
from pathlib import Path

from goodwill.audit import ledger
from goodwill.errors import GoodwillError
from goodwill.extract.batches import read_manifests, rows_file
from goodwill.extract.expiring import count_over, why_not
from goodwill.faults import fault
from goodwill.files import replace_text, sync
from goodwill.forgetting.changes import Changes
from goodwill.forgetting.erasing import Request, held
from goodwill.forgetting.holding import held_back
from goodwill.forgetting.landing import drop_unfinished, hold_against_list, may_be_over
from goodwill.forgetting.proof import sealed
from goodwill.forgetting.retention import accepted_day
from goodwill.home import Home
from goodwill.privacy.expired import Expired
from goodwill.settings import BusinessSettings, load_business
from goodwill.sources import Sources, load_sources

__all__ = ["finish_rows", "retain_rows", "rows_over"]


def _due(home: Home, business: BusinessSettings, sources: Sources, as_of: dt.date | None) -> Expired:
    """The days as the settings want them now, never before those that were decided already.

    Raises
    ------
    GoodwillError : a source gives the rows of an entity in a way in which whose they are cannot be cut off.
    """
    periods, zone = business.retention.entities_days, business.company.business_time_zone
    day = as_of or accepted_day(home)
    for source in sources.sources:
        for manifest in read_manifests(home, source.name):
            if said := why_not(source, zone, manifest.columns, periods) if manifest.columns else None:
                raise GoodwillError(
                    f"source {source.name!r}: {said}", "or leave the entity out of retention.entities_days; nothing was changed"
                )
    return Expired.of(home).moved_on({entity: day - dt.timedelta(days=days) for entity, days in periods.items()})


def rows_over(home: Home, as_of: dt.date | None = None) -> dict[str, int]:
    """Source → rows that are over at `as_of` (else the day of the last accepted night) and still tell of somebody. Nothing is changed."""
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    if not business.retention.entities_days:
        return {}
    due, zone, found = _due(home, business, sources, as_of), business.company.business_time_zone, Counter[str]()
    kept = held_back(home)
    for source in sources.sources:
        for manifest in read_manifests(home, source.name):
            if manifest.columns and may_be_over(manifest, source, due):
                found[source.name] += count_over(source, zone, manifest.columns, rows_file(home, manifest), due.before(zone), kept)
    return {name: rows for name, rows in found.items() if rows}


def retain_rows(home: Home, by: str, as_of: dt.date | None = None) -> int:
    """Make nobody's what is over by the periods of the entities, on record; returns how many rows. Nothing where no period is set.

    Cut off at any point, the next call or night goes on with it.
    """
    business, sources = load_business(home.business_file), load_sources(home.sources_file)
    if not business.retention.entities_days:
        return 0
    periods = ", ".join(f"{entity} {days}" for entity, days in sorted(business.retention.entities_days.items()))
    request = Request(by, f"retention: {periods} days", f"retention-{secrets.token_hex(6)}")
    with held(home, request.erasure):
        finished = finish_rows(home)
        due = _due(home, business, sources, as_of)
        if due.days == Expired.of(home).days:
            return finished
        home.privacy.mkdir(mode=0o700, exist_ok=True)
        note = _note(home)
        replace_text(note, json.dumps({"by": request.by, "reason": request.reason, "retention": request.erasure}))
        sync(note)
        due.write()
        fault("forgetting: after the days")
        return finished + finish_rows(home)


def _note(home: Home) -> Path:
    return home.privacy / "pending-retention.note"


def finish_rows(home: Home) -> int:
    """Go on with what was begun, or nothing; the caller holds the home's lock."""
    note = _note(home)
    if not note.exists():
        return 0
    said = json.loads(note.read_text(encoding="utf-8"))
    zone, changes = load_business(home.business_file).company.business_time_zone, Changes(note.with_suffix(".changed"))
    changes.about_to(home.expired_file)
    sources = load_sources(home.sources_file).sources
    done = [each for source in sources for each in hold_against_list(home, source, zone, changes=changes)]
    fault("forgetting: after landing")
    drop_unfinished(home)
    rows, expired = sum(each.over for each in done), Expired.of(home)
    facts = {"batches": len(done), "rows": rows, "before": expired.said(expired.days), **sealed(home, changes.files())}
    if not any(entry.kind == "retention" and entry.facts.get("retention") == said["retention"] for entry in ledger.read_entries(home)):
        ledger.append(home, "retention", {**said, **facts})
    note.unlink()
    changes.path.unlink(missing_ok=True)
    sync(home.privacy)
    return rows
