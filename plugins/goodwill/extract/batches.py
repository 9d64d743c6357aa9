"""Landing batches: immutable folders of Parquet, made real by a manifest. The manifests are the only state extraction has."""

from __future__ import annotations

import datetime as dt
import fnmatch
import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from goodwill.errors import SourceError
from goodwill.home import Home
from goodwill.settings.sources import Source

__all__ = ["EntityTotals", "Manifest", "active_batches", "read_manifests"]

MANIFEST = "manifest.json"
ROWS = "rows.parquet"


@dataclass(frozen=True)
class EntityTotals:
    """Control totals of one entity in one file, measured at the source: what parses is summed, what does not is counted."""

    rows: int
    amount: Decimal | None
    unparsable_amounts: int
    first_event: str | None
    last_event: str | None


@dataclass(frozen=True)
class Manifest:
    """What a batch is: which file, read how, holding what. `file` is as the configuration names it, relative to the home if inside it."""

    batch_id: str
    source: str
    file: str
    file_sha256: str
    file_bytes: int
    extracted_at: str
    rows: int
    malformed_rows: int
    columns: dict[str, str]
    rows_sha256: str
    totals: dict[str, EntityTotals]
    supersedes: str | None = None
    notices: tuple[str, ...] = field(default=())

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, default=str, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        raw: dict[str, Any] = json.loads(text)
        raw["totals"] = {
            entity: EntityTotals(**{**totals, "amount": None if totals["amount"] is None else Decimal(totals["amount"])})
            for entity, totals in raw["totals"].items()
        }
        raw["notices"] = tuple(raw["notices"])
        return cls(**raw)

    @property
    def extracted(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.extracted_at)


def read_manifests(home: Home, source: str) -> list[Manifest]:
    """Every whole batch of a source, oldest first; a folder without a manifest is not a batch."""
    manifests = []
    for path in sorted((home.landing / source).glob(f"*/{MANIFEST}")):
        if path.parent.name.startswith("."):
            continue
        try:
            manifests.append(Manifest.from_json(path.read_text(encoding="utf-8")))
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"source {source!r}: the manifest {path} cannot be read ({error})",
                f"remove the folder {path.parent}; the next night lands the file again",
            ) from None
    return sorted(manifests, key=lambda manifest: (manifest.extracted_at, manifest.batch_id))


def active_batches(home: Home, source: Source) -> list[Manifest]:
    """The batches a night reads: the newest of each file the source's path names, oldest first."""
    newest: dict[str, Manifest] = {}
    for manifest in read_manifests(home, source.name):
        if manifest.file == source.path or fnmatch.fnmatch(manifest.file, source.path):
            newest[manifest.file] = manifest
    return sorted(newest.values(), key=lambda manifest: (manifest.extracted_at, manifest.batch_id))


def rows_file(home: Home, manifest: Manifest) -> Path:
    """The Parquet file of a batch."""
    return home.landing / manifest.source / manifest.batch_id / ROWS
