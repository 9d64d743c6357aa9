"""Small nights for the tests of the report: a warehouse file and a run folder, each written by hand, row by row."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

RUN_ID = "20180101T030000-ab12"
#: Text that becomes code wherever somebody forgets to escape it.
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
STAGES = (
    "extract shop",
    "prepare",
    "build staging",
    "validate staged",
    "build before_clv",
    "fit clv",
    "segments",
    "build after_clv",
    "documents",
)

CONTROL = """
    create schema control; create schema staging; create schema intermediate; create schema model; create schema marts; create schema audit;
    create table control.keys as select 'in' inner_key, 'out' outer_key;
    create table control.night as select '20180101T030000-ab12' run_id, date '2017-12-31' as_of, timestamp '2018-01-01 03:00:00' started_at,
        $company company_name, 'Europe/Paris' company_business_time_zone, 'EUR' company_currency, date '2017-01-01' calendar_history_complete_from,
        31 calendar_warm_up_days, 0.25::double margin_assumed_rate, 30 cohorts_age_days;
    create table control.sources as select * from (values ('shop', 'orders', 'shop', 'files', 0.05), ('shop', 'contacts', 'shop', 'files', 0.05))
        t(source, entity, system, connector, quarantine_share);
    create table control.source_totals as select 'orders' as entity, 'shop' as source, 'b1' batch_id, '/home/jane/orders.csv' file, 103::bigint source_rows,
        1234567.89::decimal(38,2) source_amount, 1::bigint unparsable_amounts;
    create table control.batches as select 'shop' as source, 'b1' batch_id, repeat('c0ffee', 10) || 'c0ff' file_sha256;
"""
STAGING = """
    create table staging.reconciliation as select 'orders' as entity, 'shop' as source,
        103::bigint source_rows, 103::bigint landed_rows, 100::bigint accepted_rows,
        1::bigint superseded_rows, 2::bigint quarantined_rows, 1234567.89::decimal(38,2) source_amount, 1234567.89::decimal(38,2) landed_amount,
        1234500.00::decimal(38,2) accepted_amount, 67.89::decimal(38,2) superseded_amount, 0::decimal(38,2) quarantined_amount,
        3::bigint after_as_of_rows, 12.50::decimal(38,2) after_as_of_amount, true is_reconciled;
    create table staging.quarantine as select * from (values
        ('orders', 'shop', 'b1', '/home/jane/orders.csv', 17, 'status', 'UNKNOWN_STATUS', $hostile, 'raw'),
        ('contacts', 'shop', 'b2', 'contacts.csv', 4, 'email', 'BAD_EMAIL', 'jane.doe@example.com', 'raw'))
        t(entity, source, batch_id, file, row_no, column_name, reason, value, raw_row);
