"""The small DAGs, run by Airflow on a small home: a person is erased, an id of nobody is refused and told, and what is old goes."""

from __future__ import annotations

from goodwill.audit.ledger import read_entries

from tests.receiver import receiver
from tests.unit.privacy.conftest import home, home_of_people
from tests.unit.privacy.people_home import hits

__all__ = ["home", "home_of_people", "receiver"]


def test_a_person_is_erased_and_the_house_is_kept(airflow, home, receiver):
    from erase_person import ERASE_PERSON
    from housekeeping import HOUSEKEEPING

    asked = {"home": str(home.root), "by": "Ines", "reason": "asked by letter"}
    assert str(ERASE_PERSON.test(run_conf={**asked, "person": "crm:0"}).state) == "failed"
    assert [(kind, facts["what"]) for kind, _, facts in receiver.got] == [("failure", "erasure")]
    assert hits(home) != []
    assert str(ERASE_PERSON.test(run_conf={**asked, "person": "crm:17"}).state) == "success"
    assert hits(home) == []
    assert [entry.facts["by"] for entry in read_entries(home) if entry.kind == "erasure"] == ["Ines"]
    (home.published / ".removed-old").mkdir()
    assert str(HOUSEKEEPING.test(run_conf={"home": str(home.root)}).state) == "success"
    assert not (home.published / ".removed-old").exists()
    assert len(receiver.got) == 1, "of what succeeds nobody is told"
