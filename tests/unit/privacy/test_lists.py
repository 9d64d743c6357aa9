"""Who is forgotten stays so: the list only grows, the ledger knows how far it came, and nothing goes on where something was taken out of it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from goodwill import audit, stages
from goodwill.audit.form import FORM
from goodwill.audit.ledger import read_entries
from goodwill.audit.proving import prove
from goodwill.audit.restarting import restart
from goodwill.cli.doctoring import PROBLEM, examine
from goodwill.errors import GoodwillError
from goodwill.forgetting import Request, erase, lift
from goodwill.forgetting.finding import Asked
from goodwill.privacy.expired import Expired
from goodwill.privacy.forgotten import Forgotten
from goodwill.publish.rollback import roll_back

from tests.unit.privacy.people_home import WHO

ANN, BOB = Asked(email="ann@x.org"), Asked(email="bob@x.org")


def empty(path):
    path.write_text(path.read_text().splitlines(keepends=True)[0])


def take_one_out(path):
    first, _, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, *others]))


def give_to_another(path):
    first, one, *others = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, json.dumps({**json.loads(one), "person": "f" * 16}) + "\n", *others]))


def in_lines_of_before(home):
    """The list as versions before form 2 wrote it."""
    first, *lines = (json.loads(line) for line in home.forgotten_file.read_text().splitlines())
    older = home.forgotten_file.with_suffix(".json")
    older.write_text(json.dumps({"made_with": first["made_with"], "people": {each["of"]: each["person"] for each in lines}}, indent=0))
    home.forgotten_file.unlink()
    home.form_file.write_text("1\n")
    return older


def lift_by_hand(path):
    """Lines that take everybody off the list, made of what stands in it: nobody needs the secret for that."""
    first, *lines = path.read_text().splitlines()
    forged = [json.dumps({**json.loads(line), "person": None}) for line in lines]
    path.write_text("\n".join([first, *lines, *forged]) + "\n")


@pytest.mark.parametrize(
    "how",
    [
        lambda path: path.unlink(),
        empty,
        take_one_out,
        give_to_another,
        lift_by_hand,
        lambda path: path.write_text(path.read_text() + "[1]\n"),
    ],
    ids=["gone", "empty", "one out", "another", "lifted by hand", "no line of ours"],
)
def test_nothing_goes_on_without_the_list(home, how):
    erase(home, ANN, WHO)
    kept = home.forgotten_file.read_bytes()
    how(home.forgotten_file)
    said = "was changed" if home.forgotten_file.exists() else "is gone"
    with pytest.raises(GoodwillError, match=f"privacy/forgotten.jsonl {said} since row 1 of the audit ledger: .* would come back"):
        stages.open_night(str(home.root), "2026-02-01", "r2")
    assert audit.Lock.of(home).holder() is None
    with pytest.raises(GoodwillError, match="would come back"):
        erase(home, BOB, Request("Ines", "asked"))
    with pytest.raises(GoodwillError, match="would come back"):
        lift(home, ANN, WHO)
    assert any(problem.startswith(f"privacy/forgotten.jsonl {said}") for problem in prove(home).problems)
    assert [each.level for each in examine(home) if each.about == "forgotten"] == [PROBLEM]
    home.forgotten_file.write_bytes(kept)
    assert stages.open_night(str(home.root), "2026-02-01", "r3")["run_id"] == "r3"


def test_a_lifting_that_was_said_once_is_not_said_again_by_hand(home):
    erase(home, ANN, WHO)
    lift(home, ANN, WHO)
    lifted = home.forgotten_file.read_text().splitlines(keepends=True)[-1]
    Forgotten.of(home).with_keys(home, {"email:ann@x.org": "0" * 16})
    audit.check_lists(home)
    with home.forgotten_file.open("a") as stream:
        stream.write(lifted)
    with pytest.raises(GoodwillError, match="was changed since row"):
        audit.check_lists(home)


def test_lost_for_good_a_new_ledger_says_so_and_nights_go_on(home):
    erase(home, ANN, WHO)
    home.forgotten_file.unlink()
    restart(home, "Ines", "the disk of the list is lost")
    assert "privacy/forgotten.jsonl" in read_entries_of(home, "restart").facts["changed"]
    assert stages.open_night(str(home.root), "2026-02-01", "r2")["run_id"] == "r2"


def read_entries_of(home, kind):
    (entry,) = [each for each in read_entries(home) if each.kind == kind]
    return entry


def test_whoever_is_lifted_is_off_the_list_and_the_list_still_only_grew(home):
    erase(home, ANN, WHO)
    before = home.forgotten_file.read_bytes()
    assert lift(home, ANN, WHO) == 1
    assert home.forgotten_file.read_bytes().startswith(before)
    assert Forgotten.of(home).person("email:ann@x.org") is None
    assert lift(home, ANN, WHO) == 0
    assert prove(home).problems == []
    again = Forgotten.of(home).with_keys(home, {"email:ann@x.org": "0" * 16})
    assert again.person("email:ann@x.org") == Forgotten.of(home).person("email:ann@x.org") == "0" * 16
    assert again.version == Forgotten.of(home).version
    audit.check_lists(home)


def test_a_list_that_is_newer_than_the_ledger_is_right(home):
    """It was kept apart, and laid beside a backup that was brought back."""
    erase(home, ANN, WHO)
    Forgotten.of(home).with_keys(home, {"email:zoe@x.org": "1" * 16})
    audit.check_lists(home)
    (problem,) = prove(home).problems
    assert problem.startswith("privacy/forgotten.jsonl was appended to since row 1")
    erase(home, BOB, Request("Ines", "asked"))
    assert prove(home).problems == [], "what comes after seals it"


def test_the_list_of_an_older_home_is_brought_over_and_sealed(home):
    erase(home, ANN, WHO)
    listed = Forgotten.of(home)
    older = in_lines_of_before(home)
    home.audit.joinpath("ledger.jsonl").unlink()  # that version sealed no list
    audit.append(home, "erasure", {"erasure": "erase-1", "identifiers": 3})
    assert Forgotten.of(home).version == listed.version, "also before it is brought over"
    audit.check_lists(home)
    erase(home, BOB, Request("Ines", "asked"))
    assert not older.exists()
    assert home.form_file.read_text() == f"{FORM}\n"
    assert dict(listed.people).items() <= dict(Forgotten.of(home).people).items()
    assert [entry.kind for entry in read_entries(home)] == ["erasure", "migration", "erasure"]
    assert "privacy/forgotten.jsonl" in read_entries(home)[1].facts["seals"]
    assert home.forgotten_file.stat().st_mode & 0o777 == 0o600
    assert prove(home).problems == []


def test_an_older_home_whose_list_is_lost_does_not_go_on_either(home):
    audit.append(home, "erasure", {"erasure": "erase-1", "identifiers": 3})
    with pytest.raises(GoodwillError, match="is gone or empty, and the audit ledger tells of erasures"):
        stages.open_night(str(home.root), "2026-02-01", "r2")


@pytest.mark.parametrize(
    ("days", "said"),
    [(None, "is gone since row 1"), ("{}", "says nothing of orders"), ('{"orders": "2019-12-31"}', "says 2019-12-31 of orders, and row 1")],
)
def test_nothing_goes_on_where_days_of_retention_went_back(home, days, said):
    Expired(home.expired_file, {"orders": dt.date(2020, 1, 1)}).write()
    audit.append(home, "retention", {"before": {"orders": "2020-01-01"}, "seals": {"privacy/expired.json": "0" * 64}})
    audit.check_lists(home)
    Expired(home.expired_file, {"orders": dt.date(2021, 1, 1)}).write()
    audit.check_lists(home)
    home.expired_file.unlink() if days is None else home.expired_file.write_text(days)
    with pytest.raises(GoodwillError, match=said):
        stages.open_night(str(home.root), "2026-02-01", "r2")


@pytest.mark.parametrize("killed", [False, True], ids=["released", "its holder dead"])
def test_an_erasure_that_was_cut_off_is_told_of(home, killed):
    home.privacy.mkdir(mode=0o700, exist_ok=True)
    (home.privacy / "pending-erase-1.json").write_text("{}")
    if killed:
        audit.Lock.of(home).acquire("erase-1", 2**22 - 3)
    assert any("begun and not finished" in note for note in prove(home).notes)
    (found,) = [each for each in examine(home) if each.about == "forgotten" and each.level == PROBLEM]
    assert "cut off" in found.said
    assert "Nothing is to be restored" in found.remedy
    with pytest.raises(GoodwillError, match="may still show who is forgotten"):
        roll_back(home, None, "Ada", "to see")