"""
#: Ten customers: worth 0, 10, … 90 euros; three of them known before the history begins.
MARTS = """
    create table intermediate.int_customer_facts as select 'shop:' || i person_id, date '2017-03-01' first_purchase_on, i < 3 is_left_censored, false is_guest,
        100::decimal(18,2) trailing_12m_revenue_amount from range(10) t(i);
    create table marts.cohort_retention as select date '2017-03-01' cohort_month, 'all' acquisition_channel, age::bigint age, 7::bigint customers_count,
        7::bigint customers_eligible, case when age < 3 then 7 - 2 * age end active_customers, case when age < 3 then (7 - 2 * age) / 7.0 end retention_rate,
        case when age < 3 then (7 - age) / 7.0 end rolling_retention_rate, 10::decimal(18,2) cumulative_ltv_amount from range(4) t(age);
    create table marts.repurchase_rates as select * from (values
        (2::bigint, 'all', 'all', 30::bigint, 8::bigint, 6::bigint, 3::bigint, 0.5::double, 0.19::double, 0.81::double),
        (2, 'all', 'all', 365, 8, 0, 0, null, null, null), (2, 'acquisition_channel', 'web', 30, 8, 6, 3, 0.9, 0.1, 0.99))
        t(purchase_number, segment_kind, segment, window_days, customers_count, customers_eligible, bought_count, repurchase_rate, repurchase_low_rate,
          repurchase_high_rate);
    create table marts.cohort_retention_by_distance as select * from (values
        (date '2017-03-01', 'network', 1::bigint, 20::bigint, 10::bigint, 0.5::double, 10::decimal(18,2), 4::decimal(18,2)),
        (date '2017-04-01', 'network', 1, 40, 14, 0.35, 40, 10), (date '2017-03-01', 'new', 1, 100, 10, 0.1, 5, null),
        (date '2017-03-01', 'network', 2, 20, 8, 0.4, 12, 5), (date '2017-03-01', 'new', 2, 100, 9, 0.09, 6, 1))
        t(cohort_month, distance_at_acquisition, age, customers_count, active_customers, retention_rate, cumulative_revenue_amount, cumulative_ltv_amount);
    create table marts.referral_edges as select 'shop:1' referred_person_id, 'shop:2' referrer_person_id, 'refused' edge_status, 'self_referral' refusal_reason,
        false is_converted where $referrals union all select 'shop:3', 'jane.doe@example.com', 'valid', null, true where $referrals;
    create table marts.referral_program as select * from (values
        (date '2017-03-01', 6::bigint, true, 2::bigint, 8::bigint, 2::bigint, 0.25::double, 5::decimal(18,2)),
        (date '2017-04-01', 2::bigint, true, 1::bigint, 2::bigint, 2::bigint, null, 5::decimal(18,2)),
        (date '2017-12-01', 40::bigint, false, 39::bigint, 9::bigint, 9::bigint, null, 5::decimal(18,2)))
        t(month, cohort_customers_count, is_cohort_mature, brought_customers_count, invited_people_count, invited_customers_count,
          invitation_conversion_rate, rewards_amount) where $referrals;
"""
SCORES = """
    create table model.clv_runs as select * from (values
        ('20180101T030000-ab12', date '2017-12-31', 'mbg_nbd', 10, 5, 8, 'week', 0.1, 0.5, 6.0, 0.9, 1.6, null, null, null, -95.5, true, true,
            'd1', 0.4, 'fitted', null),
        ('20180101T030000-ab12', date '2017-12-31', 'gamma_gamma', 10, 5, 8, null, null, null, null, null, null, 6.25, 3.744, 15.444, -40.5, true, true, 'd1',
            0.1, 'fitted', null))
        t(run_id, as_of, model, customers, repeat_customers, tuples, time_unit, r_standard_error, r, alpha, a, b, p, q, v, log_likelihood, converged,
          is_scoring_model, data_hash, fitted_seconds, status, message);
    create table model.clv_scores as select 'shop:' || i person_id, 'mbg_nbd' model_used, null::varchar fallback_reason, i::bigint x, (i * 10)::bigint t_x_days,
        100::bigint age_days, i / 10.0 p_alive, true margin_is_assumed, (i * 10)::decimal(18,2) clv_12, (i * 18)::decimal(18,2) clv_24,
        (i * 24)::decimal(18,2) clv_36 from range(10) t(i);
    create table model.segment_assignments as select 'shop:' || i person_id, case when i > 6 then 'most_valuable' else 'maintain' end value_class,
        case when i < 2 then 'lapsed' else 'active' end life_cycle_stage, 'existing' distance, 'regulars' rfm_group, (i * 20)::decimal(18,2) actual_value_amount
        from range(10) t(i);
    create table marts.labels as select 'most_valuable' code, 'value_class' kind, 'Most valuable customer' english, 'Client le plus précieux (CPP)' french;
    create table marts.referral_value as select 'jane.doe@example.com' person_id, 1::bigint direct_people_count, 1::bigint direct_customers_count,
        30::decimal(18,2) direct_clv_amount, 15::decimal(18,2) crv_amount, 'champion' quadrant where $referrals;
