"""The page: complete when the night is, honest when it is not, closed to the network and to whatever the data say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import pytest
from goodwill.report import build_report
from goodwill.report.reading import Warehouse

from tests.unit.report.report_night import HOSTILE, SmallNight, published_night, stopped_night

BLOCKED = (
    "blocked at the 'staged' gate:\n  - ORD-3 on stg_orders: The net amount of an order is never negative. Found: 1204 of 100 rows.\n"
    "  remedy: correct the rows in the quarantine"
)
MOST_BYTES = 3_000_000


class Reader(HTMLParser):
    """What a browser would see: sections, text outside scripts, and every address an element names."""

    def __init__(self) -> None:
        super().__init__()
        self.sections: list[str] = []
        self.addresses: list[str] = []
        self.scripts: list[str] = []
        self.text = ""
        self.captionless_tables = 0
        self._inside: list[str] = []
        self._handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("script", "style"):
            self._inside.append(tag)
            if tag == "script":
                self.scripts.append(given.get("type") or "code")
        if tag == "section":
            self.sections.append(given.get("id") or "")
        if tag == "table":
            self.captionless_tables += 1
        if tag == "caption":
            self.captionless_tables -= 1
        self.addresses += [
            value for name, value in given.items() if value and name in ("src", "href", "action", "data", "srcset", "poster")
        ]
        self._handlers += [name for name in given if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data

    @property
    def handlers(self) -> list[str]:
        return self._handlers


def read(night: SmallNight, verdict: str, tmp_path: Path) -> tuple[str, Reader]:
    html = build_report(night.warehouse, night.run, tmp_path / "out" / "index.html", verdict=verdict).read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(html)
    reader.text = re.sub(r"\s+", " ", reader.text)
    return html, reader


def test_a_published_night_shows_every_part(tmp_path: Path) -> None:
    _, page = read(published_night(tmp_path), "published", tmp_path)
    expected = ["ran", "came-in", "rejected", "know-first", "cohorts", "worth", "segments", "referrals", "checks", "provenance"]
    assert [section for section in page.sections if section] == expected
    assert "Could not be measured" not in page.text
    for shown in (
        "Le Bon Marché",
        "31 December 2017",
        "Published",
        "€1,000",
        "€450",
        "71.4 %",
        "1,234,567.89",
        "Client le plus précieux (CPP)",
        "c0ffeec0ffee",
    ):
        assert shown in page.text, shown


def test_values_counted_in_revenue_are_never_called_margin(tmp_path: Path) -> None:
    """Read with the tables of another night, whose company knows its costs: the same sentences must say margin there."""
    night = published_night(tmp_path)
    sentences = (
        "to bring {} of",
        "the {} each customer is expected to bring",
        "of {} in the last twelve months",
        "Actual value = {} of the last",
    )
    _, known = read(night, "published", tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        for table in ("marts.clv_customers", "model.clv_scores"):
            connection.execute(f"alter table if exists {table} add column value_basis varchar default 'revenue'")
    _, unknown = read(night, "published", tmp_path)
    for sentence in sentences:
        assert sentence.format("a margin" if sentence.startswith("to bring") else "margin") in known.text, sentence
        assert sentence.format("revenue") in unknown.text, sentence
    for page in (known, unknown):
        assert "{{" not in page.text, "a template's own text is on the page"


def test_the_left_censored_and_the_missing_entities_are_told(tmp_path: Path) -> None:
    _, page = read(published_night(tmp_path), "published", tmp_path)
    assert "3 of 10 customers are in this case" in page.text
    assert "no refund is deducted" in page.text
    assert "there are no prospects" not in page.text, "contacts are given"
    assert "10 of 10 customers no cost is known" in page.text


def test_an_unobservable_cell_is_hatched_and_a_zero_is_not(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update marts.cohort_retention set active_customers = 0, retention_rate = 0 where age = 2")
    html, _ = read(night, "published", tmp_path)
    row = html.split('<th scope="row">Mar 2017</th>')[1].split("</tr>")[0]
    cells = re.findall(r'<td class="c ([^"]+)"[^>]*>(.*?)</td>', row)
    assert [kind for kind, _ in cells] == ["q9", "q8", "q0", "hatch"]
    assert cells[2][1] == "0"
    assert "not observable yet" in cells[3][1]


@pytest.mark.parametrize(
    ("verdict", "night"),
    [
        ("published", lambda folder: published_night(folder, company=HOSTILE)),
        (
            "blocked",
            lambda folder: stopped_night(
                folder, parts=2, stage="validate staged", status="blocked", message=f"{HOSTILE} {BLOCKED}", company=HOSTILE
            ),
        ),
        ("failed", lambda folder: stopped_night(folder, parts=0, stage="extract shop", status="failed", message=HOSTILE)),
    ],
)
def test_hostile_data_stay_text(tmp_path: Path, verdict: str, night: object) -> None:
    html, page = read(night(tmp_path), verdict, tmp_path)  # type: ignore[operator]
    assert HOSTILE not in html
    assert "<img src=x" in page.text, "the value itself is shown"
    assert page.handlers == []
    assert page.scripts == (["application/json", "application/json", "code", "code"] if verdict == "published" else [])


def test_hostile_group_names_cannot_leave_the_chart_data(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update marts.labels set english = ?", [HOSTILE])
    html, page = read(night, "published", tmp_path)
    assert HOSTILE not in html
    assert len(page.scripts) == 4


@pytest.mark.parametrize("verdict", ["published", "blocked"])
def test_the_page_names_no_other_place_and_is_small(tmp_path: Path, verdict: str) -> None:
    if verdict == "published":
        night = published_night(tmp_path)
    else:
        night = stopped_night(tmp_path, parts=2, stage="validate staged", status="blocked", message=BLOCKED)
    html, page = read(night, verdict, tmp_path)
    assert [address for address in page.addresses if not address.startswith(("#", "data:,"))] == []
    style = html.split("<style>")[1].split("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in html
    assert len(html.encode()) < MOST_BYTES


def test_no_personal_data(tmp_path: Path) -> None:
    html, page = read(published_night(tmp_path), "published", tmp_path)
    assert "jane" not in html, "neither the address in the quarantine, nor a referrer known by it, nor a folder of a user"
    assert "(personal data, not shown)" in page.text


def test_a_blocked_night_says_first_why(tmp_path: Path) -> None:
    night = stopped_night(tmp_path, parts=2, stage="validate staged", status="blocked", message=BLOCKED)
    _, page = read(night, "blocked", tmp_path)
    why = page.text.index("Why nothing was published")
    assert why < page.text.index("What ran", why)
    for shown in (
        "Gatestaged",
        "Blocked at the 'staged' gate",
        "ORD-3",
        "stg_orders",
        "1,204 of 100 rows",
        "What to do correct the rows in the quarantine",
    ):
        assert shown in page.text, shown
    assert "What came in" in page.text
    assert "The night stopped before these could be built: who comes back (cohorts), what customers are worth (CLV)" in page.text
    assert "Could not be measured" not in page.text


@pytest.mark.parametrize("parts", [0, 1, 2, 3, 4])
def test_a_failed_night_has_a_report_whatever_exists(tmp_path: Path, parts: int) -> None:
    stage = ("extract shop", "prepare", "validate staged", "fit clv", "build after_clv")[parts]
    night = stopped_night(tmp_path, parts=parts, stage=stage, status="failed", message="disk full\n  remedy: free some space")
    _, page = read(night, "failed", tmp_path)
    assert "Why the night failed" in page.text
    assert "disk full" in page.text
    assert "free some space" in page.text
    assert ("Could not be measured" in page.text) == (parts == 0)


def test_a_killed_night_has_a_report(tmp_path: Path) -> None:
    night = published_night(tmp_path, checks=False)
    with (night.run / "stages.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"stage": "publ')
    _, page = read(night, "failed", tmp_path)
    assert "The stage began and never reported its end" in page.text


def test_a_file_that_is_no_warehouse_is_told(tmp_path: Path) -> None:
    night = stopped_night(tmp_path, parts=0, stage="prepare", status="failed", message="killed")
    night.warehouse.write_bytes(b"not a database" * 100)
    _, page = read(night, "failed", tmp_path)
    assert "The warehouse of this night cannot be read" in page.text


def test_empty_marts_are_told_soberly(tmp_path: Path) -> None:
    night = published_night(tmp_path, referrals=False, checks=False)
    with duckdb.connect(str(night.warehouse)) as connection:
        for table in (
            "marts.cohort_retention",
            "model.clv_scores",
            "model.clv_runs",
            "model.segment_assignments",
            "staging.quarantine",
            "staging.reconciliation",
            "intermediate.int_customer_facts",
        ):
            connection.execute(f"delete from {table}")
    _, page = read(night, "published", tmp_path)
    for shown in (
        "No cohort to show",
        "Nobody is scored",
        "Nobody is placed",
        "No source tells who brought whom",
        "No check has reported",
        "Nothing to reconcile",
    ):
        assert shown in page.text, shown
    assert "Could not be measured" not in page.text


def test_a_table_of_another_shape_costs_its_part_only(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("alter table marts.cohort_retention drop column age")
    _, page = read(night, "published", tmp_path)
    assert "Could not be measuredthe cohorts:" in page.text
    assert "Customer equity" in page.text


def test_the_warehouse_is_opened_read_only(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    before = night.warehouse.read_bytes()
    with duckdb.connect(str(night.warehouse), read_only=True):  # a second way in with another configuration would be refused
        _, page = read(night, "published", tmp_path)
    assert "Could not be measured" not in page.text
    assert night.warehouse.read_bytes() == before


def test_the_warehouse_is_left_closed(tmp_path: Path) -> None:
    night = published_night(tmp_path)
    with Warehouse(night.warehouse) as warehouse:
        assert warehouse.row("select count(*) as customers from model.clv_scores") == {"customers": 10}
    with duckdb.connect(str(night.warehouse)) as connection:  # refused while a read-only connection of this process is open
        connection.execute("drop table model.clv_scores")
    assert warehouse.rows("select 1") == []


def test_an_older_report_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "out" / "index.html"
    target.parent.mkdir()
    target.write_text("old", encoding="utf-8")
    read(published_night(tmp_path), "published", tmp_path)
    assert [path.name for path in target.parent.iterdir()] == ["index.html"]
    assert target.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_every_table_has_a_caption(tmp_path: Path) -> None:
    html, page = read(published_night(tmp_path), "published", tmp_path)
    assert html.count("<table") > 10
    assert page.captionless_tables == 0
