"""The gate of contracts: forecasts of renewals held against what happened, on simulated contracts, and who values them where it fails."""

from __future__ import annotations

import datetime as dt
import json
import math
from typing import Any

import duckdb
import pytest
from goodwill import clv
from goodwill.clv.contract_deciding import HOLDOUT, judge_contracts
from goodwill.clv.contract_fits import FEWEST_ENDED
from goodwill.clv.contract_holdout import NAIVE_RENEWALS, measure_contracts
from goodwill.clv.ledger import Ledger, Line
from goodwill.settings.business import BusinessSettings, Clv, Margin

from tests.unit.clv.histories import AS_OF, RUN
from tests.unit.clv.simulated_contracts import MONTH, WEEKS, contracts

RATIO = 2.0
SETTINGS = BusinessSettings(clv=Clv(models=()), margin=Margin(assumed_rate=0.5))


def judged(connection: duckdb.DuckDBPyConnection, plan: str = "gold") -> tuple[str, str, list[dict[str, Any]]]:
    found = measure_contracts(connection, AS_OF, WEEKS, True)
    assert not isinstance(found, str), found
    gate = judge_contracts({"results": found}, plan, RATIO)
    return gate.verdict, gate.message, found


def test_steady_contracts_pass() -> None:
    verdicts = [judged(contracts(seed))[0] for seed in range(100)]
    assert verdicts.count("passed") >= 95
    assert "not judged" not in verdicts


def test_churn_that_doubles_fails_and_the_message_says_so() -> None:
    found = [judged(contracts(seed, factor=2.0)) for seed in range(40)]
    assert [verdict for verdict, _, _ in found].count("failed") >= 38
    verdict, message, _ = found[0]
    assert verdict == "failed"
    assert "were expected to fail" in message
    assert "allowed is 0.71 to 1.41 times the forecast" in message


def test_a_plan_is_judged_by_itself_where_it_is_large_enough() -> None:
    """Churn of one plan of two doubles: the other one is not to blame."""
    connection = contracts(3, number=4000, factor=2.5, plans=("gold", "silver"))
    assert judged(connection, "gold")[0] == "failed"
    assert judged(connection, "silver")[0] == "passed"
    # a plan that is not there at the cut is judged by all
    assert judged(connection, "new")[1] == judged(connection, "all")[1]


@pytest.mark.parametrize("length", [7.0, MONTH, 365.25 / 4, 365.25], ids=["week", "month", "quarter", "year"])
def test_forecasts_are_those_of_the_truth_whatever_the_period(length: float) -> None:
    shape = (1.0, 40.0) if length == 7.0 else (1.0, 6.0)
    connection = contracts(5, number=20000, length=length, shape=shape)
    found = judged(connection)[2]
    mine = next(result for result in found if result["model"] == "shifted_beta_geometric" and result["group_name"] == "gold")
    assert abs(mine["predicted_ended"] - mine["actual_ended"]) < 4 * mine["ended_error"]
    assert mine["predicted_value"] == pytest.approx(10 * mine["predicted"], rel=1e-3)
    assert mine["actual_value"] == pytest.approx(10 * mine["actual"])
    told = next(result for result in found if "tracking" in result)
    assert told["tracking"][-1]["actual"] == told["actual"]
    assert told["tracking"][-1]["predicted"] == pytest.approx(told["predicted"], rel=1e-6)
    assert len(told["tracking"]) == WEEKS
    assert len(told["deciles"]) == 10


def test_plans_add_up_to_all_of_them_and_stand_beside_the_rule_to_beat() -> None:
    found = judged(contracts(1, plans=("gold", "silver")))[2]
    assert {(result["model"], result["group_name"]) for result in found} == {
        (model, plan) for model in ("shifted_beta_geometric", NAIVE_RENEWALS) for plan in ("all", "gold", "silver")
    }
    mine = {result["group_name"]: result for result in found if result["model"] == "shifted_beta_geometric"}
    for name in ("customers", "predicted", "actual", "predicted_ended", "actual_ended", "predicted_value", "actual_value"):
        assert mine["gold"][name] + mine["silver"][name] == pytest.approx(mine["all"][name], abs=0.02), name


def test_nothing_after_the_cut_is_known_to_the_forecast() -> None:
    """What happened in the weeks held out moves what is held against the forecast, never the forecast."""
    connection = contracts(2)
    before = judged(connection)[2]
    connection.execute("update intermediate.int_contracts set ended_on = null, is_ended = false where ended_on > $cut", {"cut": cut()})
    after = judged(connection)[2]
    for one, other in zip(before, after, strict=True):
        assert (one["predicted"], one["predicted_ended"]) == (other["predicted"], other["predicted_ended"])
        assert (one["actual_ended"] > 0, other["actual_ended"]) == (True, 0)


def cut() -> dt.date:
    return AS_OF - dt.timedelta(weeks=WEEKS)


def test_too_few_are_not_judged_and_it_is_said() -> None:
    for number in range(60):
        connection = contracts(number, number=number)
        found = measure_contracts(connection, AS_OF, WEEKS, True)
        line: Line = {"results": [], "message": found} if isinstance(found, str) else {"results": found}
        gate = judge_contracts(line, "gold", RATIO)
        assert gate.message
        figures = [value for result in line["results"] for value in result.values() if isinstance(value, float)]
        assert all(math.isfinite(value) for value in figures)
        if number < FEWEST_ENDED:
            assert gate.verdict == "not judged"
            assert "too few" in gate.message or "no renewal was due" in gate.message


