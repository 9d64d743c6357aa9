"""Landing batches: immutable folders of Parquet, made real by a manifest. The manifests are the only state extraction has."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from goodwill.errors import SourceError
from goodwill.files import name_order
from goodwill.home import Home
from goodwill.sources import Source
from goodwill.sources.connectors.protocol import ROWS

__all__ = ["MANIFEST", "WITHDRAWN", "EntityTotals", "Manifest", "active_batches", "counting", "is_withdrawn", "read_manifests", "rows_file"]

MANIFEST = "manifest.json"

#: In the folder of a correction that was taken back: who did it, when and why.
WITHDRAWN = "withdrawn.json"


@dataclass(frozen=True)
class EntityTotals:
    """Control totals of one entity in one batch, measured at the source: what parses is summed, what does not is counted.

    `notes` counts the values that were healed, and said so: `column:CODE` → rows.
    """

    rows: int
    amount: Decimal | None
    unparsable_amounts: int
    first_event: str | None
    last_event: str | None
    notes: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What a batch is: which part of which source, read how, holding what.

    Parameters
    ----------
    file : the part as the configuration names it: a file relative to the home, a table, a resource.
    file_sha256, file_bytes, file_modified_ns : of what was read, where it lies at the source.
    reading : digest of the settings it was read with.
    whole : the batch holds all of its source, not what was new in it.
    cursor_low, cursor_high : the span of the cursor, where the source has one.
    supersedes : the batch of the same part that this one replaces.
    drift : changes of the structure against the batch before, each with kind, column, was, now.
    profile : what each text column holds, told from a sample: `kind:values`.
    corrects : rows of other batches (`[batch_id, row_no]`) that this hand-made batch replaces.
    corrected_by, reason : who made a correction, and why.
    warnings : what was noticed and did not stop the batch, each as `CODE: what`.
    forgotten_with : the version of the list of forgotten people that the rows were last held against.
    expired_with : entity → the day before which its rows were last made nobody's.
    forgotten : each time rows were rewritten because of either: when, how many, and the digest of the rows before.
    """

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
    file_modified_ns: int | None = None
    reading: str = ""
    whole: bool = True
    cursor_low: str | None = None
    cursor_high: str | None = None
    drift: tuple[dict[str, str | None], ...] = ()
    profile: dict[str, str] = field(default_factory=dict)
    corrects: tuple[tuple[str, int], ...] = ()
    corrected_by: str | None = None
    reason: str | None = None
    warnings: tuple[str, ...] = ()
    forgotten_with: str | None = None
    forgotten: tuple[dict[str, Any], ...] = ()
    expired_with: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1, default=str, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        raw: dict[str, Any] = json.loads(text)
        raw["totals"] = {
            entity: EntityTotals(**{**totals, "amount": None if totals["amount"] is None else Decimal(totals["amount"])})
            for entity, totals in raw["totals"].items()
        }
        raw.pop("notices", None)  # written by 0.1, never filled
        raw["drift"] = tuple(raw.get("drift", ()))
        raw["warnings"] = tuple(raw.get("warnings", ()))
        raw["forgotten"] = tuple(raw.get("forgotten", ()))
        raw["corrects"] = tuple((batch, row) for batch, row in raw.get("corrects", ()))
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


def _by_name(manifest: Manifest) -> tuple[object, ...]:
    return name_order(manifest.file), manifest.extracted_at


def _by_arrival(manifest: Manifest) -> tuple[object, ...]:
    return manifest.extracted_at, name_order(manifest.file)


def counting(source: Source, manifests: list[Manifest]) -> list[Manifest]:
    """Those of `manifests` (oldest first) that count, in the order in which they speak; corrections left out.

    The newest of each file for `load: files`; the newest alone for `full`; for `incremental`, the last whole pull and all since.
    """
    landed = [manifest for manifest in manifests if not manifest.corrects and source.owns(manifest.file)]
    order = _by_name if getattr(source, "newest", "arrival") == "name" else _by_arrival
    if source.load == "incremental":
        start = max((number for number, manifest in enumerate(landed) if manifest.whole), default=0)
        return landed[start:]
    newest = {manifest.file: manifest for manifest in landed}
    active = sorted(newest.values(), key=order)
    return active[-1:] if source.load == "full" else active


def active_batches(home: Home, source: Source) -> list[Manifest]:
    """The batches a night reads, in the order in which they speak (where two hold the same version of a key, the later is heard).

    Those that count; the corrections of a batch's rows speak right after it, not last: what the source itself says later is heard over them.
    """
    manifests = read_manifests(home, source.name)
    active = counting(source, manifests)
    corrections = [manifest for manifest in manifests if manifest.corrects and not is_withdrawn(home, manifest)]
    return _with_corrections(active, corrections) if corrections else active


def _with_corrections(active: list[Manifest], corrections: list[Manifest]) -> list[Manifest]:
    """Each batch followed by the corrections of its rows, and theirs; a correction holds as long as all that it corrects is read."""
    chains = {manifest.batch_id: [manifest] for manifest in active}
    chain_of = {manifest.batch_id: manifest.batch_id for manifest in active}
    waiting = corrections
    while waiting:
        held = [each for each in waiting if all(batch in chain_of for batch, _ in each.corrects)]
        if not held:
            break
        for each in held:
            root = chain_of[each.corrects[0][0]]
            chain_of[each.batch_id] = root
            chains[root].append(each)
        waiting = [each for each in waiting if each.batch_id not in chain_of]
    return [each for chain in chains.values() for each in chain]


def is_withdrawn(home: Home, manifest: Manifest) -> bool:
    """Whether a correction was taken back."""
    return (home.landing / manifest.source / manifest.batch_id / WITHDRAWN).exists()


def rows_file(home: Home, manifest: Manifest) -> Path:
    """The Parquet file of a batch."""
    return home.landing / manifest.source / manifest.batch_id / ROWS
