"""Whole nights through Airflow: published, repeated, for an earlier day, blocked, failed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import duckdb
from goodwill import audit
from goodwill.audit import Lock
from goodwill.cli.app import app
from goodwill.home import Home
from goodwill.publish import current_run
from typer.testing import CliRunner

from tests.receiver import receiver

__all__ = ["receiver"]

#: Columns that say which run made a row: equal nights differ in nothing else.
OF_THE_RUN = {"run_id", "parameters_run_id", "fitted_seconds"}


def marts(database: Path) -> dict[str, list[tuple]]:
    """Every mart as sorted rows, without the columns that name the run."""
    with duckdb.connect(str(database), read_only=True) as connection:
        found = {}
        for (table,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1").fetchall():
            columns = [row[0] for row in connection.execute(f"describe marts.{table}").fetchall() if row[0] not in OF_THE_RUN]
            found[table] = connection.execute(f"select {', '.join(columns)} from marts.{table} order by all").fetchall()
        return found


def test_a_night_publishes_every_mart_and_its_documents(first):
    folder = first.home.current
    manifest = json.loads((folder / "manifest.json").read_text())
    assert {
        "dim_customers",
        "fct_orders",
        "fct_order_lines",
        "fct_refunds",
        "fct_contact_events",
        "cohort_retention",
        "referral_edges",
        "referral_value",
        "clv_customers",
        "clv_model_runs",
        "segments",
        "customer_history",
        "segment_sizes",
        "segment_migrations",
        "customer_equity",
        "concentration",
        "concentration_curve",
    } <= {path.stem for path in (folder / "marts").glob("*.parquet")}
    for name in ("report/index.html", "audit_report/index.html", "data_docs/index.html", "model_docs/index.html", "goodwill.duckdb"):
        assert (folder / name).stat().st_size > 1000
        assert name in manifest["files"]
    assert manifest["run_id"] == current_run(first.home) == first.run_id
    assert manifest["tables"]["marts.dim_customers"] > 100


def test_the_auditors_report_of_a_night_speaks_of_it_as_readers_see_it(first):
    html = (first.home.current / "audit_report" / "index.html").read_text(encoding="utf-8")
    for sentence in ("1 of 1 night was published.", "Every row and every cent that the sources gave is accounted for", "The ledger holds"):
        assert sentence in html
    assert 'href="../data_docs/index.html"' in html
    assert first.rows("select distinct verdict from audit.drift") == [("first",)]


def test_the_audit_tables_tell_what_ran(first):
    assert first.rows("select run_id, cast(as_of as varchar) from audit.release") == [(first.run_id, "2026-06-30")]
    stages = {row[0] for row in first.rows("select stage from audit.stages where status = 'done'")}
    assert {
        "extract orders",
        "prepare",
        "validate landed",
        "build staging",
        "validate staged",
        "identity",
        "build before_clv",
        "validate marts",
        "fit clv",
        "validate clv",
        "segments",
        "validate segments",
        "build after_clv",
        "validate published",
    } <= stages
    assert {row[0] for row in first.rows("select distinct boundary from audit.validation_results")} == {
        "landed",
        "staged",
        "marts",
        "clv",
        "segments",
        "published",
    }
    assert first.rows("select count(*) from audit.validation_results where severity = 'critical' and not success") == [(0,)]


def test_control_totals_reconcile_to_the_cent(first):
    rows = first.rows(
        "select entity, source_rows, landed_rows, accepted_rows + superseded_rows + quarantined_rows, source_amount, landed_amount, "
        "accepted_amount + superseded_amount + quarantined_amount from audit.reconciliation"
    )
    assert len(rows) == 12
    for entity, source, landed, sorted_, source_sum, landed_sum, sorted_sum in rows:
        assert source == landed == sorted_, entity
        assert source_sum == landed_sum == sorted_sum, entity
    facts = first.rows("select sum(accepted_rows - after_as_of_rows) from audit.reconciliation where entity = 'orders'")
    assert facts == first.rows("select count(*) from marts.fct_orders")


def test_every_injected_error_is_in_quarantine_and_nothing_else(first):
    injected = json.loads((first.home.root / "input" / "truth.json").read_text())["injected"]
    wanted = {(bad["entity"], bad["row"]) for bad in injected}
    found = set(first.rows("select entity, row_no from audit.quarantine"))
    assert found == wanted
    assert len(wanted) > 5


def test_every_table_and_column_of_a_publication_says_what_it_holds(first):
    assert first.rows("select schema_name, table_name from duckdb_tables() where coalesce(comment, '') = ''") == []
    assert first.rows("select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''") == []


def test_a_home_restored_elsewhere_has_the_same_night(run_night, shop, first, tmp_path, machine_in):
    """The backup is made with the lines that the page on backups gives; the other machine stands where the day begins fourteen hours earlier."""
    page = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "back-up-and-restore.md").read_text(encoding="utf-8")
    lines = page.partition("```sh\n")[2].partition("```")[0]
    head = str(audit.head(shop))
    subprocess.run(["sh", "-c", lines], cwd=shop.root, env={**os.environ, "BACKUP": str(tmp_path / "backup")}, check=True)
    restored = Home.at(shutil.copytree(tmp_path / "backup", tmp_path / "elsewhere", symlinks=True))
    shutil.copytree(shop.root / "input", restored.root / "input")
    done = CliRunner().invoke(app, ["audit", "verify", "--home", str(restored.root), "--head", head])
    assert done.exit_code == 0, done.output
    before = marts(first.database())
    machine_in("Pacific/Kiritimati")
    again = run_night(restored, as_of="2026-06-30")
    assert again.verdict == "published"
    assert marts(again.database()) == before
    assert {table for table, rows in before.items() if not rows} <= {"referral_edges", "segment_migrations"}, "an empty mart proves nothing"


def test_an_earlier_day_is_published_beside_and_shows_only_what_had_happened(run_night, shop, first):
    present = current_run(shop)
    earlier = run_night(shop, as_of="2025-06-30")
    assert earlier.verdict == "published"
    assert earlier.record["is_current"] is False
    assert current_run(shop) == present
    ((latest, orders),) = earlier.rows("select max(ordered_on), count(*) from marts.fct_orders")
    assert str(latest) <= "2025-06-30"
    assert orders == first.rows("select count(*) from marts.fct_orders where ordered_on <= date '2025-06-30'")[0][0]
    assert not shop.working_copy.parent.exists(), "the file it was built in stays behind"


def test_a_missing_file_blocks_and_yesterday_stays_and_somebody_is_told(run_night, shop, first, receiver):
    present, file = current_run(shop), shop.root / "input" / "refunds.csv"
    away = file.rename(file.with_suffix(".away"))
    try:
        night = run_night(shop)
    finally:
        away.rename(file)
    assert night.verdict == "blocked"
    assert "refunds.csv" in night.record["message"]
    assert "remedy" in night.record["message"]
    assert current_run(shop) == present
    assert (shop.run(night.run_id) / "report" / "index.html").stat().st_size > 1000
    assert Lock.of(shop).holder() is None
    assert [(kind, facts["run_id"], facts["blocked_at"], facts["published"]) for kind, _, facts in receiver.got] == [
        ("failure", night.run_id, "extract refunds", present)
    ]


def test_too_large_a_share_of_bad_rows_blocks_at_its_gate(run_night, shop_home):
    home = shop_home(orders=400, seed=5)
    orders = home.root / "input" / "orders.csv"
    lines = orders.read_text().splitlines()
    orders.write_text(
        "\n".join([lines[0], *[line.replace("T", " half past ", 1) if number % 5 == 0 else line for number, line in enumerate(lines[1:])]])
        + "\nO999999,=HYPERLINK(1)"
        + "," * (lines[0].count(",") - 1)
    )
    night = run_night(home)
    assert night.verdict == "blocked"
    assert night.record["blocked_at"] == "validate staged"
    assert "orders" in night.record["message"]
    assert current_run(home) is None
    listed = (home.run(night.run_id) / "quarantine.csv").read_text()
    assert listed.count("half past") >= 80, "every rejected row is listed, not only examples"
    assert "'=HYPERLINK(1)" in listed, "and none of them is a formula in a spreadsheet"


def test_a_mart_that_breaks_a_critical_rule_is_never_published(run_night, first, tmp_path, monkeypatch):
    """The rule is broken by a suite that asks for the impossible, as a business would tighten one."""
    from goodwill.quality import suites

    home = Home.at(shutil.copytree(first.home.root, tmp_path / "shop", symlinks=True))
    present = current_run(home)
    own = tmp_path / "expectations"
    shutil.copytree(Path(__file__).resolve().parents[2] / "expectations", own)
    path = own / "marts" / "fct_orders.yml"
    path.write_text(path.read_text().replace("where mart_rows <> accepted_rows", "where mart_rows < accepted_rows + 1", 1))
    monkeypatch.setattr(suites, "EXPECTATIONS_DIR", own)
    night = run_night(home)
    assert night.verdict == "blocked"
    assert night.record["blocked_at"] == "validate marts"
    assert "fct_orders" in night.record["message"]
    assert not (home.published / night.run_id).exists()
    assert current_run(home) == present


def test_two_nights_at_once_the_second_is_refused_and_has_not_failed(airflow, shop, receiver):
    from nightly import NIGHTLY

    lock = Lock.of(shop)
    lock.acquire("another-run", os.getpid())
    try:
        ran = NIGHTLY.test(run_conf={"home": str(shop.root), "run_id": "the-second"})
    finally:
        lock.release("another-run")
    record = audit.RunRecord.of(shop, "the-second").read()
    assert record["verdict"] == "refused"
    assert "another-run holds the warehouse" in record["message"]
    assert ran.state == "success"
    assert {each.task_id: each.state for each in ran.get_task_instances()}.items() >= {
        ("open_night", "skipped"),
        ("close_night", "skipped"),
    }
    assert [kind for kind, _, _ in receiver.got] == ["refused"]
    assert lock.holder() is None


def test_a_dead_holder_is_healed_and_a_reader_of_the_old_publication_is_not_disturbed(run_night, shop, first):
    lock = Lock.of(shop)
    lock.acquire("killed-run", 2**22 - 3)
    (shop.warehouse / "working").mkdir(exist_ok=True)
    (shop.warehouse / "working" / "warehouse.duckdb").write_bytes(b"half a file")
    old = shop.current / "goodwill.duckdb"
    with duckdb.connect(str(old.resolve()), read_only=True) as reader:
        count = reader.execute("select count(*) from marts.dim_customers").fetchone()
        night = run_night(shop, as_of="2026-06-30")
        assert night.verdict == "published"
        assert reader.execute("select count(*) from marts.dim_customers").fetchone() == count
    assert current_run(shop) == night.run_id
    assert marts(night.database()) == marts(first.database()), "the same night again, in the same home"
