"""The audit ledger: rows bound to each other and to a key; whatever is done to one of them, verifying names it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from goodwill.audit import ledger
from goodwill.audit.heads import Head
from goodwill.audit.key import VARIABLE, Key
from goodwill.audit.ledger import append, append_all, head, ledger_file, read_entries
from goodwill.audit.verifying import verify_chain
from goodwill.errors import ConfigurationError, GoodwillError
from goodwill.privacy.keys import VARIABLE as SECRET
from goodwill.privacy.keys import key

from tests.structure.project import ROOT


@pytest.fixture
def home(make_home):
    return make_home()


@pytest.fixture
def six(home):
    """A ledger of six rows."""
    for number in range(6):
        append(home, "stage", {"run_id": "r1", "stage": f"s{number}", "rows": number})
    return home


def lines(home) -> list[bytes]:
    return ledger_file(home).read_bytes().splitlines(keepends=True)


def rewrite(home, rows) -> None:
    ledger_file(home).write_bytes(b"".join(rows))


def test_rows_say_who_what_when_and_are_bound_to_the_one_before(six):
    rows = read_entries(six)
    assert [row.seq for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row.previous for row in rows] == [ledger.FIRST, *(row.hash for row in rows[:-1])]
    assert rows[3].facts == {"run_id": "r1", "stage": "s3", "rows": 3}
    assert "@" in rows[0].who
    assert rows[0].code.startswith("0.")
    assert verify_chain(six).problem == ""
    assert head(six) == rows[-1].head == verify_chain(six).head == Head.parse(str(rows[-1].head))


def test_what_json_does_not_know_becomes_text_and_what_no_one_knows_is_refused(home):
    import datetime as dt
    from decimal import Decimal

    entry = append(home, "run", {"as_of": dt.date(2026, 1, 31), "amount": Decimal("1.50")})
    assert entry.facts == {"as_of": "2026-01-31", "amount": "1.50"} == read_entries(home)[0].facts
    with pytest.raises(ValueError, match="no such kind"):
        append(home, "gossip", {})
    with pytest.raises(ValueError, match="JSON compliant"):
        append(home, "run", {"x": float("nan")})
    assert len(read_entries(home)) == 1
    assert verify_chain(home).problem == ""


@pytest.mark.parametrize("row", [0, 2, 5])
def test_any_byte_of_any_row_that_is_flipped_is_named(six, row):
    good = lines(six)
    for place in range(len(good[row])):
        bad = bytearray(good[row])
        bad[place] ^= 0x01
        rewrite(six, [*good[:row], bytes(bad), *good[row + 1 :]])
        chain = verify_chain(six)
        assert chain.problem.startswith(f"row {row + 1} "), (place, chain.problem)
        assert len(chain.entries) == row


def test_a_number_that_is_changed_and_the_row_written_well_again_is_named(six):
    good = lines(six)
    row = json.loads(good[2])
    row["facts"]["rows"] = 7
    rewrite(six, [*good[:2], ledger.Entry(**row).line(), *good[3:]])
    assert verify_chain(six).problem == "row 3 was changed, or added by somebody without the key"


def test_a_removed_row_is_named(six):
    good = lines(six)
    for row in range(5):
        rewrite(six, good[:row] + good[row + 1 :])
        assert verify_chain(six).problem == f"row {row + 1} was removed"


def test_moved_and_copied_rows_are_named(six):
    good = lines(six)
    rewrite(six, [good[0], good[2], good[1], *good[3:]])
    assert verify_chain(six).problem == "row 2 was moved: row 3 stands in its place"
    rewrite(six, [*good[:4], good[1], *good[4:]])
    assert verify_chain(six).problem == "row 5 is a copy of row 2"


def test_a_row_added_without_the_key_is_named(six):
    last = read_entries(six)[-1]
    stranger = Key(b"x" * 32)
    row = ledger.Entry(7, last.at, "override", "me@here", last.code, {}, last.hash, stranger.name)
    forged = ledger.Entry(**{**row.__dict__, "hash": stranger.sign(row.content())})
    with ledger_file(six).open("ab") as stream:
        stream.write(forged.line())
    assert verify_chain(six).problem == f"row 7 is signed with another key ({stranger.name}, and here it is {Key.of(six).name})"
    with pytest.raises(GoodwillError, match="signed with another key"):
        append(six, "run", {})


def test_a_cut_off_end_is_named_by_whoever_kept_a_head(six):
    kept = head(six)
    rewrite(six, lines(six)[:4])
    assert verify_chain(six).problem == "", "what is left is in order: only a kept head can tell"
    assert verify_chain(six, [("the auditor", kept)]).problem == "rows 5 to 6 were cut off: the auditor knows row 6"
    append_all(six, [("stage", {"forged": True})] * 2)
    assert verify_chain(six, [("the auditor", kept)]).problem == "row 6 is not the one that the auditor knows: the ledger was written anew"
    ledger_file(six).unlink()
    assert verify_chain(six, [("the auditor", kept)]).problem == "the ledger is gone, and the auditor knows its row 6"


def test_an_older_copy_put_back_and_continued_is_named(six):
    late = lines(six)
    rewrite(six, late[:3])
    append(six, "stage", {"stage": "other"})
    rewrite(six, [*lines(six), *late[4:]])
    assert verify_chain(six).problem == "row 5 does not follow row 4: one of the two is from another copy of the ledger"


def test_a_changed_last_row_is_not_gone_on_from(six):
    good = lines(six)
    rewrite(six, [*good[:5], good[5].replace(b'"s5"', b'"s9"')])
    with pytest.raises(GoodwillError, match="its last row was changed"):
        append(six, "run", {})


@pytest.mark.parametrize("torn", [b"{", b'{"at":"2026-01-01', b"\x00" * 40])
def test_a_torn_end_is_healed_and_said(six, torn):
    with ledger_file(six).open("ab") as stream:
        stream.write(torn)
    assert verify_chain(six).problem.startswith("row 7 is torn")
    entry = append(six, "run", {"run_id": "r2"})
    assert entry.seq == 8
    healed = read_entries(six)[6]
    assert (healed.kind, healed.facts["bytes"]) == ("healed", len(torn))
    assert verify_chain(six).problem == ""


def test_a_row_that_lacks_its_line_end_only_is_completed(six):
    whole = ledger_file(six).read_bytes()
    rewrite(six, [whole[:-1]])
    append(six, "run", {})
    assert ledger_file(six).read_bytes().startswith(whole)
    assert [row.kind for row in read_entries(six)].count("healed") == 0
    assert verify_chain(six).problem == ""


def test_rows_longer_than_what_is_read_at_once(home):
    append(home, "stage", {"long": "x" * 300_000})
    append(home, "stage", {"long": "y" * 10})
    append(home, "stage", {"long": "z" * 70_000})
    append(home, "stage", {})
    assert verify_chain(home).head == head(home)
    assert head(home).seq == 4


WRITER = """
import sys
from goodwill.audit.ledger import append
from goodwill.home import Home
home = Home.at(sys.argv[1])
for number in range(int(sys.argv[3])):
    append(home, "stage", {"by": sys.argv[2], "number": number, "padding": "x" * 3000})
