"""A real HTTP server in a thread, which answers as a test tells it to and remembers what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request, as the server saw it."""

    target: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    at: float


@dataclass(frozen=True)
class Says:
    """An answer; `body` may come in pieces, with pauses in seconds between them; a `promised` length beyond the body breaks off."""

    body: object = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    pieces: tuple[tuple[float, bytes], ...] = ()
    promised: int | None = None

    def bytes(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass
class Server:
    url: str
    asked: list[Asked] = field(default_factory=list)

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    def pages(self, name: str = "page") -> list[str | None]:
        return [each.query.get(name) for each in self.asked]


@contextmanager
def serving(answer: Callable[[Asked], Says]) -> Iterator[Server]:
    """Serve `answer` on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(self.path, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), time.monotonic())
            server.asked.append(asked)
            says = answer(asked)
            body = says.bytes() or b"".join(piece for _, piece in says.pieces)
            self.send_response(says.status)
            for name, value in {"Content-Type": "application/json", **says.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(says.promised or len(body)))
            self.end_headers()
            try:
                for pause, piece in says.pieces or ((0.0, body),):
                    time.sleep(pause)
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:
                pass
            if says.promised:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server = Server(f"http://127.0.0.1:{http.server_address[1]}")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
