"""Whether what a night is about to read is what it was: batches as they landed, the ledger of the models, the lists of the forgotten and the warehouse."""

from __future__ import annotations

from goodwill.audit.ledger import ledger_file
from goodwill.audit.seals import Sealed, grown, last_seals
from goodwill.errors import GoodwillError, SourceError
from goodwill.extract.batches import MANIFEST, active_batches, rows_file
from goodwill.files import digest
from goodwill.home import Home
from goodwill.privacy.expired import Expired
from goodwill.privacy.forgotten import Forgotten
from goodwill.sources import Sources

__all__ = ["changed_warehouse", "check_batches", "check_lists", "check_models_ledger"]

_MODELS = "audit/clv_ledger.jsonl"


def check_batches(home: Home, sources: Sources) -> int:
    """Hold every batch that counts against its digests; returns how many there are.

    Raises
    ------
    SourceError : rows or a manifest are not as they were when they landed, or as they were left by what changed them on record.
    """
    sealed, count = last_seals(home), 0
    for source in sources.sources:
        for batch in active_batches(home, source):
            count += 1
            rows = rows_file(home, batch)
            manifest = rows.with_name(MANIFEST)
            seal = sealed.get(manifest.relative_to(home.root).as_posix())
            wanted = {rows: batch.rows_sha256, manifest: seal.sha256 if seal else None}
            for file, sha256 in wanted.items():
                if sha256 and not (file.is_file() and digest(file) == sha256):
                    state = "was changed since it landed" if file.is_file() else "is gone"
                    raise SourceError(
                        f"source {source.name!r}: {file.relative_to(home.root)} ({batch.file}) {state}",
                        f"restore {rows.parent.relative_to(home.root)} from a backup; or, if the source still has {batch.file}, remove that folder "
                        "and it lands anew. goodwill audit verify says what else was changed",
                    )
    return count


def check_models_ledger(home: Home) -> None:
    """Hold the ledger that the models are chosen and scored by against its last seal; what a night or a review appended since is theirs.

    Raises
    ------
    GoodwillError : a line of it was changed or removed.
    """
    sealed = last_seals(home).get(_MODELS)
    if sealed and (state := _unlike(home, _MODELS, sealed)):
        raise GoodwillError(
            f"{_MODELS} {state}: models would be scored by other parameters than were accepted",
            "restore it from a backup, and find out who changed it; or, if it is to stay as it is, begin a new ledger that says so: "
            "goodwill audit restart --by NAME --reason TEXT",
        )


def check_lists(home: Home) -> None:
    """Hold the list of the forgotten and the days of retention against the ledger: both only go on.

    One that is newer than the ledger is right, too: it was kept apart when a backup was brought back.

    Raises
    ------
    GoodwillError : one is gone, or something was changed in it or taken out: who was forgotten would come back.
    """
    known = last_seals(home)
    listed, days = (path.relative_to(home.root).as_posix() for path in (home.forgotten_file, home.expired_file))
    state = _unlike(home, listed, known[listed]) if listed in known else ""
    if listed not in known and _tells_of_forgotten(home) and not Forgotten.of(home):
        state = "is gone or empty, and the audit ledger tells of erasures"
    if state:
        raise _lost(listed, state)
    before = known[days].facts.get("before", {}) if days in known and known[days].sha256 else {}
    if before and not home.expired_file.is_file():
        raise _lost(days, f"is gone since row {known[days].seq} of the audit ledger")
    kept = Expired.of(home).days
    for entity, day in sorted(before.items()):
        if entity not in kept or str(kept[entity]) < day:
            raise _lost(days, f"says {kept.get(entity) or 'nothing'} of {entity}, and row {known[days].seq} of the audit ledger {day}")


def _lost(name: str, state: str) -> GoodwillError:
    return GoodwillError(
        f"{name} {state}: what is forgotten would come back with the next file",
        f"bring {name} back from a backup, or from where it is kept apart; if it is lost for good, begin a new ledger that says so "
        "(goodwill audit restart --by NAME --reason TEXT), and erase again whoever asked for it",
    )


def _unlike(home: Home, name: str, sealed: Sealed) -> str:
    """How a file that only grows is not what it was sealed as; empty where it is, or was appended to by Goodwill."""
    file = home.root / name
    if sealed.sha256 is None or (file.is_file() and (digest(file) == sealed.sha256 or grown(home, sealed, name))):
        return ""
    return f"{'was changed' if file.is_file() else 'is gone'} since row {sealed.seq} of the audit ledger"


def _tells_of_forgotten(home: Home) -> bool:
    """Whether somebody was put on the list, by the word of the ledger: also by an erasure of before the list was sealed."""
    file = ledger_file(home)
    return file.is_file() and any(b'"kind":"erasure"' in line and b'"identifiers":' in line for line in file.read_bytes().splitlines())


def changed_warehouse(home: Home) -> str | None:
    """Why the accepted warehouse is not what the last accepted night, or an erasure since, left; `None` where it is, or nothing is known of it.

    What was edited in it would be copied from night to night: it is built anew from what landed.
    """
    sealed = last_seals(home).get(home.accepted.relative_to(home.root).as_posix())
    if not sealed or not sealed.sha256 or not home.accepted.is_file() or digest(home.accepted) == sealed.sha256:
        return None
    return f"the accepted warehouse was changed since row {sealed.seq} of the audit ledger"
