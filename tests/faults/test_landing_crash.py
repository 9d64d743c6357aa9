"""Landing that dies or runs out of space: there is no batch or a whole one, and the next run heals."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.extract import active_batches, landed_view
from goodwill.extract.batches import MANIFEST
from goodwill.faults import FAULT
from goodwill.home import Home
from goodwill.sources import load_sources

from tests.structure.project import ROOT, files

LAND = """
import resource, sys
from goodwill.errors import GoodwillError
from goodwill.extract import land_source
from goodwill.home import Home
from goodwill.sources import load_sources

home = Home.at(sys.argv[1])
if len(sys.argv) > 2:
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a write beyond the limit fails, as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
for source in load_sources(home.sources_file).sources:
    print(land_source(home, source, "UTC"))
"""

POINTS = sorted(
    {
        point
        for path in files("plugins/goodwill/extract", "*.py")
        for point in re.findall(r'fault\("(landing: [^"]+)"\)', path.read_text(encoding="utf-8"))
    }
)
FIRST = "order_id,ordered_at,customer_id,amount\n" + "".join(f"{n},2025-03-01,c{n},1.50\n" for n in range(1000))
SECOND = FIRST + "later,2025-03-02,c1,2\n"


def land(home: Home, fault: str = "", limit: int | None = None) -> subprocess.CompletedProcess[str]:
    """Land in a process of its own, that dies at `fault`, or cannot write files beyond `limit` bytes."""
    words = [sys.executable, "-c", LAND, str(home.root), *([str(limit)] if limit else [])]
    environment = {"PYTHONPATH": str(ROOT / "plugins"), "PATH": "/usr/bin:/bin"} | ({FAULT: fault} if fault else {})
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)


def orders(home: Home) -> int:
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    (count,) = duckdb.sql(f"select count(*) from ({view})").fetchall()[0]
    return int(count)


def scratch(home: Home) -> list[Path]:
    return list((home.landing / "shop").glob(".*"))


def test_there_are_points_to_die_at():
    assert POINTS == [
        "landing: after the manifest",
        "landing: after the rename",
        "landing: after the rows",
        "landing: before the manifest",
        "landing: before the rename",
        "landing: before the rows",
    ]


@pytest.mark.parametrize("before", ["nothing landed", "an older file landed", "the same bytes landed once"])
@pytest.mark.parametrize("point", POINTS)
def test_a_landing_killed_anywhere_leaves_no_batch_or_a_whole_one(make_home, point, before):
    home = make_home(**{"orders.csv": FIRST})
    file = home.root / "input" / "orders.csv"
    rows_before = 0
    if before != "nothing landed":
        assert land(home).returncode == 0
        rows_before = 1000
    if before == "the same bytes landed once":  # its folder is there already: the batch is made anew
        file.write_text(SECOND)
        assert land(home).returncode == 0
        rows_before = 1001
        file.write_text(FIRST)
    elif before == "an older file landed":
        file.write_text(SECOND)
    wanted = 1001 if before == "an older file landed" else 1000
    died = land(home, point)
    if point == "landing: before the rename" and before != "the same bytes landed once":
        assert died.returncode == 0, "there is nothing to take away first"
    else:
        assert died.returncode == -signal.SIGKILL, died.stderr
    assert orders(home) == (wanted if point == "landing: after the rename" or died.returncode == 0 else rows_before)
    healed = land(home)
    assert healed.returncode == 0, healed.stderr
    assert orders(home) == wanted
    assert scratch(home) == []
    (source,) = load_sources(home.sources_file).sources
    assert len(active_batches(home, source)) == 1
    assert "'batches': 0" in land(home).stdout, "and then there is nothing left to do"


def test_no_fault_in_a_normal_run(make_home):
    home = make_home(**{"orders.csv": FIRST})
    assert land(home, "no such point").returncode == 0
    assert orders(home) == 1000


def test_a_file_that_is_removed_while_it_is_extracted_lands_nothing_and_is_named(make_home):
    home = make_home(**{"orders.csv": FIRST})
    assert land(home).returncode == 0
    file = home.root / "input" / "orders.csv"
    file.write_text(SECOND)
    environment = {"PYTHONPATH": str(ROOT / "plugins"), "PATH": "/usr/bin:/bin", FAULT: "stop landing: before the rows"}
    landing = subprocess.Popen([sys.executable, "-c", LAND, str(home.root)], env=environment, stderr=subprocess.PIPE, text=True)
    os.waitid(os.P_PID, landing.pid, os.WSTOPPED)
    file.unlink()
    landing.send_signal(signal.SIGCONT)
    said = landing.communicate(timeout=120)[1]
    assert landing.returncode == 1
    assert "source 'shop'" in said
    assert "orders.csv" in said
    assert "remedy" in said
    assert orders(home) == 1000
    assert scratch(home) == []
    file.write_text(SECOND)
    assert land(home).returncode == 0
    assert orders(home) == 1001


def full_disk(tmp_path: Path, options: str) -> Path | None:
    """A file system of that size, or for so many files, or None where this user may not mount one."""
    place = tmp_path / "small"
    place.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False)
    return place if done.returncode == 0 else None


BIG = "order_id,ordered_at,customer_id,amount\n" + "".join(f"{n * 7919},2025-03-01,c{n * 104729},{n}.50\n" for n in range(60_000))


def test_a_file_that_may_not_grow_leaves_no_batch(make_home):
    home = make_home(**{"orders.csv": BIG})
    full = land(home, limit=100_000)
    assert full.returncode != 0
    assert "GoodwillError: source 'shop': its batch could not be written" in full.stderr
    assert orders(home) == 0
    assert not list((home.landing / "shop").glob(f"*/{MANIFEST}"))
    assert land(home).returncode == 0
    assert orders(home) == 60_000
    assert scratch(home) == []


@pytest.mark.parametrize(
    ("options", "more"),
    [("size=300k", "size=20m"), ("size=20m,nr_inodes=7", "nr_inodes=90"), ("size=20m,nr_inodes=5", "nr_inodes=90")],
    ids=["bytes", "files", "folders"],
)
def test_a_full_disk_leaves_what_landed_before_and_the_next_run_heals(make_home, tmp_path, options, more):
    place = full_disk(tmp_path, options)
    if place is None:
        pytest.skip("a small file system cannot be mounted here")
    home = make_home(**{"orders.csv": FIRST})
    try:
        home.landing.symlink_to(place)
        assert land(home).returncode == 0
        (home.root / "input" / "orders.csv").write_text(BIG)
        full = land(home)
        assert full.returncode != 0
        assert "GoodwillError: source 'shop': its batch could not be written" in full.stderr
        assert orders(home) == 1000
        assert scratch(home) == []
        subprocess.run(["mount", "-o", f"remount,{more}", str(place)], check=True)
        assert land(home).returncode == 0
        assert orders(home) == 60_000
    finally:
        subprocess.run(["umount", str(place)], check=True)
