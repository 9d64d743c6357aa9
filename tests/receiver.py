"""Somebody who takes alerts: a server of this machine that keeps what is posted to it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from goodwill.alerts import URL

__all__ = ["Receiver", "receiver"]


@dataclass
class Receiver:
    """Where it is, and what it got: kind, text and facts of each alert."""

    url: str = ""
    got: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A receiver that alerts are sent to during a test; what is posted below `/refuse` it refuses."""
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refuses = self.path.startswith("/refuse")
            if not refuses:
                taken.got.append((said.pop("kind"), said.pop("text"), said))
            self.send_response(403 if refuses else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        taken.url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv(URL, taken.url)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield taken
        server.shutdown()
