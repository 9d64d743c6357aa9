"""The auditors' report of nights that really ran, small as they are: what it says, what it never lets through, and who signs it."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re

import pytest
from goodwill import audit, stages
from goodwill.audit.ledger import ledger_file, read_entries
from goodwill.audit.proving import prove
from goodwill.audit.restarting import restart
from goodwill.audit_report import Period, file_report, sign, write_report
from goodwill.audit_report.facts import gather
from goodwill.errors import GoodwillError
from goodwill.settings import load_business
from goodwill.settings.business import Company

from tests.unit.audit_report.october import OCTOBER, october


@pytest.fixture
def home(make_home, monkeypatch):
    return october(make_home, monkeypatch)


def company(home) -> Company:
    return load_business(home.business_file).company


def test_a_month_tells_its_nights_checks_drift_and_changes(home):
    facts = gather(home, company(home), OCTOBER)
    assert [run.verdict for run in facts.runs] == ["published", "published", "failed"]
    assert facts.runs[2].blocked_at == "build marts"
    assert all(run.seconds > 0 for run in facts.runs)
    assert (facts.checks.checks, facts.checks.held) == (4, 3)
    assert [(rule.rule_id, rule.failed, rule.checked, rule.rows, rule.last_failed) for rule in facts.checks.failures] == [
        ("STG-ORD-8", 1, 2, 7, "20261002T030000-bbbb")
    ]
    assert facts.checks.missing == ("20261003T030000-cccc",)
    assert [(each.finding.measure, each.finding.verdict, each.nights) for each in facts.drift] == [
        ("channel", "moved", 1),
        ("rows", "steady", 1),
    ]
    assert [(change.name, change.was, change.now) for change in facts.changes] == [("quality_quarantine_share", "0.05", "0.2")]
    assert not facts.ledger_problem


def test_the_page_says_it_in_english_and_in_french_and_lets_nothing_through(home, tmp_path):
    for code, sentences in {
        "en": ("2 of 3 nights were published", "The nights of", "has moved against the last good nights", "Sign-off"),
        "fr": ("2 nuits sur 3 ont été publiées", "Les nuits de", "a dérivé par rapport", "Signatures", "la moitié au plus des commandes"),
    }.items():
        page = write_report(home, company(home), OCTOBER, tmp_path / code, code=code)
        html = page.read_text(encoding="utf-8")
        assert [sentence for sentence in sentences if sentence not in html] == []
        assert "<script" not in html
        assert "&lt;script&gt;" in html
        assert "script-src" not in html
        assert "default-src 'none'" in html
    tables = [sorted((tmp_path / code).glob("*.csv")) for code in ("en", "fr")]
    assert [path.read_bytes() for path in tables[0]] == [path.read_bytes() for path in tables[1]]
    assert len(tables[0]) == 8
    with (tmp_path / "en" / "checks.csv").open(encoding="utf-8", newline="") as stream:
        assert [(row["rule_id"], row["checked"], row["held"]) for row in csv.DictReader(stream)] == [
            ("STG-ORD-2", "2", "2"),
            ("STG-ORD-8", "2", "1"),
        ]


def test_a_night_that_was_refused_is_listed_and_is_no_night_that_failed(home, tmp_path):
    audit.RunRecord.of(home, "20261004T030000-dddd").update(
        run_id="20261004T030000-dddd", started_at="2026-10-04 03:00:00", verdict="refused"
    )
    facts = gather(home, company(home), OCTOBER)
    assert [run.verdict for run in facts.runs][-1] == "refused"
    assert facts.checks.missing == ("20261003T030000-cccc",)
    html = write_report(home, company(home), OCTOBER, tmp_path / "report", code="en").read_text(encoding="utf-8")
    assert "2 of 3 nights were published." in html
    assert "20261004T030000-dddd" in html


def test_what_was_done_by_hand_is_told_with_name_and_reason(home):
    audit.append(home, "override", {"decided": "corrected", "by": "Mia", "reason": "typing error", "corrected_rows": 3, "source": "shop"})
    decided = gather(home, company(home), OCTOBER).decisions
    assert [(each.kind, each.by, each.reason) for each in decided] == [("override", "Mia", "typing error")]
    assert ("corrected_rows", "3") in decided[0].about


def test_what_it_was_about_is_told_in_the_language_of_the_page(home, tmp_path):
    audit.append(home, "override", {"decided": "corrected", "by": "Mia", "reason": "x", "corrected_rows": 2, "source": "corrected"})
    audit.append(home, "export", {"export": "masked copy"})
    audit.append(home, "export", {"export": "a person's own data 0a1b2c", "format": "json", "rows": 7})
    for code, told in {
        "en": (
            "decided: corrected; source: corrected; corrected rows: 2",
            "exported: masked copy",
            "exported: a person&#39;s own data; format",
        ),
        "fr": (
            "décision\N{NO-BREAK SPACE}: corrigé\N{NO-BREAK SPACE}; source\N{NO-BREAK SPACE}: corrected\N{NO-BREAK SPACE}; lignes corrigées\N{NO-BREAK SPACE}: 2",
            "exporté\N{NO-BREAK SPACE}: copie masquée",
            "exporté\N{NO-BREAK SPACE}: les données d&#39;une personne\N{NO-BREAK SPACE}; format\N{NO-BREAK SPACE}: json\N{NO-BREAK SPACE}; lignes\N{NO-BREAK SPACE}: 7",
        ),
    }.items():
        html = write_report(home, company(home), OCTOBER, tmp_path / code, code=code).read_text(encoding="utf-8")
        assert [each for each in told if each not in html] == []
    assert "export=masked copy" in (tmp_path / "fr" / "decisions.csv").read_text(encoding="utf-8")


def test_a_month_without_a_night_is_refused(home):
    with pytest.raises(GoodwillError, match="no night ran in 2025-01"):
        gather(home, company(home), Period(month=dt.date(2025, 1, 1)))


@pytest.mark.parametrize(("text", "why"), [("2026-13", "is no month"), ("nonsense", "there is no run 'nonsense'")])
def test_what_is_neither_a_run_nor_a_month_is_refused(home, text, why):
    with pytest.raises(GoodwillError, match=why):
        Period.parse(home, text)


@pytest.mark.parametrize(("at", "month"), [("2026-09-30 21:59:59", dt.date(2026, 9, 1)), ("2026-09-30 22:00:00", dt.date(2026, 10, 1))])
def test_a_month_begins_at_midnight_where_the_business_is(at, month):
    assert Period(month=month).holds(None, at, "Europe/Paris")


def test_a_report_on_file_is_sealed_signed_and_then_stays(home):
    page = file_report(home, OCTOBER)
    assert page == home.audit / "reports" / "2026-10" / "index.html"
    assert prove(home).problems == []
    head = sign(home, OCTOBER, "Noor", "reviewer", "the totals agree")
    row = read_entries(home)[-1]
    assert (row.kind, row.facts["by"], row.facts["role"], row.head) == ("sign_off", "Noor", "reviewer", head)
    with pytest.raises(GoodwillError, match="was signed by Noor"):
        file_report(home, OCTOBER)


def test_what_is_not_as_it_was_filed_is_not_signed(home):
    with pytest.raises(GoodwillError, match="no report of 2026-10 is on file"):
        sign(home, OCTOBER, "Noor", "reviewer", "")
    page = file_report(home, OCTOBER)
    with pytest.raises(GoodwillError, match="a name and a role"):
        sign(home, OCTOBER, " ", "reviewer", "")
    table = page.with_name("runs.csv")
    table.write_text(table.read_text().replace("failed", "published"))
    with pytest.raises(GoodwillError, match=r"runs\.csv is not as it was filed"):
        sign(home, OCTOBER, "Noor", "reviewer", "")
    assert any("runs.csv" in problem for problem in prove(home).problems)


def test_a_ledger_that_was_changed_is_said_on_the_first_page(home, tmp_path):
    file = ledger_file(home)
    lines = file.read_text().splitlines(keepends=True)
    changed = json.loads(lines[3])
    lines[3] = json.dumps({**changed, "who": "nobody@nowhere"}, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"
    file.write_text("".join(lines))
    html = write_report(home, company(home), OCTOBER, tmp_path / "report", code="en").read_text(encoding="utf-8")
    assert re.search(r'<li class="bad">The ledger does not hold: row 4 was changed', html)


def test_a_ledger_begun_anew_holds_on_the_first_page(home):
    ledger_file(home).unlink()
    restart(home, "Ada", "the disk was lost")
    facts = gather(home, company(home), OCTOBER)
    assert (facts.ledger_problem, facts.ledger_rows) == ("", 1)


def test_the_month_before_is_what_airflow_puts_on_file(home, monkeypatch):
    assert Period.month_before(dt.date(2026, 1, 2)) == Period(month=dt.date(2025, 12, 1))
    with pytest.raises(GoodwillError, match="no night ran in 2025-01"):
        stages.report_month(str(home.root), "2025-01")
    monkeypatch.setattr("goodwill.stages.reporting.now", lambda: dt.datetime(2027, 3, 2, 12))
    assert stages.report_month(str(home.root)) == {"period": "2027-02", "nights": 0}
    assert stages.report_month(str(home.root), "2026-10") == {"period": "2026-10", "page": "audit/reports/2026-10/index.html"}
