"""The report of contracts: every plan's gate, the weeks held out, and whose parameters value it, as the fits of the night left them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pytest
from goodwill import clv
from goodwill.clv.ledger import Ledger
from goodwill.report.facts import Facts, gather
from goodwill.report.page import render
from goodwill.report.wording import models
from goodwill.settings.business import BusinessSettings, Clv, Margin

from tests.unit.clv.histories import AS_OF
from tests.unit.clv.simulated_contracts import contracts
from tests.unit.report.report_night import RUN_ID, published_night

SETTINGS = BusinessSettings(clv=Clv(models=()), margin=Margin(assumed_rate=0.5))


def night_of(folder: Path, connection: duckdb.DuckDBPyConnection, ledger: Ledger | None = None) -> Facts:
    """A published night whose models are those that these contracts make."""
    night = published_night(folder)
    clv.fit(connection, SETTINGS, RUN_ID, AS_OF, ledger or Ledger())
    with duckdb.connect(str(night.warehouse)) as kept:
        kept.execute("drop table model.clv_runs")
        for name in ("clv_runs", "clv_holdouts"):
            kept.register("rows", connection.execute(f"from model.{name}").to_arrow_table())
            kept.execute(f"create table model.{name} as from rows")
            kept.unregister("rows")
    return gather(night.warehouse, night.run, "published")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Two plans; the churn of one has doubled, and nothing was accepted before."""
    return night_of(tmp_path_factory.mktemp("night"), contracts(3, 4000, factor=2.5, plans=("gold", "silver")))


def test_each_plan_stands_beside_what_happened_and_says_who_values_it(facts: Facts) -> None:
    assert facts.troubles == ()
    assert facts.contracts is not None
    assert facts.contracts.weeks == 13
    plans = {plan.name: plan for plan in facts.contracts.plans}
    assert [(plan.name, plan.gate, plan.origin) for plan in facts.contracts.plans][-1] == (None, "failed", "fitted")
    assert {name: (plan.gate, plan.origin) for name, plan in plans.items() if name} == {
        "gold": ("failed", "observed"),
        "silver": ("passed", "fitted"),
    }
    gold, silver, everything = plans["gold"], plans["silver"], plans[None]
    assert gold.actual_ended > 1.5 * gold.predicted_ended  # type: ignore[operator]
    assert gold.actual_ended + silver.actual_ended == everything.actual_ended  # type: ignore[operator]
    assert gold.contracts + silver.contracts == everything.contracts
    assert gold.actual_value < gold.predicted_value  # type: ignore[operator]


def test_what_was_accepted_before_is_named_with_its_age(tmp_path: Path) -> None:
    day, before = AS_OF - dt.timedelta(days=8), Ledger()
    clv.fit(contracts(7, as_of=day), SETTINGS, "first", day, before)
    facts = night_of(tmp_path, contracts(7, factor=2.0), Ledger(before.new, newest=day))
    assert facts.contracts is not None
    assert [(plan.name, plan.gate, plan.origin, plan.stale_days) for plan in facts.contracts.plans if plan.name] == [
        ("gold", "failed", "restored", 8)
    ]
    assert "parameters accepted 8 days ago" in render(facts)


def test_where_too_few_have_ended_nobody_values_a_plan_and_it_is_said(tmp_path: Path) -> None:
    facts = night_of(tmp_path, contracts(7, 20, shape=(1.0, 500.0)))
    assert facts.contracts is not None
    assert {(plan.name, plan.gate, plan.origin) for plan in facts.contracts.plans} == {
        ("gold", "not judged", "none"),
        (None, "not judged", "none"),
    }
    assert "nobody: too few have ended" in render(facts)


def test_the_card_of_a_plan_valued_by_observed_renewals_says_so(facts: Facts) -> None:
    card = next(card for card in models(facts) if card.run.origin == "observed")
    assert card.purpose == "How long contracts last: gold, by the renewals of the weeks held out"
    assert "whatever the age of the contract" in card.meaning[0]


def test_the_page_shows_it_and_a_company_without_contracts_has_no_such_part(facts: Facts, tmp_path: Path) -> None:
    page = render(facts)
    assert "How far to trust what contracts are worth" in page
    assert "renewals of the weeks held out</td>" in page
    assert "2,000 contracts, " in page
    assert "Gate failed: gold" in page
    without = published_night(tmp_path)
    assert "what contracts are worth" not in render(gather(without.warehouse, without.run, "published"))
