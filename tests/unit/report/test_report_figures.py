"""The figures behind the page, against values worked out by hand."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from goodwill.privacy.showing import HIDDEN, safe_problem, safe_value
from goodwill.report import summary_text
from goodwill.report.charts import charts
from goodwill.report.facts import gather
from goodwill.report.formats import Money, duration, number, percent
from goodwill.report.wording import models, tiles, timeline

from tests.unit.report.report_night import HOSTILE, published_night, stopped_night


def test_concentration_by_hand(tmp_path: Path) -> None:
    # ten values, 0 … 90, in all 450: the top 20 % are two people with 90 + 80; 80 % (360) need 90+80+70+60+50+40 = 390, six people
    night = published_night(tmp_path)
    value = gather(night.warehouse, night.run, "published").value
    assert value is not None
    assert value.concentration is not None
    assert value.concentration.top[20] == pytest.approx(170 / 450)
    assert value.concentration.top[1] == pytest.approx(90 / 450)
    assert value.concentration.holders_of_80 == pytest.approx(6 / 10)
    assert value.concentration.gini == pytest.approx(2 * sum((i + 1) * 10 * i for i in range(10)) / (10 * 450) - 11 / 10)
    assert value.concentration.points[-1] == (1.0, 1.0)
    assert value.equity[12] == Decimal("450.00")


def test_who_was_brought_beside_who_came_new_by_hand(tmp_path: Path) -> None:
    # age 2 has twenty people who were brought, too few; at age 1 they are 20 + 40 of whom 10 + 14 bought, with (20 * 10 + 40 * 40) / 60 each
    night = published_night(tmp_path)
    returning = gather(night.warehouse, night.run, "published").returning
    assert returning is not None
    brought, new = returning.distances
    assert (brought.distance, brought.age, brought.customers, brought.rate) == ("network", 1, 60, pytest.approx(24 / 60))
    assert (brought.revenue, brought.margin) == (Decimal(30), Decimal(8))
    assert (new.distance, new.customers, new.rate, new.revenue, new.margin) == ("new", 100, pytest.approx(0.1), Decimal(5), None)
    assert [(each.window_days, each.eligible, each.rate) for each in returning.rates] == [(30, 6, 0.5), (365, 0, None)]


def test_guest_orders_hold_nothing_and_are_not_in_the_curve(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    before = gather(night.warehouse, night.run, "published").value
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute(
            "insert into model.clv_scores by name select * replace ('order:' || x as person_id, 'guest' as model_used, 0 as clv_12) "
            "from model.clv_scores"
        )
    value = gather(night.warehouse, night.run, "published").value
    assert value is not None
    assert before is not None
    assert value.concentration == before.concentration


def test_losses_are_left_out_of_the_curve_and_told(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute(
            "insert into model.clv_scores by name select * replace ('shop:x' as person_id, -25 as clv_12) from model.clv_scores limit 1"
        )
    value = gather(night.warehouse, night.run, "published").value
    assert value is not None
    assert value.concentration is not None
    assert (value.concentration.negative_customers, value.concentration.negative_sum) == (1, Decimal("-25.00"))
    assert value.concentration.top[20] == pytest.approx(170 / 450)
    assert (value.bins[0].low, value.bins[0].high, value.bins[0].customers) == (None, 0.0, 1)
    assert sum(entry.customers for entry in value.bins) == value.customers == 11


def test_who_is_still_there(tmp_path: Path) -> None:
    # x = 0 … 9, and 100 less 10·x days of silence: x = 0 lies in the bands of 1 day and of 90 days, x = 9 in those of 10 and of 0
    night = published_night(tmp_path)
    value = gather(night.warehouse, night.run, "published").value
    assert value is not None
    assert value.landscape[(0, 3)].customers == 1
    assert value.landscape[(4, 0)].p_alive == pytest.approx(0.9)
    assert sum(cell.customers for cell in value.landscape.values()) == 10


def test_retention_over_all_cohorts_is_weighted(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("""
            insert into marts.cohort_retention by name
            select * replace (date '2017-04-01' as cohort_month, 93 as customers_count, 93 as customers_eligible, 93 as active_customers, 1.0 as retention_rate)
            from marts.cohort_retention where age = 1
        """)
    cohorts = gather(night.warehouse, night.run, "published").cohorts
    assert cohorts is not None
    assert cohorts.first_return == pytest.approx(98 / 100), "5 of 7 and 93 of 93"
    assert [row.month for row in cohorts.rows] == [dt.date(2017, 3, 1), dt.date(2017, 4, 1)]


def test_active_customers_are_those_whose_stage_says_so(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    segments = gather(night.warehouse, night.run, "published").segments
    assert segments is not None
    assert segments.active_customers == 8
    assert [(group.code, group.people, group.clv) for group in segments.value_class.groups] == [
        ("most_valuable", 3, Decimal("240.00")),
        ("maintain", 7, Decimal("210.00")),
    ]


def test_who_only_subscribes_is_a_customer_and_said(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    facts = gather(night.warehouse, night.run, "published")
    assert (tiles(facts)[0].value, tiles(facts)[0].note) == ("10", "bought at least once")
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute(
            "create table marts.dim_customers as "
            "select * exclude (first_purchase_on), case when person_id not in ('shop:1', 'shop:2', 'shop:3') then first_purchase_on end as first_purchase_on, "
            "person_id <> 'shop:3' as is_customer from intermediate.int_customer_facts"
        )
    facts = gather(night.warehouse, night.run, "published")
    assert (tiles(facts)[0].value, tiles(facts)[0].note) == ("9", "bought at least once or, 2 of them, have a contract only")
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update marts.dim_customers set first_purchase_on = null")
    note = tiles(gather(night.warehouse, night.run, "published"))[0].note
    assert note == "have a contract that runs, and bought nothing by the piece"


def test_what_no_source_gives_is_named_and_not_what_goes_without_saying(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("delete from control.sources where entity <> 'orders'")
        connection.execute("insert into control.sources by position select 'members', 'subscriptions', 'members', 'files', 0.05")
    named = {name for notice in gather(night.warehouse, night.run, "published").notices for name, _ in notice.items}
    assert {"order_lines", "refunds", "contacts"} <= named
    assert not {"orders", "subscriptions"} & named
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("delete from control.sources where entity = 'orders'")
    named = {name for notice in gather(night.warehouse, night.run, "published").notices for name, _ in notice.items}
    assert {"orders", "contacts", "products"} <= named
    assert not {"order_lines", "refunds", "subscriptions"} & named


def test_guest_orders_are_nobody_in_the_shares(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update model.clv_scores set model_used = 'guest', p_alive = null where person_id = 'shop:9'")
    segments = gather(night.warehouse, night.run, "published").segments
    assert segments is not None
    assert [(group.code, group.people) for group in segments.value_class.groups] == [("most_valuable", 2), ("maintain", 7)]
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update intermediate.int_customer_facts set is_guest = true where person_id = 'shop:9'")
    shown = {tile.label: tile for tile in tiles(gather(night.warehouse, night.run, "published"))}
    assert (shown["Customers"].value, shown["Active customers"].value) == ("9", "7")
    assert shown["Active customers"].note.startswith("77.8\N{NO-BREAK SPACE}% of all customers")


def test_a_night_of_guests_alone_has_no_concentration_and_no_shares(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update model.clv_scores set model_used = 'guest', p_alive = null")
    facts = gather(night.warehouse, night.run, "published")
    assert facts.value is not None
    assert facts.value.concentration is None
    assert facts.segments is not None
    assert facts.segments.value_class.groups == ()
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update intermediate.int_customer_facts set is_guest = true")
    customers = tiles(gather(night.warehouse, night.run, "published"))[0]
    assert (customers.value, customers.note) == ("0", "bought at least once, and 10 guest orders beside")


def test_the_first_stage_that_was_blocked_is_named(tmp_path: Path) -> None:
    night = stopped_night(tmp_path, parts=1, stage="extract shop", status="blocked", message="file x.csv is empty\n  remedy: send it again")
    with (night.run / "stages.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"stage": "extract other", "status": "failed", "at": "2018-01-01 03:02:00", "seconds": 1, "message": "later"}\n')
    stop = gather(night.warehouse, night.run, "blocked").night.stop
    assert stop is not None
    assert (stop.stage, stop.gate, stop.headline, stop.remedy) == ("Extract shop", None, "file x.csv is empty", "send it again")


@pytest.mark.parametrize(
    ("value", "column", "shown"),
    [
        ("jane@example.com", "channel", HIDDEN),
        ("06 12 34 56 78", "status", HIDDEN),
        ("+33655443399", "currency", HIDDEN),
        ("0655443399", "currency", HIDDEN),
        ("Doe", "last_name", HIDDEN),
        ("12,5O", "net_amount", "12,5O"),
        ("31/02/2017 10:00", "ordered_at", "31/02/2017 10:00"),
        ("-1234567890.55", "net_amount", "-1234567890.55"),
        ("1234567890", "net_amount", "1234567890"),
        ("", "email", ""),
        (None, "email", None),
        ("x" * 100, "status", "x" * 80 + "…"),
    ],
)
def test_values_that_tell_who_somebody_is_are_hidden(value: str | None, column: str, shown: str | None) -> None:
    assert safe_value(value, column) == shown


def test_a_row_that_could_not_be_split_is_hidden() -> None:
    assert safe_value("1,Jane,Doe", None, whole_row=True) == HIDDEN


def test_how_figures_are_written() -> None:
    money = Money("USD")
    assert money.exact(Decimal("-1234.5")) == "\u2212$1,234.50"
    assert money.exact(Decimal("-0.001")) == "$0.00"
    assert (money.short(4_596_040), money.short(95_197), money.short(840), money.short(8.305)) == (
        "$4.60\u00a0M",
        "$95.2\u00a0k",
        "$840",
        "$8.30",
    )
    assert Money("CHF").whole(1234.5) == "CHF\u00a01,234"
    assert (percent(-0.0001), percent(-0.1), money.whole(Decimal("-0.4"))) == ("0.0\u00a0%", "\u221210.0\u00a0%", "$0")
    assert (percent(0.5379), percent(None), number(0.004512), duration(185), duration(0.04)) == (
        "53.8\u00a0%",
        "\u2013",
        "0.004512",
        "3\u00a0min 05\u00a0s",
        "0.0\u00a0s",
    )


def test_the_summary_of_a_published_night(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    (night.run / "run.json").write_text(
        (night.run / "run.json").read_text(encoding="utf-8").replace("running", "published"), encoding="utf-8"
    )
    lines = summary_text(night.warehouse, night.run).splitlines()
    said = {line[:18].strip(): line[20:] for line in lines if line[:18].strip()}
    assert said["verdict"] == "PUBLISHED"
    assert said["as of"] == "2017-12-31"
    assert said["rows in"] == "103 from 1 source"
    assert said["rows rejected"].startswith("2   (")
    assert said["customers"] == "10"
    assert said["revenue, 12 months"] == "€1,000"
    assert said["customer equity"].startswith("€450")
    assert said["retention, age 1"].startswith("71.4 %")
    assert said["checks passed"] == "1 of 2   (not: ORD-2)"
    assert said["duration"] == "16.0 s"
    assert len(lines) <= 30


def test_the_summary_of_a_blocked_night_says_why(tmp_path: Path) -> None:
    night = stopped_night(
        tmp_path,
        parts=2,
        stage="validate staged",
        status="blocked",
        message=f"blocked at the 'staged' gate:\n  - ORD-3 on orders: {HOSTILE}\n  remedy: correct it",
    )
    text = summary_text(night.warehouse, night.run)
    for shown in ("BLOCKED", "Validate staged (gate: staged)", "ORD-3 on orders", "correct it"):
        assert shown in text, shown


def test_the_summary_reads_a_publication_too(tmp_path: Path) -> None:
    """A publication holds the marts and the audit tables only; the currency comes from the settings of the home the run belongs to."""
    night = published_night(tmp_path)
    (tmp_path / "goodwill.yml").write_text("company: {name: The shop, currency: GBP}\n", encoding="utf-8")
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute(
            "create table audit.reconciliation as from staging.reconciliation; create table marts.clv_customers as from model.clv_scores"
        )
        connection.execute("create table audit.quarantine as select * exclude (value, raw_row) from staging.quarantine")
        connection.execute(
            "create table marts.segments as from model.segment_assignments; create table marts.clv_model_runs as from model.clv_runs"
        )
        connection.execute("create table marts.dim_customers as select * exclude (is_left_censored) from intermediate.int_customer_facts")
        connection.execute(
            "drop schema control cascade; drop schema staging cascade; drop schema intermediate cascade; drop schema model cascade"
        )
    text = summary_text(night.warehouse, night.run)
    for shown in ("The shop: the night", "£1,000", "£450", "103 from", "2   (", "MBG/NBD"):
        assert shown in text, shown
    assert "not measured" not in text


def _timeline(lines: list[dict[str, object]], tmp_path: Path) -> list[tuple[str, str, int]]:
    night = stopped_night(tmp_path, parts=0, stage="extract shop", status="failed", message="x")
    (night.run / "stages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return [(row.label, row.status, len(row.bars)) for row in timeline(gather(night.warehouse, night.run, "failed").night)]


def test_many_sources_share_a_row_and_the_one_in_trouble_stands_alone(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [
        {"stage": f"extract {name}", "status": "failed" if name == "d" else "done", "at": f"2018-01-01 03:00:0{second}", "seconds": 1.0}
        for second, name in enumerate("abcdef")
    ]
    assert _timeline(lines, tmp_path) == [("Extract 5 sources", "done", 5), ("Extract d", "failed", 1)]


def test_few_sources_keep_their_rows(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [
        {"stage": f"extract {name}", "status": "done", "at": "2018-01-01 03:00:00", "seconds": 1.0} for name in "abc"
    ]
    assert _timeline(lines, tmp_path) == [("Extract a", "done", 1), ("Extract b", "done", 1), ("Extract c", "done", 1)]


def test_the_share_of_people_worth_less_than_nothing_is_drawn_below_zero(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update model.clv_scores set clv_12 = -5 where x < 7")
    bars = charts(gather(night.warehouse, night.run, "published"))["classes"]["series"][1]["data"]
    assert bars == [{"value": 1.0}, {"value": pytest.approx(-35 / 240), "label": {"position": "left"}}]


def test_the_parameters_are_told_in_days_whatever_their_unit(tmp_path: Path) -> None:
    # r 0.5 and alpha 6 weeks: 1 purchase in 12 weeks; a 0.9 and b 1.6: 36 % leave; p 6.25, q 3.744, v 15.444: 6.25 * 15.444 / 2.744 a purchase
    night = published_night(tmp_path)
    timing, spending = models(gather(night.warehouse, night.run, "published"))
    assert timing.parameters[:2] == (("r", "0.5000", "0.1000"), ("\u03b1", "6.0000 weeks", None))
    assert "0.36 times a month (r ÷ \u03b1), about once in 84 days" in timing.meaning[0]
    assert "36.0\u00a0%" in timing.meaning[2]
    assert "€35.18" in spending.meaning[0]


def test_nothing_is_said_of_the_pace_in_an_unknown_unit(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("alter table model.clv_runs drop column time_unit")
    timing, _ = models(gather(night.warehouse, night.run, "published"))
    assert not any("a month" in line for line in timing.meaning)
    assert timing.parameters[1] == ("\u03b1", "6.0000", None)


def test_the_referral_programme_counts_what_is_final(tmp_path: Path) -> None:
    # mature months: 2 + 1 brought by 6 + 2; of invitations only those of March are observed, 2 of 8; December, with 39 of 40, is young
    night = published_night(tmp_path)
    referrals = gather(night.warehouse, night.run, "published").referrals
    assert referrals is not None
    programme = referrals.programme
    assert programme is not None
    assert (programme.seeds, programme.k_factor, programme.customers_per_seed) == (8, 0.375, 1.6)
    assert (programme.conversion, programme.rewards) == (0.25, Decimal("15.00"))
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update marts.referral_program set is_cohort_mature = true, brought_customers_count = cohort_customers_count")
    endless = gather(night.warehouse, night.run, "published").referrals
    assert endless is not None
    assert endless.programme is not None
    assert (endless.programme.k_factor, endless.programme.customers_per_seed) == (1.0, None)


@pytest.mark.parametrize(
    ("reason", "value", "column", "shown"),
    [
        ("MALFORMED_ROW", "7 fields instead of 6", None, "7 fields instead of 6"),
        ("MALFORMED_ROW", "no object of JSON: Jane Doe", None, "no object of JSON"),
        ("DUPLICATE_ROW", "1,Jane,Doe", None, HIDDEN),
        ("BAD_ID", "Jane Doe", "order_id", HIDDEN),
        ("BAD_NUMBER", "12,5O", "net_amount", "12,5O"),
    ],
)
def test_of_a_row_that_is_not_whole_the_readers_own_words_are_shown(reason: str, value: str, column: str | None, shown: str) -> None:
    assert safe_problem(reason, value, column) == shown
