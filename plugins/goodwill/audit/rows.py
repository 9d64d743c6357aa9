"""What the ledger says of a batch, of the checks of a boundary, of a publication and of the end of a night."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from goodwill.audit.ledger import Entry, append, append_all
from goodwill.audit.record import RunRecord
from goodwill.audit.seals import last_seals, seal, seal_grown
from goodwill.extract.batches import MANIFEST, WITHDRAWN, Manifest, read_manifests, rows_file
from goodwill.files import replace_text
from goodwill.home import Home

__all__ = ["enter_batches", "enter_checks", "enter_correction", "enter_drift", "enter_end", "enter_publication"]


def _batch(home: Home, manifest: Manifest) -> dict[str, Any]:
    return {
        "source": manifest.source,
        "batch_id": manifest.batch_id,
        "file": manifest.file,
        "file_sha256": manifest.file_sha256,
        "extracted_at": manifest.extracted_at,
        "rows": manifest.rows,
        "malformed_rows": manifest.malformed_rows,
        "totals": {entity: {"rows": totals.rows, "amount": totals.amount} for entity, totals in manifest.totals.items()},
        "seals": seal(home, _manifest_file(home, manifest)),
    }


def _manifest_file(home: Home, manifest: Manifest) -> Path:
    return rows_file(home, manifest).with_name(MANIFEST)


def enter_batches(home: Home, source: str, run_id: str | None, since: str) -> list[Entry]:
    """Enter every batch of a source that is not on record, or landed anew since it was.

    Parameters
    ----------
    run_id : the run that asks, if a run does.
    since : when it began; a batch of before is marked `late`: its landing was killed before it could be entered, or the ledger is younger.
    """
    known = last_seals(home)
    rows = []
    for manifest in read_manifests(home, source):
        seen = known.get(_manifest_file(home, manifest).relative_to(home.root).as_posix())
        # one that was changed since it was entered is not entered again: that is for verifying to find
        if seen is None or seen.sha256 is None or manifest.extracted_at > seen.facts.get("extracted_at", seen.at):
            late = {"late": True} if manifest.extracted_at < since else {}
            rows.append(("batch", {"run_id": run_id, **_batch(home, manifest), **late}))
    return append_all(home, rows) if rows else []


def enter_correction(home: Home, decided: str, batches: Iterable[Manifest], by: str, reason: str) -> list[Entry]:
    """Enter what a person decided about rejected rows (`corrected`, `withdrawn`), one row a batch, with name and reason."""
    signed = {"decided": decided, "by": by, "reason": reason}
    if decided == "corrected":
        rows = [("override", {**signed, "corrected_rows": len(manifest.corrects), **_batch(home, manifest)}) for manifest in batches]
        return append_all(home, rows) if rows else []
    known = last_seals(home)
    entered = []
    for manifest in batches:
        notes = (home.landing / manifest.source).glob(f"*/{WITHDRAWN}")  # that of the batch, and those of what it was carried on from
        seals = {name: sha256 for name, sha256 in seal(home, *notes).items() if name not in known}
        facts = {
            **signed,
            "corrected_rows": len(manifest.corrects),
            "source": manifest.source,
            "batch_id": manifest.batch_id,
            "seals": seals,
        }
        entered.append(append(home, "override", facts))
    return entered


def enter_checks(home: Home, run_id: str, boundary: str, rows: Iterable[Mapping[str, Any]]) -> Entry:
    """Enter the checks of a boundary: how many, which failed, and the seal of their results."""
    listed = list(rows)
    failed = [row for row in listed if not row["success"]]
    results = home.run(run_id) / "validation_results" / f"{boundary}.parquet"
    facts = {
        "run_id": run_id,
        "boundary": boundary,
        "checks": len(listed),
        "tables": dict(sorted(Counter(row["table_name"] for row in listed).items())),
        "failed": sorted({f"{row['severity']} {row['rule_id']} {row['table_name']}" for row in failed}),
        "seals": seal(home, results),
    }
    return append(home, "expectation", facts)


def enter_drift(home: Home, run_id: str, measured: int, moved: list[str], file: Path) -> Entry:
    """Enter what was held against the last good nights: how many quantities, which have moved, and the seal of the findings."""
    return append(home, "drift", {"run_id": run_id, "measured": measured, "moved": moved, "seals": seal(home, file)})


def enter_publication(home: Home, folder: Path, becomes_current: bool, token: int | None, totals: list[dict[str, Any]]) -> Entry:
    """Enter a publication before anybody sees it: its day, code, settings, inputs, tables and control totals, and the seal of its manifest."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    batches = manifest.get("batches", [])
    facts = {
        **{name: manifest.get(name) for name in ("run_id", "as_of", "code_version", "configuration_sha256")},
        "becomes_current": becomes_current,
        "token": token,
        "batches": len(batches),
        "batches_sha256": hashlib.sha256("\n".join(batches).encode()).hexdigest(),
        "tables": manifest["tables"],
        "fingerprints": manifest.get("fingerprints", {}),
        "totals": totals,
        "seals": seal(home, folder / "manifest.json"),
    }
    return append(home, "publication", facts)


def enter_end(home: Home, run_id: str, late: bool = False) -> Entry:
    """Enter how a night ended, and the seals of its record, of what it decided and of the warehouse it left, which the nights after it go on from.

    `late`: a later night does, and vouches for nothing but that these are the files which it found.
    """
    places = sorted(path for path in (home.audit / "segment_ledger").glob(f"*_{run_id}/*") if path.is_file())
    known = seal_grown(home)
    record = RunRecord.of(home, run_id)
    record.list_documents()
    said = record.read()
    accepted = [home.accepted] if said.get("verdict") == "published" and said.get("is_current") and not late else []
    facts = {
        "event": "ended",
        "run_id": run_id,
        **{name: said.get(name) for name in ("as_of", "verdict", "blocked_at", "is_current")},
        "seals": seal(home, *record.lasting(), *places, *accepted) | known["seals"],
        "bytes": known["bytes"],
        **({"late": True} if late else {}),
    }
    entry = append(home, "run", facts)
    replace_text(record.head_file, f"{entry.head}\n")
    return entry
