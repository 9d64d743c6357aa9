"""The review: judged on what readers see, on record once a day, never while a night runs; the nights decide by it."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from goodwill import audit, reviewing
from goodwill.audit.ledger import read_entries
from goodwill.cli.app import app
from goodwill.clv.contract_deciding import HOLDOUT
from goodwill.clv.judging import Night, is_due
from goodwill.clv.ledger import Ledger
from goodwill.errors import GoodwillError
from goodwill.home import Home
from goodwill.settings.business import BusinessSettings, Clv
from typer.testing import CliRunner

from tests.unit.clv.histories import CDNOW_WHOLE, cdnow_sample
from tests.unit.clv.simulated_contracts import add_contracts

_MARTS = """
create schema kept.control; create schema kept.marts; create schema kept.intermediate;
create table kept.control.night as select 'r1' as run_id, date '1998-06-30' as as_of;
create table kept.intermediate.int_purchase_days as from intermediate.int_purchase_days;
create table kept.intermediate.int_rfm_tuples as from intermediate.int_rfm_tuples;
create table kept.intermediate.int_clv_customers as from intermediate.int_clv_customers;
create table kept.intermediate.int_contracts as from intermediate.int_contracts;
create table kept.intermediate.int_contract_tuples as from intermediate.int_contract_tuples;
create table kept.marts.dim_customers as
select person_id, last_purchase_on, purchase_days as purchase_days_count, revenue_amount,
    ntile(5) over (order by last_purchase_on, person_id) as recency_score,
    case when purchase_days > 5 then 5 when purchase_days > 1 then 3 else 1 end as frequency_score,
    case when revenue_amount >= 100 then 5 else 1 end as monetary_score
from intermediate.int_customer_facts;
create table kept.marts.segments as
select person_id, case when revenue_amount >= 200 then 'most_valuable' when revenue_amount >= 100 then 'most_growable' else 'maintain' end
    as value_class, revenue_amount as actual_value_amount, 2 * revenue_amount as potential_value_amount
