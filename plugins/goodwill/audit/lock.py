"""One night at a time: the run that holds the warehouse, known to every process, healed when its owner is dead."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.clock import now
from goodwill.errors import GoodwillError
from goodwill.files import replace_text
from goodwill.home import Home

__all__ = ["LEASE", "Lock"]

#: A run whose last sign of life is older than this, and whose process cannot be asked, is taken for dead.
LEASE = dt.timedelta(minutes=30)


def _birth(pid: int) -> str | None:
    """What tells a living process from a later one of the same number: when it started. `None` if it is dead, buried or not."""
    try:
        words = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return None
    else:
        return None if words[0] in "ZX" else words[19]
    try:  # a system without /proc can only say whether the number is in use
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "unknown"


@dataclass(frozen=True)
class Lock:
    """The lock of a home; `pid` is the process that drives the whole night, where there is one such process."""

    path: Path

    @classmethod
    def of(cls, home: Home) -> Lock:
        home.warehouse.mkdir(parents=True, exist_ok=True)
        return cls(home.warehouse / "lock.json")

    def holder(self) -> dict[str, Any] | None:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        except (FileNotFoundError, ValueError):
            return None

    def _is_dead(self, holder: dict[str, Any]) -> bool:
        if holder.get("host") == socket.gethostname() and holder.get("pid"):
            return _birth(int(holder["pid"])) not in {holder.get("born")} - {None}
        return now() - dt.datetime.fromisoformat(holder["alive_at"]) > LEASE

    def acquire(self, run_id: str, pid: int | None) -> None:
        """Take the lock for `run_id`.

        Raises
        ------
        GoodwillError : another run holds it and is alive.
        """
        content = {
            "run_id": run_id,
            "host": socket.gethostname(),
            "pid": pid,
            "born": pid and _birth(pid),
            "taken_at": now(),
            "alive_at": now(),
        }
        for _ in range(2):
            try:
                handle = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
            except FileExistsError:
                if self.holder_run() != run_id:
                    self.refuse_if_held()
                with suppress(FileNotFoundError):
                    self.path.unlink()
                continue
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(content, stream, default=str)
            return
        raise GoodwillError("the warehouse lock was taken by another run in the same moment", "run again when that run has ended")

    def dead_holder(self) -> str | None:
        """The run that holds the warehouse without a process alive to end it, or `None`."""
        holder = self.holder()
        return holder["run_id"] if holder and self._is_dead(holder) else None

    def holder_run(self) -> str | None:
        holder = self.holder()
        return holder["run_id"] if holder else None

    def refuse_if_held(self) -> None:
        """Raise `GoodwillError` if a living run holds the warehouse."""
        holder = self.holder()
        if holder and not self._is_dead(holder):
            raise GoodwillError(
                f"run {holder['run_id']} holds the warehouse since {str(holder['taken_at'])[:19]} UTC (host {holder['host']}, process {holder['pid']})",
                f"wait until it has ended; if it is surely dead, remove {self.path}",
            )

    def check(self, run_id: str) -> None:
        """Show that `run_id` is alive; refuse to go on if the lock has passed to another run."""
        holder = self.holder()
        if not holder or holder["run_id"] != run_id:
            raise GoodwillError(
                f"run {run_id} no longer holds the warehouse" + (f"; {holder['run_id']} does" if holder else ""), "start the night again"
            )
        replace_text(self.path, json.dumps({**holder, "alive_at": now()}, default=str))

    def release(self, run_id: str) -> None:
        holder = self.holder()
        if holder and holder["run_id"] == run_id:
            self.path.unlink(missing_ok=True)