"""


def writer(home, name: str, rows: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(home.root), name, str(rows)], env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    )


def test_writers_at_once_lose_nothing_and_one_that_is_killed_harms_nobody(home):
    others = [writer(home, name, 40) for name in "abc"]
    victim = writer(home, "victim", 100_000)
    while b"victim" not in (ledger_file(home).read_bytes() if ledger_file(home).exists() else b""):
        time.sleep(0.01)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert [each.wait(60) for each in others] == [0, 0, 0]
    assert (problem := verify_chain(home).problem) == "" or "is torn" in problem
    append(home, "run", {})
    assert verify_chain(home).problem == ""
    for name in "abc":
        assert [row.facts["number"] for row in read_entries(home) if row.facts.get("by") == name] == list(range(40))


def test_a_full_disk_leaves_no_half_row(six):
    script = "import resource, signal, sys\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n" + WRITER.replace(
        "for number",
        "limit = (home.audit / 'ledger.jsonl').stat().st_size + 5000\nresource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))\nfor number",
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(six.root), "full", "3"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "plugins")},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert b"OSError" in done.stderr
    assert verify_chain(six).problem == ""
    assert len(read_entries(six)) == 7, "one fitted, the second did not"


def test_the_key_is_the_homes_own_or_the_auditors_and_is_never_shown(home, monkeypatch):
    monkeypatch.setenv(SECRET, secret := "s" * 40)
    append(home, "run", {})
    own = Key.of(home)
    assert own == Key.of(home)
    shown = repr(own) + ledger_file(home).read_text()
    assert secret not in shown
    assert key(home, "audit").hex() not in shown
    monkeypatch.setenv(VARIABLE, "e" * 40)
    assert Key.of(home).name != own.name
    with pytest.raises(GoodwillError, match="signed with another key"):
        append(home, "run", {})
    monkeypatch.setenv(VARIABLE, "short")
    with pytest.raises(ConfigurationError, match="at least 32") as caught:
        append(home, "run", {})
    assert "short" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "12", "x:" + "0" * 64, "3:abc"])
def test_what_is_no_head_is_refused(text):
    with pytest.raises(GoodwillError, match="not a head"):
        Head.parse(text)
