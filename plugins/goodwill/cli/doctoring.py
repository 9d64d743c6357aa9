"""`goodwill doctor`: the health of a home, finding by finding, each with what to do about it. Nothing is changed."""

from __future__ import annotations

import datetime as dt
import re
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import duckdb

from goodwill import audit
from goodwill.audit.ends import unended
from goodwill.audit.form import FORM, form_of
from goodwill.audit.heads import kept_heads
from goodwill.audit.lock import Lock
from goodwill.audit.proving import believed, present
from goodwill.audit.seals import Sealed, last_seals
from goodwill.causes import remedy_of
from goodwill.cli.published import changed_publications, loose_rights
from goodwill.clock import now, today
from goodwill.errors import UNWRITABLE, GoodwillError
from goodwill.extract.batches import MANIFEST, Manifest, active_batches, rows_file
from goodwill.files import digest
from goodwill.home import Home
from goodwill.privacy.expired import Expired
from goodwill.privacy.forgotten import Forgotten, unfinished_erasures
from goodwill.publish import current_run, find_old, publications
from goodwill.room import WANTED, free_bytes, needed_bytes, room
from goodwill.settings import load_business
from goodwill.sources import load_sources

__all__ = ["FINE", "PROBLEM", "WARNING", "Finding", "examine"]

