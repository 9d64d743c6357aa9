"""A company that sells by contract alone, whose cancellations of three months arrive together: the gate of contracts fails in a whole night, and what
was accepted last values them.
"""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path

from tests.unit.clv.histories import AS_OF
from tests.unit.clv.simulated_contracts import contracts

SOURCES = """
sources:
  - name: members
    path: input/members.csv
    currency: EUR
    entities:
      subscriptions:
        columns: {subscription_id: id, contact_ref: member, plan: plan, period: {value: month}, amount: fee, started_at: from, ended_at: until}
"""
GOODWILL = "{company: {currency: EUR}, clv: {policies: {gold: {business_model: subscription}}}, margin: {assumed_rate: 0.5}}"
SCORING = (
    "select origin, gate, stale_days, (a, b), message from marts.clv_model_runs where model = 'shifted_beta_geometric' and is_scoring_model"
)


def write(path: Path, churn: float) -> None:
    """1,500 members; the chance to leave in the last 13 weeks is `churn` times what it was, and all before is the same."""
    rows = contracts(1, factor=churn).execute(
        "select subscription_id, 'm' || subscription_id, plan, amount, started_on, ended_on from intermediate.int_contracts order by 1"
    )
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "member", "plan", "fee", "from", "until"])
        writer.writerows(rows.fetchall())


def test_a_night_whose_holdout_of_contracts_fails_values_them_as_before_and_says_why(run_night, tmp_path):
    (tmp_path / "input").mkdir()
    for name, text in (("sources.yml", SOURCES), ("goodwill.yml", GOODWILL)):
        (tmp_path / name).write_text(text)
    file = tmp_path / "input" / "members.csv"
    write(file, 1.0)
    steady = run_night(tmp_path, as_of=AS_OF.isoformat())
    assert steady.verdict == "published", steady.record
    ((origin, gate, stale, accepted, _),) = steady.rows(SCORING)
    assert (origin, gate, stale) == ("fitted", "passed", None)

    write(file, 3.0)
    late = run_night(tmp_path, as_of=(AS_OF + dt.timedelta(days=7)).isoformat())
    assert late.verdict == "published", late.record
    ((origin, gate, stale, parameters, message),) = late.rows(SCORING)
    assert (origin, gate, stale, parameters) == ("restored", "failed", 7, accepted)
    page = (late.home.published / late.run_id / "report" / "index.html").read_text()
    assert message.startswith(
        f"parameters accepted for {AS_OF}, 7 days old; the holdout failed: of the renewals of gold due in the 13 weeks"
    )
    assert "Gate failed: gold" in page
    assert message in page
    reasons = late.rows("select fallback_reason from marts.clv_customers where subscription_plans is not null")
    assert len(reasons) > 500
    assert set(reasons) == {(f"contract: {message}",)}
