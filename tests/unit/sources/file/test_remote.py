"""Files on a storage: listed, copied once, whole, and not kept; what changed meanwhile or is gone is said, and no secret ever is."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pytest
from goodwill.errors import ConfigurationError, GoodwillError, SourceError
from goodwill.extract import landing
from goodwill.extract.vanished import Vanished, vanished_warnings
from goodwill.home import Home
from goodwill.sources import load_sources

SOURCES = """
sources:
  - name: shop
    path: "{path}"
    {more}
    entities: {{orders: {{columns: {{order_id: id, ordered_at: at, net_amount: amount}}}}}}
"""


def day(number: int, amount: str = "1.00") -> bytes:
    return f"id,at,amount\no{number},2025-03-0{number},{amount}\n".encode()


@pytest.fixture
def bucket() -> Iterator[fsspec.AbstractFileSystem]:
    """A storage in memory, and empty."""
    system = fsspec.filesystem("memory")
    system.store.clear()
    yield system
    system.store.clear()


@pytest.fixture
def shop(make_home):
    return lambda path, more="": make_home(sources=SOURCES.format(path=path, more=more))


def kept(home: Home) -> list[Path]:
    """Local copies that are left."""
    return [path for path in (home.landing / "shop").glob(".unfinished/**/*") if path.is_file()]


def fetched(monkeypatch: pytest.MonkeyPatch, system: type[fsspec.AbstractFileSystem]) -> list[str]:
    """What is copied from now on."""
    seen: list[str] = []
    get = system.get_file
    monkeypatch.setattr(
        system, "get_file", lambda self, path, *rest, **how: seen.append(path.rsplit("/", 1)[-1]) or get(self, path, *rest, **how)
    )
    return seen


def test_day_files_land_once_each_and_their_copies_go(shop, land, orders, manifests, bucket, monkeypatch):
    copied = fetched(monkeypatch, type(bucket))
    home = shop("memory://exports/*.csv")
    for number in (1, 2):
        bucket.pipe(f"/exports/{number}.csv", day(number))
    land(home)
    assert [manifest.file for manifest in manifests(home)] == ["memory://exports/1.csv", "memory://exports/2.csv"]
    assert (copied, kept(home)) == (["1.csv", "2.csv"], [])
    land(home)
    bucket.pipe("/exports/3.csv", day(3))
    bucket.pipe("/exports/1.csv", day(1, "9.00"))
    land(home)
    assert copied == ["1.csv", "2.csv", "1.csv", "3.csv"], "a file that did not change is not copied again"
    assert [row["amount"] for row in orders(home)] == ["9.00", "1.00", "1.00"]


def test_a_file_written_again_with_the_same_bytes_is_no_news(shop, land, manifests, bucket):
    home = shop("memory://exports/*.csv")
    for _ in range(2):
        bucket.pipe("/exports/1.csv", day(1))
        land(home)
    assert len(manifests(home)) == 1
    assert not kept(home)


def test_a_file_that_changes_while_it_is_read_lands_nothing(shop, land, manifests, bucket, monkeypatch):
    home = shop("memory://exports/1.csv")
    bucket.pipe("/exports/1.csv", day(1))
    measure = landing.measure
    monkeypatch.setattr(landing, "measure", lambda *given: bucket.pipe("/exports/1.csv", day(1, "2.00")) or measure(*given))
    with pytest.raises(SourceError, match="changed while it was read"):
        land(home)
    assert manifests(home) == []


def test_a_copy_whose_landing_failed_is_used_again(shop, land, orders, bucket, monkeypatch):
    home = shop("memory://exports/*.csv")
    copied = fetched(monkeypatch, type(bucket))
    bucket.pipe("/exports/1.csv", day(1))
    with monkeypatch.context() as failing:
        failing.setattr(landing, "measure", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            land(home)
    assert [path.name for path in kept(home)] == ["1.csv"]
    land(home)
    assert (copied, kept(home), len(orders(home))) == (["1.csv"], [], 1)


def test_a_file_that_is_gone_stays_landed_and_no_file_at_all_is_refused(shop, land, orders, bucket):
    home = shop("memory://exports/*.csv")
    for number in (1, 2):
        bucket.pipe(f"/exports/{number}.csv", day(number))
    land(home)
    bucket.rm("/exports/1.csv")
    land(home)
    assert len(orders(home)) == 2
    bucket.rm("/exports/2.csv")
    with pytest.raises(SourceError, match="matches no file") as error:
        land(home)
    assert "path" in error.value.remedy
    with pytest.raises(SourceError, match=r"memory://exports/2\.csv does not exist"):
        land(shop("memory://exports/2.csv"))


def test_a_file_waits_for_its_marker(shop, land, manifests, bucket):
    home = shop("memory://exports/*", more="ready_marker: '{file}.done'")
    bucket.pipe("/exports/1.csv", day(1))
    land(home)
    assert manifests(home) == []
    bucket.pipe("/exports/1.csv.done", b"")
    land(home)
    assert [manifest.file for manifest in manifests(home)] == ["memory://exports/1.csv"]


def test_a_smaller_file_under_a_known_name_is_said(shop, land, manifests, bucket):
    home = shop("memory://exports/1.csv")
    bucket.pipe("/exports/1.csv", day(1) + b"o2,2025-03-01,2.00\n")
    land(home)
    bucket.pipe("/exports/1.csv", day(1))
    land(home)
    shrunk = "SHRUNK: 32 bytes, where 51 had landed under this name"
    assert manifests(home)[-1].warnings == (shrunk, *vanished_warnings({"orders": Vanished(1, of=2)}))


@contextmanager
def web(folder: Path, **how: object) -> Iterator[tuple[str, list[tuple[str, str, str | None]]]]:
    """A web server over a folder: its URL, and what it was asked (method, path, authorization)."""
    asked: list[tuple[str, str, str | None]] = []

    class Handler(SimpleHTTPRequestHandler):
        def send_head(self):
            asked.append((self.command, self.path, self.headers["Authorization"]))
            if how.get("wants") and self.headers["Authorization"] != how["wants"]:
                self.send_error(401)
                return None
            return super().send_head()

        def send_header(self, keyword, value):
            if keyword not in how.get("hides", ()):
                super().send_header(keyword, value)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def served(tmp_path):
    folder = tmp_path / "served"
    folder.mkdir()
    return folder


def gets(asked: list[tuple[str, str, str | None]], name: str) -> int:
    return sum((method, path) == ("GET", f"/{name}") for method, path, _ in asked)


def test_files_of_a_web_server(shop, land, orders, manifests, served):
    (served / "1.csv").write_bytes(day(1))
    (served / "2.csv").write_bytes(day(2))
    with web(served) as (url, asked):
        home = shop(f"{url}/*.csv")
        land(home)
        assert [manifest.file for manifest in manifests(home)] == [f"{url}/1.csv", f"{url}/2.csv"]
        assert not kept(home)
        before = len(asked)
        land(home)
        assert len(manifests(home)) == 2
        (served / "1.csv").write_bytes(day(1, "5.00"))  # as long as before: only its time tells
        os.utime(served / "1.csv", (time.time() + 10, time.time() + 10))
        land(home)
    assert [row["amount"] for row in orders(home)] == ["5.00", "1.00"]
    assert before


def test_an_unchanged_file_of_a_web_server_is_not_copied_again(shop, land, served):
    (served / "1.csv").write_bytes(day(1))
    with web(served) as (url, asked):
        home = shop(f"{url}/1.csv")
        land(home)
        once = gets(asked, "1.csv")
        land(home)
        assert gets(asked, "1.csv") == once == 1


@pytest.mark.parametrize("hides", [("Last-Modified",), ("Last-Modified", "Content-Length")], ids=["no-time", "no-time-and-no-size"])
def test_a_server_that_tells_no_version_is_asked_for_the_bytes(shop, land, orders, manifests, served, hides):
    (served / "1.csv").write_bytes(day(1))
    with web(served, hides=hides) as (url, _):
        home = shop(f"{url}/1.csv")
        land(home)
        land(home)
        assert len(manifests(home)) == 1, "the same bytes are no news"
        (served / "1.csv").write_bytes(day(1, "7.00"))
        land(home)
    assert [row["amount"] for row in orders(home)] == ["7.00"]


def test_what_a_web_server_does_not_have_or_refuses_is_said(shop, land, served):
    with web(served, wants="Basic eA==") as (url, _), pytest.raises(SourceError, match=r"the server answers 401"):
        land(shop(f"{url}/1.csv"))
    with web(served) as (url, _), pytest.raises(SourceError, match=r"1\.csv does not exist"):
        land(shop(f"{url}/1.csv"))
    with pytest.raises(SourceError, match=r"cannot be read \(Client\w+\)"):
        land(shop(f"{url}/1.csv"))


@pytest.mark.parametrize(
    ("uri", "wants"),
    [
        ("http://ann:s3cr%2Ft@127.0.0.1", "Basic " + base64.b64encode(b"ann:s3cr/t").decode()),
        ("http://:s3cr%2Ft@127.0.0.1?auth=bearer", "Bearer s3cr/t"),
    ],
)
def test_secrets_come_from_the_connection_and_go_nowhere_else(shop, land, orders, served, monkeypatch, uri, wants):
    monkeypatch.setenv("GOODWILL_CONNECTION_WEB", uri)
    (served / "1.csv").write_bytes(day(1))
    with web(served, wants=wants) as (url, _):
        home = shop(f"{url}/1.csv", more="connection: web")
        said = land(home)
    assert len(orders(home)) == 1
    written = "\n".join(path.read_text(errors="replace") for path in home.root.rglob("*") if path.is_file())
    for secret in ("s3cr/t", "s3cr%2Ft", wants.split()[1]):
        assert secret not in written
        assert secret not in "\n".join(said)


def test_a_wrong_secret_is_not_shown(shop, land, served, monkeypatch):
    monkeypatch.setenv("GOODWILL_CONNECTION_WEB", "http://ann:wr0ng-one@127.0.0.1")
    with web(served, wants="Basic eA==") as (url, _), pytest.raises(SourceError) as error:
        land(shop(f"{url}/1.csv", more="connection: web"))
    assert "wr0ng-one" not in str(error.value)


def test_the_secrets_of_one_host_are_not_sent_to_another(shop, land, served, monkeypatch):
    monkeypatch.setenv("GOODWILL_CONNECTION_WEB", "https://ann:s3cret@files.example")
    with web(served) as (url, asked), pytest.raises(ConfigurationError, match=r"is of files\.example") as error:
        land(shop(f"{url}/1.csv", more="connection: web"))
    assert "s3cret" not in str(error.value)
    assert asked == []


@pytest.mark.parametrize(
    "path", ["https://ann:s3cret@files.example/a.csv", "https://files.example/a.csv?X-Amz-Signature=s3cret", "s3://key:s3cret@bucket/a.csv"]
)
def test_a_secret_in_the_path_is_refused_and_not_repeated(shop, path):
    home = shop(path)
    with pytest.raises(ConfigurationError, match="name a 'connection'") as error:
        load_sources(home.sources_file)
    assert "s3cret" not in str(error.value)


@pytest.mark.parametrize(
    ("path", "what"), [("file:///etc/hosts", "named by its path"), ("nowhere://x/a.csv", "nothing here reads nowhere://")]
)
def test_addresses_that_nothing_reads(shop, land, path, what):
    with pytest.raises(GoodwillError, match=what):
        land(shop(path))


@pytest.fixture(scope="module")
def s3(tmp_path_factory) -> Iterator[str]:
    """A server of S3, where there is one: `moto_server`, or the program that `$GOODWILL_MOTO_SERVER` names."""
    program = os.environ.get("GOODWILL_MOTO_SERVER") or shutil.which("moto_server")
    if not program:
        pytest.skip("needs moto's server: pip install 'moto[server]'")
    pytest.importorskip("s3fs")
    log = tmp_path_factory.mktemp("s3") / "log"
    with log.open("w") as sink, subprocess.Popen([program, "-H", "127.0.0.1", "-p", "0"], stdout=sink, stderr=sink) as server:
        try:
            deadline = time.monotonic() + 60
            while "Running on" not in log.read_text() and time.monotonic() < deadline and server.poll() is None:
                time.sleep(0.1)
            yield log.read_text().split("Running on ")[1].split()[0]
        finally:
            server.terminate()


def test_a_bucket(shop, land, orders, manifests, monkeypatch, s3):
    import s3fs

    monkeypatch.setenv("GOODWILL_CONNECTION_LAKE", f"aws://AKIAKEY:s3cr%2Ft@?endpoint_url={s3}&region_name=eu-west-3")
    outside = s3fs.S3FileSystem(
        key="k", secret="s", client_kwargs={"endpoint_url": s3, "region_name": "eu-west-3"}, skip_instance_cache=True
    )
    outside.mkdir("exports", create_bucket=True) if not outside.exists("exports") else None
    copied = fetched(monkeypatch, s3fs.S3FileSystem)
    for number in (1, 2):
        outside.pipe(f"exports/{number}.csv", day(number))
    home = shop("s3://exports/*.csv", more="connection: lake")
    land(home)
    assert [manifest.file for manifest in manifests(home)] == ["s3://exports/1.csv", "s3://exports/2.csv"]
    land(home)
    outside.pipe("exports/2.csv", day(2, "8.00"))
    land(home)
    assert copied == ["1.csv", "2.csv", "2.csv"]
    assert [row["amount"] for row in orders(home)] == ["1.00", "8.00"]
    assert not kept(home)
    measure = landing.measure
    outside.pipe("exports/3.csv", day(3))
    monkeypatch.setattr(landing, "measure", lambda *given: (outside.pipe("exports/3.csv", day(3, "2.00")), measure(*given))[1])
    with pytest.raises(SourceError, match="changed while it was read"):
        land(home)
    written = "\n".join(path.read_text(errors="replace") for path in home.root.rglob("*") if path.is_file())
    assert "s3cr/t" not in written
