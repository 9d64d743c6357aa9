"""The machine gives out in the midst of a night: a full disk, too little memory, a file held by another, a damaged batch, a clock set back.

Each is done for real. What is published stays whole and the old one, the message says what to do, and the next night needs no hands.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest
from goodwill import audit, clock, stages
from goodwill.audit.ledger import read_entries
from goodwill.audit.seals import seal
from goodwill.audit.verifying import verify_chain
from goodwill.cli.app import main
from goodwill.cli.doctoring import examine
from goodwill.errors import GoodwillError, SourceError
from goodwill.extract import active_batches
from goodwill.extract.batches import rows_file
from goodwill.home import Home
from goodwill.publish import publications, tidy
from goodwill.publish.rollback import roll_back
from goodwill.settings.business import Retention
from goodwill.sources import load_sources
from goodwill.warehouse import open_warehouse, promote

from tests.conftest import ORDERS_SOURCE
from tests.receiver import receiver
from tests.small_night import lay_out, night, seen

__all__ = ["receiver"]

ORDERS = "order_id,ordered_at,customer_id,amount\n" + "".join(
    f"{n * 7919},2025-03-{1 + n % 28:02},c{n * 104729 % 9973},{n % 997}.50\n" for n in range(30_000)
)


#: What a night writes to that must last.
WRITTEN = ("landing", "warehouse", "published", "runs", "audit")


@pytest.fixture
def home(make_home) -> Home:
    """A home with one publication."""
    home: Home = make_home(**{"orders.csv": ORDERS})
    night(home, "first", "2025-12-30")
    return home


@contextmanager
def small_disk(home: Home) -> Iterator[Path | None]:
    """The folders that a night writes to are on a small file system of their own; nothing where this user may not mount one."""
    place = home.root / "disk"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=60m", "tmpfs", str(place)], capture_output=True, check=False)
    if done.returncode:
        yield None
        return
    try:
        for name in WRITTEN:
            if (home.root / name).exists():
                shutil.copytree(home.root / name, place / name, symlinks=True)
                shutil.rmtree(home.root / name)
            (place / name).mkdir(exist_ok=True)
            (home.root / name).symlink_to(place / name)
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def filled(place: Path | None, left: int) -> Iterator[None]:
    """The disk is full but for so many bytes."""
    if place is None:
        pytest.skip("a small file system cannot be mounted here")
    free = os.statvfs(place)
    with (place / "filler").open("wb") as stream:
        os.posix_fallocate(stream.fileno(), 0, max(1, free.f_bavail * free.f_frsize - left))
    try:
        yield
    finally:
        (place / "filler").unlink()


def gone(home: Home) -> None:
    """The process of the night is dead: its last sign of life is old."""
    lock = audit.Lock.of(home)
    if holder := lock.holder():
        lock.path.write_text(lock.path.read_text().replace(str(holder["alive_at"]), "2020-01-01 00:00:00"))


def landed(home: Home, run_id: str) -> stages.Ticket:
    """A night that has come as far as its warehouse, laid out over what has landed."""
    ticket = stages.open_night(str(home.root), "2025-12-31", run_id)
    stages.extract_source(ticket, "shop")
    stages.prepare(ticket)
    return ticket


def assert_published(home: Home, run_id: str) -> None:
    gone(home)
    night(home, run_id, "2025-12-31")
    assert seen(home) == run_id
    assert "running" not in {run["verdict"] for run in audit.read_runs(home)}
    assert [path.name for path in home.published.glob(".*")] == []
    assert [path.name for path in home.warehouse.glob(".lock.json.*")] == []
    assert verify_chain(home).problem == ""


@pytest.mark.parametrize("left", [0, 100_000])
def test_a_disk_full_while_publishing(home, left):
    with small_disk(home) as place:
        ticket = lay_out(home, "second", "2025-12-31")
        with filled(place, left), pytest.raises(GoodwillError, match=r"stage 'publish': .*(No space left|Errno 28)[\s\S]*make room"):
            stages.publish_night(ticket)
        assert seen(home) == "first"
        assert [each.run_id for each in publications(home)] == ["first"]
        assert_published(home, "third")


def test_a_disk_full_while_the_warehouse_is_laid_out(home):
    with small_disk(home) as place:
        ticket = stages.open_night(str(home.root), "2025-12-31", "second")
        stages.extract_source(ticket, "shop")
        with filled(place, 200_000), pytest.raises(GoodwillError, match=r"stage 'prepare': .*(No space left|Errno 28)[\s\S]*make room"):
            stages.prepare(ticket)
        assert seen(home) == "first"
        assert_published(home, "third")


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Home, Path | None]]:
    """A home with one publication, and the small disk it writes to: one for all that build, as dbt reads every model anew in another place."""
    folder = tmp_path_factory.mktemp("building")
    (folder / "input").mkdir()
    (folder / "input" / "orders.csv").write_text(ORDERS)
    (folder / "goodwill.yml").write_text("company: {currency: EUR}")
    (folder / "sources.yml").write_text(dedent(ORDERS_SOURCE))
    home = Home.at(folder)
    night(home, "first", "2025-12-30")
    with small_disk(home) as place:
        yield home, place


def assert_builds(home: Home, run_id: str) -> None:
    """A plain night, as far as the staged orders: nothing was lost."""
    gone(home)
    stages.build(landed(home, run_id), "staging")
    with open_warehouse(home.working_copy, read_only=True) as connection:
        assert connection.execute("select count(*) from staging.base_orders where row_status = 'accepted'").fetchall() == [(30_000,)]


def test_too_little_memory_for_a_model(building, monkeypatch):
    home, _ = building
    ticket = landed(home, "starved")
    monkeypatch.setenv("GOODWILL_MEMORY_LIMIT", "3MB")
    with pytest.raises(GoodwillError, match=r"of the layer 'staging' failed: .*Out of Memory[\s\S]*remedy: .*GOODWILL_MEMORY_LIMIT"):
        stages.build(ticket, "staging")
    monkeypatch.delenv("GOODWILL_MEMORY_LIMIT")
    assert seen(home) == "first"
    assert_builds(home, "fed")


def test_a_disk_full_while_a_model_is_built(building):
    home, place = building
    gone(home)
    ticket = landed(home, "cramped")
    full = r"of the layer 'staging' failed: .*(No space left|Errno 28)[\s\S]*make room"
    with filled(place, 1_500_000), pytest.raises(GoodwillError, match=full):
        stages.build(ticket, "staging")
    assert seen(home) == "first"
    assert_builds(home, "roomy")


HOLD = "import duckdb, sys\nwith duckdb.connect(sys.argv[1]) as held:\n    print('held', flush=True)\n    sys.stdin.read()"


def test_a_warehouse_that_another_process_holds_open(home):
    ticket = landed(home, "second")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home.working_copy)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(GoodwillError, match=rf"stage 'identity': .*lock on file .*PID {other.pid}[\s\S]*remedy: end the process"):
            stages.resolve_identities(ticket)
    assert seen(home) == "first"
    assert_published(home, "third")


def _flip(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("name", ["rows.parquet", "manifest.json"])
def test_a_byte_flipped_in_a_landed_batch(home, name):
    ticket = landed(home, "second")
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    folder = rows_file(home, batch).parent
    file = folder / name
    place = file.stat().st_size // 2 if name == "rows.parquet" else file.read_bytes().index(b'"rows": 30000') + len('"rows": 3')
    _flip(file, place)
    with pytest.raises(
        SourceError, match=rf"{batch.batch_id}/{name} \(input/orders.csv\) was changed since it landed[\s\S]*remedy: restore"
    ):
        stages.prepare(ticket)
    assert seen(home) == "first"
    for each in folder.iterdir():  # as the remedy says: the source still has the file
        each.unlink()
    folder.rmdir()
    gone(home)
    ticket = landed(home, "third")
    assert active_batches(home, load_sources(home.sources_file).sources[0])[0].batch_id == batch.batch_id
    assert_published(home, "fourth")


def test_a_batch_whose_rows_are_gone(home):
    ticket = landed(home, "second")
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    rows_file(home, batch).unlink()
    with pytest.raises(SourceError, match=r"rows.parquet \(input/orders.csv\) is gone"):
        stages.prepare(ticket)


def test_an_accepted_warehouse_that_may_be_damaged_is_not_gone_on_from_twice(home):
    def built(run_id: str) -> str:
        gone(home)
        landed(home, run_id)
        return str(audit.RunRecord.of(home, run_id).read()["built"])

    built("second")
    promote(home)
    audit.append(home, "run", {"event": "late", "run_id": "second", "seals": seal(home, home.accepted)})  # as its end would have
    assert built("third").startswith("on top of run second")
    assert built("fourth").startswith("on top of run second"), "third was cut short: that says nothing of the file"
    content = bytearray(home.accepted.read_bytes())
    content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    ticket = {"home": str(home.root), "run_id": "fourth", "token": str(audit.Lock.of(home).holder()["token"])}
    home.working_copy.write_bytes(content)  # as its copy would be
    with pytest.raises(GoodwillError, match="remedy: run again: the next night builds everything from landing"):
        stages.resolve_identities(ticket)
    assert built("fifth") == "in full: run fourth failed at 'identity', and the accepted warehouse may be why"
    assert seen(home) == "first"


def clock_at(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    """What the package takes for the present moment, wherever it looks."""
    for module in [each for name, each in sys.modules.items() if name.startswith("goodwill")]:
        if getattr(module, "now", None) is clock.now and module is not clock:
            monkeypatch.setattr(module, "now", lambda: moment)


def test_a_clock_set_back_between_nights(home, monkeypatch):
    for number, run_id in enumerate(["second", "third"]):
        with monkeypatch.context() as patch:
            clock_at(patch, dt.datetime(2001, 1, 1 + number))
            night(home, run_id, f"2026-01-0{1 + number}")
        assert seen(home) == run_id
        assert [each.run_id for each in publications(home)][-1] == run_id, "what was made last is the newest, whatever the clock says"
    assert roll_back(home, None, "Ada", "to try")[1].run_id == "second"
    assert verify_chain(home).problem == ""


def test_a_holder_from_before_the_clock_was_set_back_is_dead(home, monkeypatch):
    with monkeypatch.context() as patch:
        clock_at(patch, dt.datetime(2031, 1, 1))
        stages.open_night(str(home.root), "2026-01-01", "ahead")
    assert audit.Lock.of(home).dead_holder() == "ahead"
    night(home, "second", "2026-01-01")
    assert seen(home) == "second"


def test_the_alert_of_a_night_on_a_full_disk_says_so_though_nothing_can_be_written_down(home, receiver):
    with small_disk(home) as place:
        ticket = lay_out(home, "second", "2025-12-31")
        with filled(place, 0):
            for step in (stages.publish_night, stages.close_night):
                with pytest.raises(GoodwillError, match=r"(No space left|Errno 28)[\s\S]*make room"):
                    step(ticket)
            with pytest.raises(GoodwillError, match=r"the opening of the night: .*(No space left|Errno 28)[\s\S]*make room"):
                stages.open_night(str(home.root), "2026-01-01", "third")
            assert stages.tell_failure(str(home.root), "night") == {"sent": True}
        stages.tell_failure(str(home.root), "night")
    assert [text.partition("saw.")[2] for _, text, _ in receiver.got] == [" The disk is full: 0 MB are free.", ""]


def fill_the_last_block(home: Home) -> None:
    """The ledger cannot take one row more."""
    while True:
        audit.append(home, "override", {"by": "Ada"})


def test_housekeeping_makes_room_on_a_disk_that_is_full(home):
    """It is what every message about a full disk names: it must not need room itself."""
    with small_disk(home) as place:
        ticket = lay_out(home, "second", "2025-12-31")
        with filled(place, 0):
            with pytest.raises(GoodwillError, match="make room"):
                stages.publish_night(ticket)
            audit.Lock.of(home).release("second")
            with pytest.raises(OSError, match="No space left"):
                fill_the_last_block(home)
            removed = tidy(home, load_sources(home.sources_file), Retention())
            assert "working" in {each.path.name for each in removed}
            assert not home.working_copy.exists()
            assert read_entries(home)[-1].facts["removed"] == {"leftover": len(removed)}
        assert seen(home) == "first"
        assert_published(home, "third")


@contextmanager
def read_only(home: Home) -> Iterator[Home]:
    """The home on a file system that is mounted for reading only."""
    place = home.root.with_name(f"{home.root.name} read-only")
    place.mkdir()
    for options in (["--bind", str(home.root), str(place)], ["-o", "remount,ro,bind", str(place)]):
        if subprocess.run(["mount", *options], capture_output=True, check=False).returncode:
            pytest.skip("nothing can be mounted here")
    try:
        yield Home.at(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


#: Every command that writes, and what only reads.
WRITES = (
    ["run"],
    ["rollback", "--by", "Ada", "--reason", "wrong"],
    ["housekeeping"],
    ["review"],
    ["erase", "--person", "c1", "--by", "Ada", "--reason", "asked", "--yes"],
    ["audit", "restart", "--by", "Ada", "--reason", "lost"],
    ["audit", "rebuild", "first"],
)
READS = (["status"], ["check"], ["audit", "verify"], ["audit", "head"], ["housekeeping", "--dry-run"])


def test_a_home_that_cannot_be_written_to_is_said_with_what_to_do_and_can_be_read(home, receiver, monkeypatch, capsys):
    with read_only(home) as kept:
        for command in WRITES:
            monkeypatch.setattr(sys, "argv", ["goodwill", *command, "--home", str(kept.root)])
            with pytest.raises(SystemExit) as ended:
                main()
            said = capsys.readouterr().err
            assert (ended.value.code, "cannot be written to" in said or "Read-only file system" in said) == (1, True), (command, said)
            assert "remedy: mount its file system for writing" in said, command
        for command in READS:
            monkeypatch.setattr(sys, "argv", ["goodwill", *command, "--home", str(kept.root)])
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 0, (command, capsys.readouterr())
        assert [each.said for each in examine(kept) if "written" in each.said] == [f"{kept.root} cannot be written to"]
        stages.tell_failure(str(kept.root), "night")
    assert receiver.got[-1][1].endswith(" The home cannot be written to.")
