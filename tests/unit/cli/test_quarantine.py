"""`goodwill quarantine` on a home whose night left a list of rejected rows."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pytest
from goodwill.cli.quarantine import app
from goodwill.entities import ENTITIES
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.extract.quarantine import QUARANTINE
from goodwill.sources import load_sources
from typer.testing import CliRunner

SOURCES = """
    sources:
      - name: shop
        path: input/orders.csv
        entities:
          orders: {columns: {order_id: order_id, ordered_at: ordered_at, contact_ref: mail, net_amount: amount}}
"""
ORDERS = """
    order_id,ordered_at,mail,amount
    a,2025-03-01,ada@example.com,10.50
    b,2025-03-02,bob@example.com,"1,50"
    c,soon,cleo@example.com,3
"""
LIST = ["entity", "source", "file", "row_no", "column_name", "reason", "value", "batch_id"]


@pytest.fixture
def home(make_home):
    made = make_home(sources=SOURCES, **{"orders.csv": ORDERS})
    (source,) = load_sources(made.sources_file).sources
    land_source(made, source, "UTC")
    (batch,) = active_batches(made, source)
    run = made.run("20250401T020000-abcd")
    run.mkdir(parents=True)
    with (run / QUARANTINE).open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows(
            [
                LIST,
                ["orders", "shop", "input/orders.csv", 2, "net_amount", "BAD_NUMBER", "1,50", batch.batch_id],
                ["orders", "shop", "input/orders.csv", 3, "ordered_at", "BAD_TIMESTAMP", "soon", batch.batch_id],
                ["orders", "shop", "input/orders.csv", 3, "contact_ref", "KEY_REUSED", "cleo@example.com", batch.batch_id],
            ]
        )
    return made


def run(home, *words: object) -> str:
    done = CliRunner().invoke(app, [*map(str, words), "--home", str(home.root)], env={"COLUMNS": "200"}, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_list_counts_with_an_example_and_masks_what_is_personal(home):
    text = run(home, "list")
    assert "20250401T020000-abcd" in text
    assert "input/orders.csv, row 2: 1,50" in text
    assert "cleo@example.com" not in text
    assert "cleo@example.com" in run(home, "list", "--show-values")
    only = run(home, "list", "--reason", "BAD_NUMBER")
    assert "BAD_NUMBER" in only
    assert "BAD_TIMESTAMP" not in only


def test_a_reason_is_explained(home):
    text = run(home, "explain", "BAD_NUMBER")
    assert "is not a number" in text
    assert "decimal" in text
    with pytest.raises(GoodwillError, match="no reason is called 'NONSENSE'"):
        run(home, "explain", "NONSENSE")


def test_a_row_is_shown_whole_with_its_bad_cells_marked(home):
    lines = run(home, "explain", "shop", 3).splitlines()
    marked = [line.split()[1] for line in lines if line.strip().startswith("►")]
    assert marked == ["ordered_at", "mail"]
    assert not any("cleo@example.com" in line for line in lines)
    assert any("amount" in line and "3" in line for line in lines)
    with pytest.raises(GoodwillError, match="did not reject row 1"):
        run(home, "explain", "shop", 1)


def test_rows_go_out_come_back_and_are_taken_back(home, tmp_path: Path):
    file = tmp_path / "bad.csv"
    assert "2 rows that run 20250401T020000-abcd rejected" in run(home, "export", file, "--source", "shop")
    file.write_text(file.read_text().replace('"1,50"', "1.50"))
    text = run(home, "readmit", file, "--by", "Ada", "--reason", "typing error")
    assert "row 2, amount: 1,50 → 1.50" in text
    assert "1 rows of the file were as they had been" in text
    (source,) = load_sources(home.sources_file).sources
    batch = active_batches(home, source)[-1].batch_id
    assert "1 of these rows were corrected since" in run(home, "list")
    assert "it was corrected since" in run(home, "explain", "shop", 2)
    listed = run(home, "corrections")
    assert all(word in listed for word in (batch, "Ada", "typing error", "in force"))
    assert batch in run(home, "withdraw", batch, "--by", "Eve", "--reason", "was right after all")
    assert "withdrawn: by Eve: was right after all" in run(home, "corrections")
    assert len(active_batches(home, source)) == 1


@pytest.mark.parametrize("was_there", [False, True])
def test_an_export_is_for_its_owner_alone(home, tmp_path, was_there):
    file = tmp_path / "bad.csv"
    if was_there:
        file.touch()
        file.chmod(0o644)
    run(home, "export", file, "--source", "shop")
    assert file.stat().st_mode & 0o777 == 0o600
    other = tmp_path / "another"
    other.touch()
    assert other.stat().st_mode & 0o077, "what else the process writes is as it was"


def test_a_file_that_cannot_be_written_is_said_in_words(home, tmp_path: Path):
    done = CliRunner().invoke(app, ["export", str(tmp_path / "nowhere" / "bad.csv"), "--source", "shop", "--home", str(home.root)])
    assert isinstance(done.exception, GoodwillError)
    assert "cannot be written" in str(done.exception)


def test_a_void_correction_is_said(home, tmp_path: Path):
    file = tmp_path / "bad.csv"
    run(home, "export", file, "--source", "shop")
    file.write_text(file.read_text().replace('"1,50"', "1.50"))
    run(home, "readmit", file, "--by", "Ada", "--reason", "typing error")
    (home.root / "input" / "orders.csv").write_text("order_id,ordered_at,mail,amount\nb,2025-03-02,bob@example.com,1.55\n")
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    text = run(home, "list")
    assert "by Ada is void" in text
    assert "2 of these rows are of files that were sent again" in text
    assert "left out 2" in run(home, "export", file, "--source", "shop")


def test_what_is_not_there_is_said(make_home):
    home = make_home(sources=SOURCES, **{"orders.csv": ORDERS})
    with pytest.raises(GoodwillError, match="no run has got as far"):
        run(home, "list")
    with pytest.raises(GoodwillError, match="left no list"):
        run(home, "list", "--run", "nope")


def test_the_line_of_an_order_that_is_bad_is_the_one_that_is_named(make_home, tmp_path: Path):
    mapping = "orders: {group_by: order_id, columns: {order_id: order_id, ordered_at: {lowest: ordered_at}, net_amount: {total: amount}}}"
    lines = "order_id,ordered_at,amount\na,2025-03-01,1\na,2025-13-01,2\na,2025-03-01,3\nb,2025-03-01,4\n"
    home = make_home(f"sources: [{{name: shop, path: input/orders.csv, entities: {{{mapping}}}}}]", **{"orders.csv": lines})
    sources = load_sources(home.sources_file)
    land_source(home, sources.sources[0], "UTC")
    view = landed_view(home, sources, ENTITIES["orders"], "UTC")
    bad = duckdb.sql(
        f"select 'orders', _source, _file, _row_no, p.column_name, p.reason, p.value, _batch_id from (select *, unnest(_problems) as p from ({view}))"
    ).fetchall()
    assert [each[3:7] for each in bad] == [(2, "ordered_at", "BAD_TIMESTAMP", "2025-13-01")]
    folder = home.run("20250401T020000-abcd")
    folder.mkdir(parents=True)
    with (folder / QUARANTINE).open("w", newline="") as stream:
        csv.writer(stream).writerows([LIST, *bad])
    assert "► ordered_at  2025-13-01" in run(home, "explain", "shop", 2)
    with pytest.raises(GoodwillError, match="read together with row 2") as refused:
        run(home, "explain", "shop", 3)
    assert refused.value.remedy == "goodwill quarantine explain shop 2"
    with pytest.raises(GoodwillError, match=r"did not reject row 4 of 'shop'\n"):
        run(home, "explain", "shop", 4)
