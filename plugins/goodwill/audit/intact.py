"""Whether what a night is about to read is what it was: batches as they landed, the ledger of the models and the warehouse as the nights before left them."""

from __future__ import annotations

from goodwill.audit.seals import GROWING, grown, last_seals
from goodwill.errors import GoodwillError, SourceError
from goodwill.extract.batches import MANIFEST, active_batches, rows_file
from goodwill.files import digest
from goodwill.home import Home
from goodwill.sources import Sources

__all__ = ["changed_warehouse", "check_batches", "check_models_ledger"]


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
    known = last_seals(home)
    for name, sealed in ((name, known[name]) for name in GROWING if name in known):
        file = home.root / name
        if sealed.sha256 is None or (file.is_file() and (digest(file) == sealed.sha256 or grown(sealed, name, file))):
            continue
        raise GoodwillError(
            f"{name} {'was changed' if file.is_file() else 'is gone'} since row {sealed.seq} of the audit ledger: models would be scored by other parameters than were accepted",
            "restore it from a backup, and find out who changed it; or, if it is to stay as it is, begin a new ledger that says so: "
            "goodwill audit restart --by NAME --reason TEXT",
        )


def changed_warehouse(home: Home) -> str | None:
    """Why the accepted warehouse is not what the last accepted night, or an erasure since, left; `None` where it is, or nothing is known of it.

    What was edited in it would be copied from night to night: it is built anew from what landed.
    """
    sealed = last_seals(home).get(home.accepted.relative_to(home.root).as_posix())
    if not sealed or not sealed.sha256 or not home.accepted.is_file() or digest(home.accepted) == sealed.sha256:
        return None
    return f"the accepted warehouse was changed since row {sealed.seq} of the audit ledger"
