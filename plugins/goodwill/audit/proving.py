"""Hold a home against its ledger: the rows themselves, then every file that the ledger has sealed, and what these name in turn."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from goodwill.audit.ends import unended
from goodwill.audit.heads import Head, kept_heads, lost
from goodwill.audit.ledger import Entry, head, ledger_file, read_entries
from goodwill.audit.seals import Sealed, grown, seals_of
from goodwill.audit.unknown import unknown
from goodwill.audit.verifying import Chain, against, verify_chain
from goodwill.files import digest
from goodwill.home import Home
from goodwill.privacy.forgotten import unfinished_erasures

__all__ = ["Proof", "believed", "present", "prove", "refuse_if_cut_off"]


#: Where files last as they are sealed. Logs and Airflow's own files change every night: what a row says of them was true then.
_LASTING = ("landing/", "published/", "runs/", "audit/", "privacy/")

#: The accepted warehouse lasts from the end of one night to the publication of the next. That it is gone is no loss: a backup has none, and the
#: next night builds another from what landed.
_ACCEPTED = "warehouse/accepted/warehouse.duckdb"


@dataclass
class Proof:
    """What was found: `problems`, the first bad row of the ledger before any file; `notes` are for a person to know, not wrong."""

    chain: Chain
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Files whose digest was taken, and their bytes.
    files: int = 0
    bytes: int = 0

    def agrees(self, path: Path, sha256: str) -> bool:
        """Whether a file that is there has this digest."""
        self.files += 1
        self.bytes += path.stat().st_size
        return digest(path) == sha256


def believed(home: Home, kept: Head | None = None) -> Chain:
    """The ledger up to its first row that is not to be believed: by itself, by the heads that the home keeps, and by one that an auditor `kept`.

    Heads of older ledgers, which a new one set aside or says are lost, are no witnesses of it.
    """
    chain = verify_chain(home)
    if chain.problem:
        return chain
    older = _set_aside(home, chain.entries)
    heads = [*kept_heads(home), *([("the head that was given", kept)] if kept else [])]
    return against(chain, [(who, seen) for who, seen in heads if seen not in older])


def prove(home: Home, kept: Head | None = None, contents: bool = True) -> Proof:
    """Verify the ledger, and what it says of the files of the home.

    Parameters
    ----------
    kept : a head that an auditor kept away from the home.
    contents : also read what the sealed manifests list: the rows of batches, the files of publications.
    """
    proof = Proof(believed(home, kept))
    if proof.chain.problem:
        proof.problems.append(f"{ledger_file(home).relative_to(home.root)}: {proof.chain.problem}")
    seals = seals_of(proof.chain.entries)
    open_records = _open_records(proof.chain.entries)
    for name, sealed in sorted(seals.items(), key=lambda item: (item[1].seq, item[0])):
        lasts = name.startswith(_LASTING) or (name == _ACCEPTED and not open_records and home.accepted.is_file())
        if lasts and name not in open_records:
            _file(home, name, sealed, proof, contents, set(seals), bool(open_records))
    if not proof.chain.problem:
        for problems, notes in (unknown(home, seals, proof.chain.entries), unended(home, proof.chain.entries)):
            proof.problems += problems
            proof.notes += notes
        _present(home, proof)
    late = [entry for entry in proof.chain.entries if entry.facts.get("late")]
    if batches := [entry for entry in late if entry.kind != "run"]:
        proof.notes.append(f"{len(batches)} batches were entered after the run that landed them, the first in row {batches[0].seq}")
    proof.notes += [
        f"that {entry.facts['run_id']} had ended was entered by a later night, in row {entry.seq}: nothing proves what its files were before"
        for entry in late
        if entry.kind == "run"
    ]
    if unfinished_erasures(home):
        proof.notes.append(
            "an erasure was begun and not finished: the files it had changed are named above; the next erasure or night finishes and seals it"
        )
    healed = [entry for entry in proof.chain.entries if entry.kind == "healed"]
    if healed:
        proof.notes.append(f"{len(healed)} torn rows were cut off after a writer was killed, the first before row {healed[0].seq}")
    return proof


def _open_records(entries: Iterable[Entry]) -> set[str]:
    """The records of runs that have begun and not ended: they are still written to, also after an erasure had to rewrite them."""
    open_runs: dict[str, None] = {}
    for entry in entries:
        if entry.kind == "run" and entry.facts["event"] == "begun":
            open_runs[entry.facts["run_id"]] = None
        elif entry.kind == "run" and entry.facts["event"] == "ended":
            open_runs.pop(entry.facts["run_id"], None)
    return {f"runs/{run_id}/{name}" for run_id in open_runs for name in ("run.json", "stages.jsonl")}


def _set_aside(home: Home, entries: Iterable[Entry]) -> set[Head]:
    """The rows of older ledgers that this one sealed when it was begun, and those that were lost by then."""
    restarts = [entry for entry in entries if entry.kind == "restart"]
    files = [home.root / name for entry in restarts for name in entry.facts["seals"] if name.startswith("audit/ledger-")]
    kept = {
        entry.head
        for file in files
        if file.is_file()
        for line in file.read_bytes().splitlines(keepends=True)
        if (entry := Entry.parse(line))
    }
    return kept | {Head.parse(each) for entry in restarts for each in entry.facts.get("lost", [])}


def refuse_if_cut_off(home: Home) -> None:
    """Raise `GoodwillError` where a publication or the record of a run knows a later row than the last one: a night would go on without it."""
    last = head(home)
    rows = last.seq if last else 0
    later = [(who, seen) for who, seen in kept_heads(home) if seen.seq > rows]
    older = _set_aside(home, read_entries(home)) if later else set()
    unknown = [(who, seen) for who, seen in later if seen not in older]
    if unknown:
        raise lost(*max(unknown, key=lambda each: each[1].seq), rows=rows)


def present(entries: Sequence[Entry]) -> tuple[int, str] | None:
    """The run that readers should see as the ledger has it, and the row that says so; nothing where none was ever shown."""
    unpublished = {
        row.facts["run_id"]
        for row in entries
        if row.kind == "run" and row.facts.get("event") == "ended" and row.facts.get("verdict") != "published"
    }
    said: list[tuple[int, str]] = []
    for row in entries:
        if row.kind == "rollback":
            said.append((row.seq, row.facts["to"]))
        elif row.kind == "publication" and row.facts.get("becomes_current") and row.facts["run_id"] not in unpublished:
            said.append((row.seq, row.facts["run_id"]))
    return said[-1] if said else None


def _present(home: Home, proof: Proof) -> None:
    """What readers see is what the ledger last said that they should."""
    link = home.published / "current"
    shown = os.readlink(link) if link.is_symlink() else None
    said = present(proof.chain.entries)
    if said and said[1] != shown:
        proof.problems.append(f"published/current shows {shown or 'nothing'}, and row {said[0]} says {said[1]}")


def _file(home: Home, name: str, sealed: Sealed, proof: Proof, contents: bool, every: set[str], is_night: bool) -> None:
    path = home.root / name
    if sealed.sha256 is None:
        if path.exists():
            proof.problems.append(f"{name} is there, and row {sealed.seq} says that it was removed")
    elif not path.is_file():
        proof.problems.append(f"{name} is gone (row {sealed.seq} knows it)")
    elif not proof.agrees(path, sealed.sha256):
        if not grown(home, sealed, name):
            proof.problems.append(f"{name} was changed since row {sealed.seq}")
        elif is_night:
            proof.notes.append(f"{name} was appended to since row {sealed.seq}: the night that has begun seals it when it ends")
        else:
            proof.problems.append(
                f"{name} was appended to since row {sealed.seq}, by what was killed before it could say so (the next night seals it)"
            )
    elif contents and path.name == "manifest.json":
        said = json.loads(path.read_text(encoding="utf-8"))
        if "files" in said:
            _listed(path.parent, name, {each: facts["sha256"] for each, facts in said["files"].items()}, proof, every)
        elif said.get("rows_sha256"):
            _listed(path.parent, name, {"rows.parquet": said["rows_sha256"]}, proof, every)


def _listed(folder: Path, manifest: str, files: dict[str, str], proof: Proof, every: set[str]) -> None:
    """What a sealed manifest lists, and nothing else, lies beside it unchanged."""
    place = manifest.removesuffix("manifest.json")
    for name, sha256 in files.items():
        path = folder / name
        if not path.is_file():
            proof.problems.append(f"{place}{name} is gone (its manifest lists it)")
        elif not proof.agrees(path, sha256):
            proof.problems.append(f"{place}{name} was changed: it is not what its manifest lists")
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in files and place + name not in every:
            proof.problems.append(f"{place}{name} was added: its manifest does not list it, and no row speaks of it")
