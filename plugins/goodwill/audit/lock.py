"""One night at a time: the run that holds the warehouse, known to every process, healed when its owner is dead."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from goodwill.clock import now
from goodwill.errors import GoodwillError, HeldError
from goodwill.files import guarded, replace_text, sync
from goodwill.home import Home

__all__ = ["LEASE", "Lock"]

#: A run whose last sign of life is older than this, and whose process cannot be asked, is taken for dead.
LEASE = dt.timedelta(minutes=30)
#: Seconds between two signs of life during a stage.
HEARTBEAT = 60.0


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
        home.warehouse.mkdir(mode=0o700, parents=True, exist_ok=True)  # people in clear will be in it
        return cls(home.warehouse / "lock.json")

    def holder(self) -> dict[str, Any] | None:
        try:
            return json.loads(self.path.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
        except (FileNotFoundError, ValueError):
            return None

    def _is_dead(self, holder: dict[str, Any]) -> bool:
        if holder.get("host") == socket.gethostname() and holder.get("pid"):
            return _birth(int(holder["pid"])) not in {holder.get("born")} - {None}
        # a sign of life from a time to come is from before the clock was set back: whoever lives has given another since
        return abs(now() - dt.datetime.fromisoformat(holder["alive_at"])) > LEASE

    def acquire(self, run_id: str, pid: int | None) -> int:
        """Take the lock for `run_id`.

        Returns
        -------
        The fencing token: larger than that of any holder before. Whoever comes with a smaller one is a ghost, and may not publish.

        Raises
        ------
        GoodwillError : another run holds it and is alive.
        """
        with self.exclusively():
            if self.holder_run() != run_id:
                self.refuse_if_held()
            token = self._next_token()
            content = {
                "run_id": run_id,
                "token": token,
                "host": socket.gethostname(),
                "pid": pid,
                "born": pid and _birth(pid),
                "taken_at": now(),
                "alive_at": now(),
            }
            replace_text(self.path, json.dumps(content, default=str))
        return token

    def _next_token(self) -> int:
        """Count one on; the count outlives every lock."""
        counter = self.path.with_name("lock_token")
        count = int((self.holder() or {}).get("token") or 0)
        with suppress(FileNotFoundError, ValueError):
            count = max(count, int(counter.read_text(encoding="ascii")))
        replace_text(counter, str(count + 1))
        sync(counter)
        return count + 1

    def exclusively(self) -> AbstractContextManager[None]:
        """Nobody takes the lock, gives it back or publishes meanwhile.

        Raises
        ------
        GoodwillError : a process has been in such a moment for too long: it is stopped, not dead.
        """
        return guarded(self.path.with_name(".lock.guard"))

    @contextmanager
    def fenced(self, run_id: str, token: int | None) -> Iterator[None]:
        """What only the holder may do, done while nobody can take the lock from it.

        Raises
        ------
        GoodwillError : the lock has passed to another run.
        """
        with self.exclusively():
            self._own(run_id, token)
            yield

    @contextmanager
    def kept_alive(self, run_id: str, token: int | None) -> Iterator[None]:
        """Show a sign of life every minute while something long is done; it stops with the process."""
        ended = threading.Event()

        def beat() -> None:
            while not ended.wait(HEARTBEAT):
                with suppress(GoodwillError, OSError):  # whoever lost the lock is told at the next check
                    self.check(run_id, token)

        thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def dead_holder(self) -> str | None:
        """The run that holds the warehouse without a process alive to end it, or `None`."""
        holder = self.holder()
        return holder["run_id"] if holder and self._is_dead(holder) else None

    def holder_run(self) -> str | None:
        holder = self.holder()
        return holder["run_id"] if holder else None

    def refuse_if_held(self) -> None:
        """Raise `HeldError` if a living run holds the warehouse, and `GoodwillError` if that has not been heard of for longer than its lease."""
        holder = self.holder()
        if holder and not self._is_dead(holder):
            silent = now() - dt.datetime.fromisoformat(holder["alive_at"])
            kind = GoodwillError if silent > LEASE else HeldError  # who waits for a process that hangs waits for ever: that is a failure
            raise kind(
                f"run {holder['run_id']} holds the warehouse since {str(holder['taken_at'])[:19]} UTC (host {holder['host']}, process {holder['pid']})",
                self._how_to_wait(holder),
            )

    def _how_to_wait(self, holder: dict[str, Any]) -> str:
        """When the warehouse is free: the lock of a dead run is taken by whoever comes next, so that nobody removes one by hand."""
        if holder.get("host") == socket.gethostname() and holder.get("pid"):
            return f"wait until it has ended, or end process {holder['pid']}: the next run then takes its place by itself"
        minutes = round(LEASE.total_seconds() / 60)
        return f"wait until it has ended; should it be dead, the next run takes its place {minutes} minutes after its last sign of life ({str(holder['alive_at'])[:19]} UTC)"

    def check(self, run_id: str, token: int | None = None) -> None:
        """Show that `run_id` is alive; refuse to go on if the lock has passed to another run."""
        with self.fenced(run_id, token):
            replace_text(self.path, json.dumps({**(self.holder() or {}), "alive_at": now()}, default=str))

    def _own(self, run_id: str, token: int | None) -> None:
        holder = self.holder()
        if not holder or holder["run_id"] != run_id or token not in (None, holder.get("token")):
            held = f"; {holder['run_id']} does, with token {holder.get('token')}" if holder else ""
            mine = "" if token is None else f" (token {token})"
            raise GoodwillError(f"run {run_id}{mine} no longer holds the warehouse{held}", "start the night again")

    def release(self, run_id: str) -> None:
        with self.exclusively():
            if self.holder_run() == run_id:
                self.path.unlink(missing_ok=True)
