"""The lock of a home: one living run at a time; the dead are noticed, even unburied, even if their number lives on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import pytest
from goodwill import stages
from goodwill.audit import Lock, RunRecord
from goodwill.audit.ledger import read_entries
from goodwill.errors import GoodwillError, HeldError
from goodwill.home import Home


@pytest.fixture
def lock(make_home) -> Lock:
    return Lock.of(make_home())


def test_a_living_holder_is_named_and_respected(lock):
    lock.acquire("first", os.getpid())
    with pytest.raises(GoodwillError, match="run first holds the warehouse") as refused:
        lock.acquire("second", os.getpid())
    assert refused.value.remedy == f"wait until it has ended, or end process {os.getpid()}: the next run then takes its place by itself"
    lock.path.write_text(json.dumps({**lock.holder(), "host": "elsewhere"}))
    with pytest.raises(HeldError, match="takes its place 30 minutes after its last sign of life"):
        lock.acquire("second", os.getpid())
    lock.check("first")
    lock.release("first")
    lock.acquire("second", os.getpid())


def test_of_eight_at_once_one_has_it(lock):
    """Each a process of its own; who was refused was told by whom."""
    ready, go = os.pipe(), os.pipe()
    children = []
    for number in range(8):
        child = os.fork()
        if child == 0:
            os.write(ready[1], b".")
            os.close(go[1])
            os.read(go[0], 1)  # nothing is ever written: all wake when the parent closes it
            try:
                lock.acquire(f"run {number}", os.getppid())
                os._exit(0)
            except HeldError:
                os._exit(3)
            finally:
                os._exit(1)
        children.append(child)
    for _ in children:
        os.read(ready[0], 1)
    os.close(go[1])
    codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert codes == [0, *[3] * 7]
    assert (lock.holder() or {})["token"] == 1


def test_a_dead_holder_is_replaced(lock):
    child = subprocess.Popen([sys.executable, "-c", "pass"])
    lock.acquire("dead", child.pid)
    child.wait()
    lock.acquire("next", os.getpid())
    assert lock.holder()["run_id"] == "next"


def test_a_dead_holder_nobody_has_buried_is_replaced(lock):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    lock.acquire("unburied", child.pid)
    child.kill()
    time.sleep(0.2)  # dead, but its parent has not asked for it: a zombie
    lock.acquire("next", os.getpid())
    child.wait()


def test_a_number_that_was_given_to_another_process_is_not_the_holder(lock):
    lock.acquire("old", os.getpid())
    lock.path.write_text(json.dumps({**lock.holder(), "born": "12"}))
    lock.acquire("next", os.getpid())


def test_a_holder_without_a_process_lives_by_its_signs_of_life(lock):
    lock.acquire("scheduled", None)
    with pytest.raises(GoodwillError):
        lock.acquire("second", None)
    lock.path.write_text(json.dumps({**lock.holder(), "alive_at": "2020-01-01 00:00:00"}))
    lock.acquire("second", None)


def test_a_run_that_lost_the_lock_may_not_go_on(lock):
    lock.acquire("first", os.getpid())
    with pytest.raises(GoodwillError, match="second no longer holds"):
        lock.check("second")
    lock.release("second")
    assert lock.holder()["run_id"] == "first"


def test_tokens_only_ever_grow(lock):
    assert lock.acquire("first", os.getpid()) == 1
    assert lock.acquire("first", os.getpid()) == 2, "the same run, opened again: what it did before is a ghost"
    with pytest.raises(GoodwillError, match=r"run first \(token 1\) no longer holds the warehouse; first does, with token 2"):
        lock.check("first", 1)
    lock.check("first", 2)
    lock.release("first")
    assert lock.acquire("second", os.getpid()) == 3, "the count outlives the lock"
    lock.release("second")
    lock.path.with_name("lock_token").write_text("")
    assert lock.acquire("third", os.getpid()) == 1, "a lost count begins anew: nobody holds an older lock"
    lock.path.with_name("lock_token").unlink()
    assert lock.acquire("third", os.getpid()) == 2, "and goes on from the lock that is held"


def test_nobody_takes_the_lock_within_the_fence(lock, monkeypatch):
    monkeypatch.setattr("goodwill.files.PATIENCE", 0.1)
    token = lock.acquire("scheduled", None)
    with lock.fenced("scheduled", token), pytest.raises(GoodwillError, match="in the midst of a change"):
        lock.acquire("second", None)
    lock.check("scheduled", token)


def test_a_long_stage_shows_that_it_is_alive(lock, monkeypatch):
    monkeypatch.setattr("goodwill.audit.lock.HEARTBEAT", 0.05)
    token = lock.acquire("scheduled", None)
    lock.path.write_text(json.dumps({**lock.holder(), "alive_at": "2020-01-01 00:00:00"}))
    with lock.kept_alive("scheduled", token):
        until = time.monotonic() + 10
        while lock.dead_holder() and time.monotonic() < until:
            time.sleep(0.02)
        assert lock.dead_holder() is None
    lock.path.write_text(json.dumps({**lock.holder(), "alive_at": "2020-01-01 00:00:00"}))
    time.sleep(0.15)
    assert lock.dead_holder() == "scheduled", "after the stage nobody beats"


def test_whoever_comes_second_is_refused_unless_the_first_has_fallen_silent(lock):
    """A process that hangs holds the warehouse for ever: nights that it keeps from beginning have failed, and somebody is to hear of it."""
    lock.acquire("first", os.getpid())
    with pytest.raises(HeldError):
        lock.acquire("second", os.getpid())
    lock.path.write_text(json.dumps({**lock.holder(), "alive_at": "2020-01-01 00:00:00"}))
    with pytest.raises(GoodwillError, match="run first holds the warehouse") as hung:
        lock.acquire("second", os.getpid())
    assert not isinstance(hung.value, HeldError)


@pytest.mark.parametrize(("alive_at", "verdict"), [(None, "refused"), ("2020-01-01 00:00:00", "failed")])
def test_a_night_that_did_not_begin_is_on_record_as_what_it_was(lock, alive_at, verdict):
    home = Home(lock.path.parents[1])
    lock.acquire("first", os.getpid())
    if alive_at:
        lock.path.write_text(json.dumps({**lock.holder(), "alive_at": alive_at}))
    with pytest.raises(GoodwillError):
        stages.open_night(str(home.root), run_id="second")
    assert RunRecord.of(home, "second").read()["verdict"] == verdict
    (row,) = read_entries(home)
    assert (row.facts["run_id"], row.facts["verdict"]) == ("second", verdict)
    assert lock.holder_run() == "first"
