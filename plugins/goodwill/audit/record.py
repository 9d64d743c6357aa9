"""The record of a run: `run.json` (what the run is and how it ended) and `stages.jsonl` (each stage as it starts and ends)."""

from __future__ import annotations

import json
import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.audit.ledger import append
from goodwill.audit.seals import seal
from goodwill.causes import explained
from goodwill.clock import now
from goodwill.errors import GateBlocked, GoodwillError, SourceError
from goodwill.files import append_json_line, digest, json_lines, replace_text
from goodwill.home import Home

__all__ = ["RunRecord", "keep_configuration", "read_runs", "staged"]

#: What the checks of a run are told by, in many small files, and the file that lists these.
DOCUMENTS, LISTING = ("validation_documents", "data_docs"), "manifest.json"


def _reset_peak_memory() -> None:
    """Start a new high-water mark of this process's memory, where the system has one to reset."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def _peak_memory_mb() -> int:
    try:
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@dataclass(frozen=True)
class RunRecord:
    """Where the record of one run lives, and how it is read and written."""

    folder: Path

    @classmethod
    def of(cls, home: Home, run_id: str) -> RunRecord:
        folder = home.run(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        return cls(folder)

    @property
    def file(self) -> Path:
        return self.folder / "run.json"

    @property
    def stages_file(self) -> Path:
        return self.folder / "stages.jsonl"

    @property
    def head_file(self) -> Path:
        """The head of the ledger when the run had ended: apart from `run.json`, as the row it names seals that."""
        return self.folder / "ledger_head"

    @property
    def has_ended(self) -> bool:
        return self.read().get("verdict") not in (None, "running")

    def lasting(self) -> list[Path]:
        """What lasts of a run, once it has ended: the record itself, what was read, checked, rejected and decided. Not what can be made again."""
        within = [
            path
            for name in ("configuration", "lineage", "segment_ledger", "audit_report")
            for path in sorted((self.folder / name).glob("*"))
        ]
        named = [self.folder / name for name in ("run.json", "stages.jsonl", "quarantine.csv", "clv_ledger.jsonl", "report/index.html")]
        listed = [self.folder / name / LISTING for name in DOCUMENTS]
        return [path for path in [*named, *within, *listed] if path.is_file()]

    def list_documents(self) -> None:
        """Write beside the documents of the checks what they are: a hundred files that one seal then proves."""
        for folder in (self.folder / name for name in DOCUMENTS):
            if folder.is_dir():
                paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path != folder / LISTING]
                files = {path.relative_to(folder).as_posix(): {"bytes": path.stat().st_size, "sha256": digest(path)} for path in paths}
                replace_text(folder / LISTING, json.dumps({"files": files}, indent=1, ensure_ascii=False))

    def read(self) -> dict[str, Any]:
        return json.loads(self.file.read_text(encoding="utf-8")) if self.file.exists() else {}

    def update(self, **facts: Any) -> dict[str, Any]:
        """Add facts to `run.json`, whole or not at all."""
        merged = {**self.read(), **facts}
        replace_text(self.file, json.dumps(merged, indent=1, default=str, ensure_ascii=False))
        return merged

    def say(self, stage: str, status: str, **more: Any) -> None:
        """Append one line to `stages.jsonl`."""
        at = now().isoformat(sep=" ", timespec="milliseconds")
        append_json_line(self.stages_file, {"stage": stage, "status": status, "at": at, **more})

    def stages(self) -> list[dict[str, Any]]:
        """What `say` was told, in order."""
        return [line for line in json_lines(self.stages_file) if line.get("stage")]


@contextmanager
def staged(home: Home, run_id: str, stage: str) -> Iterator[dict[str, Any]]:
    """Record a stage: its start, its end or its failure, how long it took, its CPU and its peak memory; the end is a row of the ledger.

    Yields a dict for the stage's own figures. An exception is recorded (`blocked` at a gate or by a source, else `failed`) and goes on.
    """
    record = RunRecord.of(home, run_id)
    with explained(f"stage {stage!r}"):
        record.say(stage, "started")
    _reset_peak_memory()
    began, cpu = time.perf_counter(), time.process_time()
    detail: dict[str, Any] = {}

    def cost() -> dict[str, Any]:
        return {"cpu_seconds": round(time.process_time() - cpu, 2), "peak_rss_mb": _peak_memory_mb()}

    def enter(status: str, **more: Any) -> None:
        figures = {key: value for key, value in detail.items() if value is None or isinstance(value, (bool, int, float, str))}
        append(home, "stage", {"run_id": run_id, "stage": stage, "status": status, "figures": figures, **more})

    try:
        with explained(f"stage {stage!r}"):
            yield detail
            enter("done")
    except BaseException as error:
        status = "blocked" if isinstance(error, (GateBlocked, SourceError)) else "failed"
        with suppress(OSError, GoodwillError):  # a full disk, a ledger that was changed: the night's own error says more
            record.say(stage, status, seconds=round(time.perf_counter() - began, 2), detail={**detail, **cost()}, message=str(error))
            enter(status, error=type(error).__name__)  # what it says may name a person: that stays in the record of the run
            _seal_what_came_late(home, record)
        raise
    record.say(stage, "done", seconds=round(time.perf_counter() - began, 2), detail={**detail, **cost()})
    _seal_what_came_late(home, record)


def _seal_what_came_late(home: Home, record: RunRecord) -> None:
    """A run that another has ended (it was taken for dead) may still have something to say: then its stages are sealed anew."""
    if record.has_ended:
        append(home, "run", {"event": "late", "run_id": record.folder.name, "seals": seal(home, record.stages_file)})


def keep_configuration(home: Home, run_id: str) -> Path:
    """Keep the settings and the sources of a run beside its record, as they were: a run is rebuilt from them."""
    folder = RunRecord.of(home, run_id).folder / "configuration"
    folder.mkdir(exist_ok=True)
    for file in (home.business_file, home.sources_file):
        shutil.copyfile(file, folder / file.name)
    return folder


def read_runs(home: Home) -> list[dict[str, Any]]:
    """Every run of a home, oldest first."""
    runs = [
        {"run_id": folder.name, **RunRecord(folder).read()}
        for folder in sorted((home.root / "runs").glob("*"))
        if (folder / "run.json").exists()
    ]
    return sorted(runs, key=lambda run: str(run.get("started_at", "")))