"""
PARTS = (CONTROL, STAGING, MARTS, SCORES)


@dataclass(frozen=True)
class SmallNight:
    warehouse: Path
    run: Path


def _check(rule: str, boundary: str, severity: str, success: bool, description: str) -> dict[str, Any]:
    return {
        "run_id": RUN_ID,
        "as_of": dt.date(2017, 12, 31),
        "boundary": boundary,
        "table_name": "orders",
        "rule_id": rule,
        "expectation_type": "t",
        "column_name": "net_amount",
        "severity": severity,
        "description": description,
        "success": success,
        "element_count": 100,
        "unexpected_count": 0 if success else 1204,
        "observed_value": None,
        "checked_at": dt.datetime(2018, 1, 1, 3, 1),
    }


def _write_checks(run: Path, checks: list[dict[str, Any]]) -> None:
    folder = run / "validation_results"
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            "create table checks (run_id varchar, as_of date, boundary varchar, table_name varchar, rule_id varchar, expectation_type varchar, "
            "column_name varchar, severity varchar, description varchar, success boolean, element_count bigint, unexpected_count bigint, "
            "observed_value varchar, checked_at timestamp)"
        )
        connection.executemany(f"insert into checks values ({', '.join('?' * 14)})", [list(check.values()) for check in checks])
        connection.table("checks").write_parquet(str(folder / "staged.parquet"))


def _write_run(run: Path, verdict: str, lines: list[dict[str, Any]]) -> None:
    run.mkdir(parents=True)
    record = {
        "run_id": RUN_ID,
        "as_of": "2017-12-31",
        "started_at": "2018-01-01 03:00:00+00:00",
        "verdict": verdict,
        "home": "shop",
        "code_version": "0.1.0+abc",
        "configuration_sha256": "feed" * 16,
    }
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")
    (run / "stages.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _lines(stages: tuple[str, ...]) -> list[dict[str, Any]]:
    """Each stage takes two seconds; the last one is running."""
    lines: list[dict[str, Any]] = []
    for place, stage in enumerate(stages):
        begins = dt.datetime(2018, 1, 1, 3, 0, 2 * place)
        lines.append({"stage": stage, "status": "started", "at": begins.isoformat(sep=" ")})
        lines.append(
            {"stage": stage, "status": "done", "at": (begins + dt.timedelta(seconds=2)).isoformat(sep=" "), "seconds": 2.0, "detail": {}}
        )
    return lines[:-1]


def _warehouse(path: Path, parts: tuple[str, ...], company: str, referrals: bool) -> None:
    known = {"company": company, "hostile": HOSTILE, "referrals": referrals}
    with duckdb.connect(str(path)) as connection:
        for part in parts:
            for statement in filter(str.strip, part.split(";")):
                connection.execute(statement, {name: value for name, value in known.items() if f"${name}" in statement} or None)


def published_night(folder: Path, *, company: str = "Le Bon Marché", referrals: bool = True, checks: bool = True) -> SmallNight:
    """A night that reached its report."""
    night = SmallNight(folder / "warehouse.duckdb", folder / "runs" / RUN_ID)
    _warehouse(night.warehouse, PARTS, company, referrals)
    _write_run(night.run, "running", _lines(STAGES))
    if checks:
        _write_checks(
            night.run,
            [
                _check("ORD-1", "staged", "critical", True, "Every order has an id."),
                _check("ORD-2", "staged", "warning", False, f"Orders are dated. {HOSTILE}"),
            ],
        )
    return night


def stopped_night(folder: Path, *, parts: int, stage: str, status: str, message: str, company: str = "Le Bon Marché") -> SmallNight:
    """A night that stopped at `stage`, with the first `parts` of its warehouse built (0: it has no file)."""
    night = SmallNight(folder / "warehouse.duckdb", folder / "runs" / RUN_ID)
    if parts:
        _warehouse(night.warehouse, PARTS[:parts], company, True)
    lines = _lines(STAGES[: STAGES.index(stage) + 1])
    _write_run(
        night.run,
        status,
        [*lines, {"stage": stage, "status": status, "at": "2018-01-01 03:01:00", "seconds": 2.0, "detail": {}, "message": message}],
    )
    if status == "blocked":
        _write_checks(night.run, [_check("ORD-3", "staged", "critical", False, "The net amount of an order is never negative.")])
    return night
