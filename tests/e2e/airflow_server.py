"""Start Airflow's processes for a test, speak with them over REST, and take them down whole."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

__all__ = ["AirflowServer", "RestError", "free_ports", "native"]

FINAL_STATES = frozenset({"success", "failed"})


class RestError(AssertionError):
    """The API answered with an error."""


def free_ports(count: int) -> list[int]:
    """`count` different ports nobody listens on now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def native(command: Sequence[str]) -> list[str]:
    """The command with the programs of this interpreter's environment: `airflow` becomes the one beside `sys.executable`."""
    beside = Path(sys.executable).parent / command[0]
    return [str(beside) if beside.exists() else command[0], *command[1:]]


def _post(url: str, body: Any, headers: Mapping[str, str], method: str, timeout: float) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        raise RestError(f"{method} {url}: {error.code} {error.read().decode(errors='replace')[:2000]}") from error


@dataclass
class AirflowServer:
    """A set of processes that make one Airflow.

    Parameters
    ----------
    port : where its API server answers.
    logs : folder for what the processes print, one file each.
    """

    port: int
    logs: Path
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    before: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> AirflowServer:
        self.logs.mkdir(parents=True, exist_ok=True)
        # A test run that is told to end (a CI's time limit) still takes its servers down: the signal becomes an exception here.
        self.before = signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            signal.signal(signal.SIGTERM, self.before)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Start a process as the leader of its own session, so that everything it starts can be stopped with it."""
        with (self.logs / f"{name}.log").open("wb") as output:
            self.processes[name] = subprocess.Popen(
                native(command),
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.logs,
            )

    def run(self, name: str, command: Sequence[str], environment: Mapping[str, str], timeout: float = 180) -> None:
        """Run a command to its end; it must succeed."""
        done = subprocess.run(native(command), env=dict(environment), capture_output=True, text=True, timeout=timeout, cwd=self.logs)
        (self.logs / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        assert done.returncode == 0, f"{name} ended with {done.returncode}:\n{self.tail(name)}"

    def tail(self, name: str, lines: int = 40) -> str:
        """The last lines a process printed."""
        path = self.logs / f"{name}.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return f"--- {name} ---\n" + "\n".join(text.splitlines()[-lines:])

    def _wait(self, what: str, ready: Callable[[], Any], timeout: float, every: float = 1.0) -> Any:
        deadline = time.monotonic() + timeout
        seen: Any = None
        while time.monotonic() < deadline:
            for name, process in self.processes.items():
                assert process.poll() is None, f"{name} ended with {process.returncode} while waiting for {what}\n{self.tail(name)}"
            with suppress(OSError, ValueError, RestError):
                seen = ready()
                if seen:
                    return seen
            time.sleep(every)
        tails = "\n".join(self.tail(name) for name in self.processes)
        raise AssertionError(f"no {what} within {timeout:.0f} s (last seen: {seen!r})\n{tails}")

    def health(self) -> dict[str, Any]:
        """What the monitor says of each component. Another service may answer the port: then there is no `scheduler` in it."""
        answer = _post(f"{self.url}/api/v2/monitor/health", None, {}, "GET", 10)
        assert "scheduler" in answer, f"port {self.port} is answered by something else: {answer}"
        return dict(answer)

    def wait_healthy(self, timeout: float = 240) -> dict[str, Any]:
        """Wait until every component is healthy."""
        wanted = ("metadatabase", "scheduler", "dag_processor", "triggerer")

        def ready() -> dict[str, Any] | None:
            seen = self.health()
            return seen if all((seen.get(part) or {}).get("status") == "healthy" for part in wanted) else None

        return dict(self._wait("healthy Airflow", ready, timeout))

    def token(self, user: str, password: str) -> str:
        """A bearer token for a user."""
        return str(_post(f"{self.url}/auth/token", {"username": user, "password": password}, {}, "POST", 30)["access_token"])

    def call(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """One call of the REST API under `/api/v2`."""
        return _post(f"{self.url}/api/v2/{path}", body, {"Authorization": f"Bearer {token}"}, method, 60)

    def wait_dag(self, token: str, dag_id: str, timeout: float = 180) -> None:
        """Wait until the DAG processor has brought the DAG; an import error fails at once, with its text."""

        def ready() -> bool:
            errors = self.call(token, "GET", "importErrors")["import_errors"]
            if errors:
                texts = "\n".join(error["stack_trace"] for error in errors)
                raise AssertionError(f"import errors:\n{texts}")
            return bool(self.call(token, "GET", f"dags/{dag_id}")["dag_id"] == dag_id)

        self._wait(f"DAG {dag_id}", ready, timeout)

    def trigger(self, token: str, dag_id: str, conf: Mapping[str, Any]) -> str:
        """Unpause the DAG and start a run of it; the id of the run."""
        self.call(token, "PATCH", f"dags/{dag_id}", {"is_paused": False})
        run = self.call(token, "POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": dict(conf)})
        return str(run["dag_run_id"])

    def wait_run(self, token: str, dag_id: str, run_id: str, timeout: float = 900) -> dict[str, str]:
        """Wait for the run to succeed; the state of each task. A failed run fails here, with the states of its tasks."""

        def final() -> str | None:
            state = str(self.call(token, "GET", f"dags/{dag_id}/dagRuns/{run_id}")["state"])
            return state if state in FINAL_STATES else None

        state = self._wait(f"end of {dag_id} {run_id}", final, timeout, every=2.0)
        instances = self.call(token, "GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=500")["task_instances"]
        tasks = {f"{one['task_id']}[{one['map_index']}]": str(one["state"]) for one in instances}
        failed = {name: value for name, value in tasks.items() if value != "success"}
        assert state == "success", (
            f"{dag_id} {run_id}: {state}; tasks not successful: {failed}\n{self._failed_logs(token, dag_id, run_id, instances)}"
        )
        return tasks

    def _failed_logs(self, token: str, dag_id: str, run_id: str, instances: Sequence[Mapping[str, Any]]) -> str:
        texts = []
        for one in instances:
            if one["state"] == "failed":
                path = (
                    f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{one['task_id']}/logs/{one['try_number']}?map_index={one['map_index']}"
                )
                with suppress(RestError, OSError, ValueError):
                    content = self.call(token, "GET", path)["content"]
                    texts.append(f"--- {one['task_id']} ---\n" + "\n".join(str(line) for line in content)[-4000:])
        return "\n".join(texts)

    def stop(self, patience: float = 20) -> None:
        """Stop the whole session of every process: a polite signal to the group, then a final one to whoever is left."""
        for process in self.processes.values():
            _signal_session(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + patience
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.1))
        while time.monotonic() < deadline and any(_session(process.pid) for process in self.processes.values()):
            time.sleep(0.2)
        for process in self.processes.values():
            _signal_session(process.pid, signal.SIGKILL)
            process.wait(10)
        deadline = time.monotonic() + 10  # whom nobody waits for is still listed until the system has cleared it away
        while time.monotonic() < deadline and self.left_over():
            time.sleep(0.2)

    def left_over(self) -> dict[str, list[int]]:
        """Processes still alive in the sessions we started, by name: empty after `stop`."""
        return {name: alive for name, process in self.processes.items() if (alive := _session(process.pid))}


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt(f"signal {number}")


def _session(leader: int) -> list[int]:
    """Living processes of a session. Airflow's children make process groups of their own, so the group is not enough."""
    members = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] != "Z":
                    members.append(int(entry.name))
    return members


def _signal_session(leader: int, number: signal.Signals) -> None:
    for member in _session(leader):
        with suppress(ProcessLookupError):
            os.kill(member, number)
