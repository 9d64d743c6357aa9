"""CPU and wall seconds of named steps, and the peak memory of the process they ran in."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb

__all__ = ["Timed", "connected"]

T = TypeVar("T")


@contextmanager
def connected(path: Path, memory: str | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The shop's warehouse, without progress bars; with a limit to DuckDB's memory, such as 1GB."""
    with duckdb.connect(str(path), config={"memory_limit": memory} if memory else {}) as connection:
        connection.execute("set enable_progress_bar = false")
        yield connection


class Timed:
    """Steps of one process, in their order."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.wall: dict[str, float] = {}

    def run(self, name: str, work: Callable[[], T]) -> T:
        """Do a piece of work and keep what it took."""
        cpu, wall = time.process_time(), time.perf_counter()
        result = work()
        self.seconds[name], self.wall[name] = round(time.process_time() - cpu, 3), round(time.perf_counter() - wall, 3)
        return result

    @property
    def figures(self) -> dict[str, Any]:
        """`seconds` and `wall` by step, `peak` in MiB so far."""
        return {"seconds": self.seconds, "wall": self.wall, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