from intermediate.int_customer_facts;
"""


@pytest.fixture
def home(make_home) -> Home:
    """A home whose accepted warehouse is the CDNOW sample at the end of its 78 weeks."""
    home: Home = make_home(goodwill="clv: {models: [mbg_nbd, pareto_nbd], holdout_origins: 1}")
    home.accepted.parent.mkdir(parents=True)
    with cdnow_sample(CDNOW_WHOLE) as connection:
        connection.execute(f"attach '{home.accepted}' as kept")
        connection.execute(_MARTS)
    return home


def lines(home: Home) -> list[dict[str, object]]:
    path = home.audit / "clv_ledger.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_a_day_is_judged_once_and_every_review_is_on_record(home: Home) -> None:
    shown = reviewing.review(home, dry_run=True)
    assert (lines(home), list(read_entries(home)), shown.recorded) == ([], [], False)

    done = reviewing.review(home)
    holdout, choice = lines(home)
    assert (holdout["kind"], holdout["as_of"], holdout["run_id"], holdout["gate"]) == ("holdout", "1998-06-30", done.review_id, "passed")
    assert (choice["kind"], choice["model"]) == ("choice", "mbg_nbd")
    assert {result["model"] for result in done.models} == {"same_as_last_period", "mbg_nbd", "pareto_nbd"}
    assert 0.8 < 1 + next(result["bias"] for result in done.models if result["model"] == "mbg_nbd") < 1.25
    assert (done.run_id, done.moved) == ("r1", {})

    again = reviewing.review(home)
    assert (again.recorded, len(lines(home))) == (False, 2)
    assert again.moved["frequency_score"] == 0.0
    kinds = [entry.facts["recorded"] for entry in read_entries(home) if entry.kind == "review" and "recorded" in entry.facts]
    assert kinds == [True, False]
    assert len(list((home.audit / "reviews").iterdir())) == 2


def test_cut_points_are_the_least_value_of_each_score_and_moves_are_counted(home: Home) -> None:
    done = reviewing.review(home)
    assert done.cut_points["frequency_score"] == {"3": 2.0, "5": 6.0}
    assert done.cut_points["value_class"] == {"most_growable": pytest.approx(100, abs=1), "most_valuable": pytest.approx(200, abs=3)}
    (document,) = (home.audit / "reviews").iterdir()
    said = json.loads(document.read_text())
    said["cut_points"]["frequency_score"] = {"3": 3.0, "5": 6.0}
    document.write_text(json.dumps(said))
    # who bought on two days scored 3, and would score 1 by those
    with cdnow_sample(CDNOW_WHOLE) as connection:
        ((share,),) = connection.execute("select avg((purchase_days = 2)::int) from intermediate.int_customer_facts").fetchall()
    assert reviewing.review(home).moved["frequency_score"] == pytest.approx(share, abs=1e-6)


def test_while_a_night_runs_nothing_is_reviewed(home: Home) -> None:
    audit.Lock.of(home).acquire("r2", None)
    with pytest.raises(GoodwillError, match="r2 holds the warehouse"):
        reviewing.review(home)
    assert (lines(home), (home.audit / "reviews").exists()) == ([], False)


def test_before_anything_is_published_there_is_nothing_to_review(make_home) -> None:
    with pytest.raises(GoodwillError, match="nothing is published"):
        reviewing.review(make_home())


def test_contracts_are_judged_by_plan_and_the_nights_decide_by_it(home: Home) -> None:
    """Churn of one plan of two has doubled: its gate fails, the other passes, and no night judges again before a turn is over."""
    home.accepted.unlink()
    with cdnow_sample(CDNOW_WHOLE) as connection:
        add_contracts(connection, 3, 4000, factor=2.5, plans=("gold", "silver"), as_of=CDNOW_WHOLE)
        connection.execute(f"attach '{home.accepted}' as kept")
        connection.execute(_MARTS)
    shown = CliRunner().invoke(app, ["review", "--home", str(home.root), "--dry-run"])
    assert "gate of contracts, gold: failed; of the renewals of gold due" in shown.output
    done = reviewing.review(home)
    assert {plan: verdict for plan, (verdict, _) in done.contract_gates.items()} == {"all": "failed", "gold": "failed", "silver": "passed"}
    line = next(line for line in lines(home) if line["kind"] == HOLDOUT)
    assert (line["as_of"], line["gate"], len(line["results"])) == ("1998-06-30", "failed", len(done.contracts))
    (document,) = (home.audit / "reviews").iterdir()
    assert json.loads(document.read_text())["contract_gates"]["silver"][0] == "passed"


def test_the_command_shows_it(home: Home) -> None:
    done = CliRunner().invoke(app, ["review", "--home", str(home.root), "--dry-run"])
    assert done.exit_code == 0, done.output
    assert "mbg_nbd" in done.output
    assert "nothing was put on record" in done.output


@pytest.mark.parametrize(
    ("days", "gate", "review", "due"),
    [
        (None, "", "with_the_night", True),
        (6, "passed", "with_the_night", False),
        (7, "passed", "with_the_night", True),
        (7, "passed", "apart", False),
        (13, "passed", "apart", False),
        (14, "passed", "apart", True),
        (1, "failed", "apart", True),
        (None, "", "apart", True),
    ],
)
def test_the_night_judges_when_it_is_due(days: int | None, gate: str, review: str, due: bool) -> None:
    as_of = dt.date(2024, 6, 30)
    line = {"kind": "holdout", "run_id": "r0", "gate": gate, "as_of": (as_of - dt.timedelta(days=days or 0)).isoformat()}
    ledger = Ledger([] if days is None else [line])
    settings = BusinessSettings(clv=Clv(review=review))  # type: ignore[arg-type]
    assert is_due(Night(None, settings, "r1", as_of, ledger)) is due  # type: ignore[arg-type]
