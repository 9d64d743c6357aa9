"""Whether the batches a night is about to read are those that landed: their rows as their manifests say, their manifests as the ledger says."""

from __future__ import annotations

from goodwill.audit.seals import last_seals
from goodwill.errors import SourceError
from goodwill.extract.batches import MANIFEST, active_batches, rows_file
from goodwill.files import digest
from goodwill.home import Home
from goodwill.sources import Sources

__all__ = ["check_batches"]


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
