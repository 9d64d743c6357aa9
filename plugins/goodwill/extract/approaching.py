"""How a source is approached tonight: what is known of it, all of it from the manifests of its batches."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from functools import partial

from goodwill.clock import now
from goodwill.extract.batches import Manifest, active_batches, read_manifests
from goodwill.home import Home
from goodwill.sources import Source
from goodwill.sources.connectors.protocol import Approach, Seen
from goodwill.sources.credentials import Resolver, resolve

__all__ = ["approach_of", "short"]


def short(*words: str) -> str:
    """A short digest: ids of batches, and how a source is read."""
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _reconciliation_due(source: Source, active: list[Manifest]) -> bool:
    """Whether the newest whole pull is older than the source wants it to be; one from the future is not to be trusted."""
    whole = [manifest.extracted for manifest in active if manifest.whole]
    if not whole or source.full_every_days is None:
        return not whole
    age = now() - max(whole)
    return not dt.timedelta(0) <= age < dt.timedelta(days=source.full_every_days)


def approach_of(home: Home, source: Source, zone: str, resolver: Resolver, share: float, say: Callable[[str], None]) -> Approach:
    """How a source is approached now: what is known of it, all of it from the manifests."""
    reading = short(source.reading())
    known = [manifest for manifest in read_manifests(home, source.name) if not manifest.corrects]
    newest = {manifest.file: manifest for manifest in known}
    seen = {
        name: Seen(manifest.file_sha256, manifest.file_bytes, manifest.file_modified_ns)
        for name, manifest in newest.items()
        if manifest.reading == reading
    }
    # a source read in another way than before is pulled whole again
    alike = [manifest for manifest in active_batches(home, source) if manifest.reading == reading and not manifest.corrects]
    marks = [manifest.cursor_high for manifest in alike if manifest.cursor_high] if source.load == "incremental" else []
    if marks and _reconciliation_due(source, alike):
        marks = []
    return Approach(
        home.root,
        zone,
        home.landing / source.name / ".unfinished",
        partial(resolve, resolver=resolver),
        seen,
        marks[-1] if marks else None,
        quarantine_share=share,
        say=say,
    )