def night(connection: duckdb.DuckDBPyConnection, ledger: Ledger, as_of: dt.date = AS_OF, run_id: str = RUN) -> dict[str, Any]:
    return clv.fit(connection, SETTINGS, run_id, as_of, ledger) | clv.score(connection, SETTINGS, run_id, as_of)


def published(ledger: Ledger) -> Ledger:
    lines = [json.loads(json.dumps(line)) for line in (*ledger.lines, *ledger.new)]
    return Ledger(lines, newest=max(dt.date.fromisoformat(line["as_of"]) for line in lines))


def test_where_the_holdout_fails_contracts_are_valued_by_what_was_accepted_last() -> None:
    """Decisions of an earlier night are restored, marked with their age and the reason; the night after judges again."""
    first = Ledger()
    day = AS_OF - dt.timedelta(days=8)
    assert night(contracts(7, as_of=day), first, day, "first")["contract_gate"] == "passed"
    assert [(line["kind"], line.get("model"), line.get("group")) for line in first.new if line["kind"] != "choice"][-2:] == [
        (HOLDOUT, None, None),
        ("accepted", "shifted_beta_geometric", "gold"),
    ]
    connection, ledger = contracts(7, factor=2.0), published(first)
    assert night(connection, ledger)["contract_gate"] == "failed"
    run = connection.execute(
        "select a, b, stale_days, parameters_run_id, message from model.clv_runs where is_scoring_model and group_name = 'gold'"
    ).fetchall()
    accepted = next(line for line in first.new if line["kind"] == "accepted" and line["model"] == "shifted_beta_geometric")
    assert len(run) == 1
    assert dict(zip(("a", "b"), run[0], strict=False)) == accepted["fits"]["gold"]["parameters"]
    assert run[0][2:4] == (8, "first")
    assert "8 days old; the holdout failed" in run[0][4]
    reasons = connection.execute("select distinct fallback_reason, bool_and(clv_12 > 0) from model.clv_scores group by 1").fetchall()
    assert reasons == [(f"contract: {run[0][4]}", True)]
    # what the gate stopped is nobody's last accepted, and the next night judges again
    assert [line["kind"] for line in ledger.new if line.get("model") != "mbg_nbd"].count("accepted") == 0
    again = published(ledger)
    night(contracts(7, factor=2.0, as_of=AS_OF + dt.timedelta(days=1)), again, AS_OF + dt.timedelta(days=1), "third")
    assert HOLDOUT in [line["kind"] for line in again.new]


def test_with_nothing_accepted_before_renewals_are_expected_as_in_the_weeks_held_out() -> None:
    """A company whose churn has just doubled is not worth nothing: its contracts last as they did of late."""
    connection = contracts(7, factor=2.0)
    night(connection, Ledger())
    a, b, origin = connection.execute("select a, b, origin from model.clv_runs where is_scoring_model and group_name = 'gold'").fetchall()[
        0
    ]
    held = next(result for result in judged(connection)[2] if result["group_name"] == "gold" and "ended_error" in result)
    assert origin == "observed"
    assert a / (a + b) == pytest.approx(held["actual_ended"] / (held["actual_ended"] + held["actual"]), rel=0.01)
    # 10 a month for the months that are renewed, at half of it margin: a geometric series, discounted by 10 % a year
    (value,) = connection.execute("select sum(clv_12) / count(*) from model.clv_scores where clv_12 > 0").fetchall()[0]
    kept = b / (a + b)
    wanted = sum(5 * kept**month / 1.1 ** ((month - 0.5) / 12) for month in range(1, 13))
    assert float(value) == pytest.approx(wanted, rel=0.03)
    reasons = connection.execute("select distinct fallback_reason from model.clv_scores where clv_12 > 0").fetchall()
    assert len(reasons) == 1
    assert reasons[0][0].startswith(f"contract: as in the {WEEKS} weeks after {cut()}")
    assert "no earlier parameters; the holdout failed: of the renewals" in reasons[0][0]


def test_observed_renewals_are_nobodys_last_accepted() -> None:
    ledger = Ledger()
    night(contracts(7, factor=2.0), ledger)
    assert [line for line in ledger.new if line["kind"] == "accepted" and line["model"] == "shifted_beta_geometric"] == []


def test_an_earlier_day_is_valued_by_what_was_accepted_for_it() -> None:
    """A backfill restores, decides nothing and judges nothing."""
    first = Ledger()
    night(contracts(7), first, run_id="first")
    later = published(first)
    later.newest = AS_OF + dt.timedelta(days=30)
    connection = contracts(8)
    night(connection, later, run_id="again")
    assert later.new == []
    origin, reason = connection.execute("select origin, message from model.clv_runs where is_scoring_model").fetchall()[0]
    assert origin == "restored"
    assert "an earlier day is scored by what was accepted then" in reason


def test_a_holdout_is_the_weeks_and_its_tables_show_it_until_the_next() -> None:
    first = Ledger()
    night(contracts(7), first)
    day = AS_OF + dt.timedelta(days=3)
    connection, later = contracts(7, as_of=day), published(first)
    night(connection, later, day, "later")
    assert HOLDOUT not in [line["kind"] for line in later.new]
    rows = connection.execute(
        "select distinct run_id, measured_on, group_name, loss from model.clv_holdouts where predicted_ended is not null order by group_name"
    ).fetchall()
    assert rows == [("later", AS_OF, "all", None), ("later", AS_OF, "gold", None)]
    for name, rows_of_it in (("clv_calibration", 10), ("clv_tracking", WEEKS)):
        assert connection.execute(f"select count(*) from model.{name}").fetchall() == [(rows_of_it,)]