FINE, WARNING, PROBLEM = "fine", "warning", "problem"
ROOT = Path(__file__).resolve().parents[3]
#: Batches whose rows are read again: the newest, which the next night stands on, and others that change from day to day.
_SAMPLE = 5
_FINISH = "goodwill erase, asked for the same again, finishes it; or else the next night does. Nothing is to be restored: that would bring them back"
_PACKAGES = ("duckdb", "dbt-core", "dbt-duckdb", "apache-airflow", "great-expectations", "pydantic")


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is (`fine`, `warning`, `problem`), and for the last two the remedy."""

    about: str
    level: str
    said: str
    remedy: str = ""


def examine(home: Home) -> list[Finding]:
    """Look at everything; what cannot be looked at is a finding too."""
    found: list[Finding] = []
    for about, look in _LOOKS.items():
        try:
            found += [Finding(about, *each) for each in look(home)]
        except GoodwillError as error:
            found.append(Finding(about, PROBLEM, error.message, error.remedy))
        except (OSError, ValueError, KeyError, duckdb.Error) as error:
            restore = "restore it from a backup; what is published is not touched by that"
            remedy = remedy_of(str(error)) if isinstance(error, OSError) else None
            found.append(Finding(about, PROBLEM, f"cannot be read: {error}", remedy or restore))
    return found


Said = Iterator[tuple[str, ...]]


def _form(home: Home) -> Said:
    found = form_of(home)
    if found > FORM:
        yield PROBLEM, f"form {found}; this version knows forms up to {FORM}", "install the newer version of Goodwill again"
    elif found < FORM:
        yield FINE, f"form {found}; the next night brings it to {FORM}"
    else:
        yield FINE, f"form {found}"


def _configuration(home: Home) -> Said:
    load_business(home.business_file)
    yield FINE, f"valid; {len(load_sources(home.sources_file).sources)} sources"


def _lock(home: Home) -> Said:
    lock = Lock.of(home)
    holder = lock.holder()
    if not holder:
        yield FINE, "no run holds the warehouse"
    elif lock.dead_holder():
        yield WARNING, f"run {holder['run_id']} holds the warehouse and is dead", "nothing: the next run ends it and takes over"
    else:
        silent = now() - dt.datetime.fromisoformat(holder["alive_at"])
        text = f"run {holder['run_id']} holds the warehouse (host {holder['host']}, process {holder['pid']}), last heard {silent.total_seconds():.0f} s ago"
        if silent > dt.timedelta(minutes=10):
            yield WARNING, text, "its process is stopped or hangs: let it go on (kill -CONT), or end it (kill -KILL); the next run heals"
        else:
            yield FINE, text


def _disk(home: Home) -> Said:
    unwritable = home.unwritable()
    if unwritable:
        yield PROBLEM, f"{unwritable} cannot be written to", UNWRITABLE
    if free_bytes(home) < max(needed_bytes(home), WANTED):
        yield PROBLEM, room(home), "make room: goodwill housekeeping, or a larger disk"
    else:
        yield FINE, room(home)


def _nights(home: Home) -> Said:
    runs = [run for run in audit.read_runs(home) if run.get("verdict") != "refused"]
    shown = current_run(home)
    if not shown:
        yield _nothing_shown(home)
        return
    publication = next((each for each in publications(home) if each.run_id == shown), None)
    if publication is None:
        yield PROBLEM, f"published/current leads to {shown}, which is not there", "goodwill rollback --to RUN --by NAME --reason TEXT"
        return
    business = load_business(home.business_file)
    behind = (today(business.company.business_time_zone) - dt.timedelta(days=1) - publication.as_of).days
    said = f"readers see {shown}, as of {publication.as_of}, published {publication.published_at[:16]} UTC"
    if business.calendar.as_of == "yesterday" and behind > 1:
        yield WARNING, f"{said}: {behind} days behind", "goodwill status names the nights that were not accepted, and why"
    else:
        yield FINE, said
    last = runs[-1] if runs else {}
    if last.get("verdict") in ("failed", "blocked"):
        message, _, remedy = str(last.get("message") or "").partition("\n  remedy: ")
        first, report = message.partition("\n")[0], f"see its report: {home.run(last['run_id']) / 'report' / 'index.html'}"
        yield (
            WARNING,
            f"the last night, {last['run_id']}, was {last['verdict']} at '{last.get('blocked_at')}': {first}",
            f"{remedy}; {report}" if remedy else report,
        )


def _nothing_shown(home: Home) -> tuple[str, str, str]:
    """Nothing was published yet; or the link that readers follow is gone, and what it led to is kept."""
    night, kept, said = f"goodwill run --home {home.root}", {each.run_id for each in publications(home)}, present(believed(home).entries)
    if not kept:
        return WARNING, "nothing is published yet", night
    if said is None or said[1] not in kept:
        return PROBLEM, f"published/current is gone: readers see nothing, though {len(kept)} publications are kept", night
    link = f"ln -s {said[1]} {home.current}"
    return PROBLEM, f"published/current is gone: readers see nothing, and row {said[0]} of the ledger says {said[1]}", f"{link}; or {night}"


def _ledger(home: Home) -> Said:
    if audit.head(home) is None and not list(kept_heads(home)):
        yield FINE, "not begun: the next night does"
        return
    chain = believed(home)
    if chain.problem:
        yield PROBLEM, chain.problem, "goodwill audit verify says more; restore audit/ledger.jsonl, and find out who changed it"
        return
    lacking, _ = unended(home, chain.entries)
    for problem in lacking:
        yield (
            PROBLEM,
            problem,
            "goodwill audit verify says more; restore audit/ledger.jsonl from a backup if rows are missing, and find out who removed them",
        )
    if not lacking:
        yield FINE, f"{len(chain.entries):,} rows, each as it was signed"


def _publications(home: Home) -> Said:
    changed = dict(changed_publications(home))
    for run_id, how in changed.items():
        if unfinished_erasures(home):
            yield WARNING, f"published/{run_id} is not what was published: an erasure was cut off in it", _FINISH
            continue
        yield (
            PROBLEM,
            f"published/{run_id} is not what was published: {how}",
            "goodwill audit verify names every file; show readers another one (goodwill rollback), and restore it from a backup or make it again "
            f"(goodwill audit rebuild {run_id})",
        )
    if not changed:
        yield FINE, f"{len(publications(home))} kept, each with what was published; every file is read by goodwill audit verify"


def _rights(home: Home) -> Said:
    loose = list(loose_rights(home))
    for place, what, remedy in loose:
        yield PROBLEM, f"{place}: {what}", f"{remedy}; then goodwill audit verify"
    if not loose:
        yield FINE, "people in clear are for the owner alone, and nobody writes to what is published"


def _landing(home: Home) -> Said:
    batches = [batch for source in load_sources(home.sources_file).sources for batch in active_batches(home, source) if batch.rows_sha256]
    newest = sorted(batches, key=lambda each: each.extracted_at)[-3:]
    # which others: another choice each day, so that all have their turn
    turn = f"{now():%Y%m%d}"
    others = sorted((each for each in batches if each not in newest), key=lambda each: _shuffled(each, turn))[: _SAMPLE - len(newest)]
    sealed = last_seals(home)
    bad = [each for each in [*newest, *others] if not _is_whole(home, each, sealed)]
    for each in bad:
        if unfinished_erasures(home):
            yield WARNING, f"landing/{each.source}/{each.batch_id} is not what landed: an erasure was cut off in it", _FINISH
            continue
        yield (
            PROBLEM,
            f"landing/{each.source}/{each.batch_id} ({each.file}) is not what landed",
            "restore the folder from a backup, or remove it: the next night lands the file again",
        )
    if not bad:
        yield FINE, f"{len(batches)} batches are read; {len(newest) + len(others)} of them looked at, each as it landed"


def _shuffled(batch: Manifest, turn: str) -> int:
    return zlib.crc32(f"{turn}{batch.batch_id}".encode())


def _is_whole(home: Home, batch: Manifest, sealed: Mapping[str, Sealed]) -> bool:
    """Its rows are those of its manifest, and that is the one of the ledger: both may have been exchanged for older ones."""
    file = rows_file(home, batch)
    manifest = file.with_name(MANIFEST)
    seal = sealed.get(manifest.relative_to(home.root).as_posix())
    is_ours = seal is None or seal.sha256 is None or digest(manifest) == seal.sha256
    return file.is_file() and digest(file) == batch.rows_sha256 and is_ours


def _forgotten(home: Home) -> Said:
    audit.check_lists(home)
    lock = Lock.of(home)
    if unfinished_erasures(home) and (not lock.holder() or lock.dead_holder()):
        yield PROBLEM, "an erasure was begun and cut off: whom it is about still stands in part of the home", _FINISH
    people, days = Forgotten.of(home).people, Expired.of(home).days
    said = f"{len(set(people.values())):,} people are forgotten" if people else "nobody is forgotten"
    until = ", ".join(f"{entity} from {day}" for entity, day in sorted(days.items()))
    yield FINE, f"{said}; {f'retention keeps {until}' if until else 'no period of retention was ever over'}"


def _leftovers(home: Home) -> Said:
    if Lock.of(home).holder():
        yield FINE, "not looked at while a run holds the warehouse"
        return
    old = find_old(home, load_sources(home.sources_file), load_business(home.business_file).retention)
    if old:
        size = sum(each.bytes() for each in old)
        yield WARNING, f"{len(old)} old things may go ({size / 1e6:,.0f} MB)", "goodwill housekeeping"
    else:
        yield FINE, "nothing old is lying about"


def _versions(_: Home) -> Said:
    versions = {name: _version(name) for name in _PACKAGES}
    missing = [name for name, version in versions.items() if not version]
    if missing:
        yield PROBLEM, f"not installed: {', '.join(missing)}", "pip install -r requirements.lock"
    lock = ROOT / "requirements.lock"
    pinned = dict(re.findall(r"^([\w-]+)==([\w.+-]+)", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)) if lock.exists() else {}
    other = [
        f"{name} {version} (tested: {pinned[name]})"
        for name, version in versions.items()
        if version and pinned.get(name, version) != version
    ]
    if other:
        yield WARNING, ", ".join(other), "pip install -r requirements.lock: figures may differ with other versions"
    else:
        shown = ", ".join(f"{name} {version}" for name, version in versions.items() if version)
        yield FINE, f"Python {sys.version.split()[0]}, {shown}"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


_LOOKS: dict[str, Callable[[Home], Said]] = {
    "home": _form,
    "settings": _configuration,
    "lock": _lock,
    "disk": _disk,
    "nights": _nights,
    "ledger": _ledger,
    "publications": _publications,
    "rights": _rights,
    "landing": _landing,
    "forgotten": _forgotten,
    "leftovers": _leftovers,
    "versions": _versions,
}
