"""What happened on the way in: what is new stands out, what was published before is folded away."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from goodwill.report import build_report

from tests.unit.report.report_night import HOSTILE, SmallNight, published_night

TABLES = """
    create or replace table control.batches as select * from (values
        ('shop', 'b1', '/home/jane/orders.csv', 'c0ffee', 103::bigint, timestamp '2018-01-01 02:00:00', null, null),
        ('shop', 'fix', '/home/jane/orders.csv', 'c0ffee', 2::bigint, timestamp '2018-01-01 02:30:00', 'Ada', 'typing errors of the till'))
        t(source, batch_id, file, file_sha256, rows, extracted_at, corrected_by, reason);
    create table control.drift as select * from (values
        ('shop', 'old', '1.csv', 'added', 'colour', null, 'VARCHAR', 'warn'), ('shop', 'b1', '2.csv', 'retyped', $hostile, 'integer', 'decimal', 'warn'))
        t(source, batch_id, file, kind, column_name, was, now, policy);
    create table control.notes as select * from (values ('shop', 'b1', 'orders', 'ordered_at', 'DST_GAP', 3::bigint), ('shop', 'old', 'orders', 'ordered_at', 'DST_GAP', 4))
        t(source, batch_id, entity, column_name, code, rows);
    create table control.warnings as select 'shop' as source, null::varchar as batch_id, null::varchar as file, 'MISSING_DAYS' as code, 'nothing of 3 March' as message;
"""


@pytest.fixture
def night(tmp_path: Path) -> SmallNight:
    made = published_night(tmp_path)
    with duckdb.connect(str(made.warehouse)) as connection:
        for statement in filter(str.strip, TABLES.split(";")):
            connection.execute(statement, {"hostile": HOSTILE} if "$hostile" in statement else None)
    return made


def publish(night: SmallNight, run_id: str, verdict: str, *batches: str) -> None:
    folder = night.run.parent / run_id
    folder.mkdir()
    record = {"run_id": run_id, "started_at": run_id, "verdict": verdict, "batches": batches}
    (folder / "run.json").write_text(json.dumps(record), encoding="utf-8")


def came_in(night: SmallNight) -> tuple[str, str, str]:
    """The section, apart: what is new, what lies between, and what is folded away."""
    page = build_report(night.warehouse, night.run, night.run / "index.html", verdict="published").read_text(encoding="utf-8")
    section = page[page.index('id="came-in"') : page.index('id="rejected"')]
    upper, _, folded = section.partition("<details>")
    _, _, news = upper.partition("New since the last publication")
    new, _, rest = news.partition("</ul>")
    return new, rest, folded


def test_only_what_is_new_stands_out(night):
    publish(night, "2017-12-30", "published", "old", "b1", "fix")
    publish(night, "2017-12-31", "published", "old")
    publish(night, "2017-12-31 later", "blocked", "old", "b1")  # nobody has read that one
    new, rest, folded = came_in(night)
    assert "held integer, and holds decimal" in new
    assert "nothing of 3 March" in new
    assert "colour" not in new
    assert "column &#39;colour&#39; is new" in folded
    assert "2 rows of shop" in rest
    assert "by Ada: typing errors of the till" in rest
    assert ">new<" in rest
    assert "<code>DST_GAP</code> in orders" in rest


def test_what_was_published_is_not_new(night):
    publish(night, "2017-12-31", "published", "old", "b1", "fix")
    new, rest, folded = came_in(night)
    assert "decimal" not in new
    assert ">new<" not in rest
    assert "colour" in folded
    assert "decimal" in folded


def test_at_first_everything_is_new(night):
    new, _, folded = came_in(night)
    assert "colour" in new
    assert folded == ""


def test_names_of_columns_stay_text_and_folders_stay_unsaid(night):
    build_report(night.warehouse, night.run, night.run / "index.html", verdict="published")
    page = (night.run / "index.html").read_text(encoding="utf-8")
    assert "<script>document.title" not in page
    assert "/home/jane" not in page


def test_a_reason_is_said_in_words(night):
    with duckdb.connect(str(night.warehouse)) as connection:
        connection.execute("update staging.quarantine set reason = 'BAD_NUMBER' where source = 'shop' and entity = 'orders'")
    build_report(night.warehouse, night.run, night.run / "index.html", verdict="published")
    assert "the text is not a number as declared" in (night.run / "index.html").read_text(encoding="utf-8")
