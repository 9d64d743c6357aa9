"""What auditors do with a night that Airflow ran: verify it, trace its figures to lines of files, take it away as CSV, make it again."""

from __future__ import annotations

import csv
import shutil

import duckdb
import pytest
from goodwill.audit.ledger import read_entries
from goodwill.audit.lineage import read_lineage
from goodwill.audit.proving import prove
from goodwill.audit.tracing import trace
from goodwill.cli.app import app
from goodwill.cli.rebuilding import rebuild
from goodwill.errors import GoodwillError
from goodwill.extract import land_source
from goodwill.home import Home
from goodwill.sources import load_sources
from typer.testing import CliRunner


@pytest.fixture(scope="module")
def lines(first):
    """Source file → its records, as its source wrote them."""
    found = {}
    for path in (first.home.root / "input").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            found[path.name] = list(csv.DictReader(stream))
    return found


def test_the_ledger_tells_the_night_and_everything_in_it_holds(first):
    rows = [row for row in read_entries(first.home) if row.facts.get("run_id") == first.run_id]
    kinds = [row.kind for row in rows]
    assert (kinds[0], kinds[-1], kinds.count("publication")) == ("run", "run", 1)
    assert rows[-1].facts["verdict"] == "published"
    stages = [row.facts["stage"] for row in rows if row.kind == "stage"]
    assert len(stages) == len(set(stages))
    assert {"extract orders", "prepare", "build staging", "fit clv", "publish"} <= set(stages)
    batches = {row.facts["batch_id"] for row in rows if row.kind == "batch"}
    assert batches == set(first.record["batches"])
    checks = [row.facts["checks"] for row in rows if row.kind == "expectation"]
    assert sum(checks) == first.rows("select count(*) from audit.validation_results")[0][0]
    (publication,) = [row.facts for row in rows if row.kind == "publication"]
    source_rows, landed = (sum(each[name] for each in publication["totals"]) for name in ("source_rows", "accepted_rows"))
    assert source_rows >= landed > 500
    proof = prove(first.home)
    assert proof.problems == []
    assert proof.files > 50


def test_no_row_of_the_ledger_names_a_person(first, lines):
    text = (first.home.audit / "ledger.jsonl").read_text(encoding="utf-8").lower()
    emails = {record["email"].lower() for record in lines["contacts.csv"] if "@" in record.get("email", "")}
    assert len(emails) > 50
    assert [email for email in emails if email in text] == []


def test_an_order_is_traced_to_its_lines(first, lines):
    (order,) = first.rows("select order_id from marts.fct_orders where lines_count > 1 order by order_id limit 1")[0]
    found = trace(first.home, first.home.current.resolve(), "fct_orders", [order])
    assert found.found == 1
    own = [row for row in found.behind.rows if row.entity in ("orders", "order_lines") and row.status == "accepted"]
    assert {row.entity for row in own} == {"orders", "order_lines"}
    assert found.behind.rows[0].entity == "orders", "the nearest first"
    for row in own:
        assert lines[row.file.rsplit("/")[-1]][row.row_no - 1]["order_id"] == order
    written = [record for record in lines["order_lines.csv"] if record["order_id"] == order]
    assert len([row for row in own if row.entity == "order_lines"]) == len(written)


def test_a_person_is_traced_to_all_their_rows(first, lines):
    person, orders = first.rows(
        "select person_id, count(*) from marts.fct_orders where not is_guest group by person_id order by count(*) desc, person_id limit 1"
    )[0]
    found = trace(first.home, first.home.current.resolve(), "segments", [f"person_id={person}"])
    accepted = [row for row in found.behind.rows if row.entity == "orders" and row.status == "accepted"]
    assert len(accepted) == orders > 1
    assert "contacts" in {row.entity for row in found.behind.rows}
    assert {"plugins/goodwill/segments/", "plugins/goodwill/clv/"} <= {made.file for made in found.made}


#: Aggregates, and the column that counts the people behind a row of theirs.
COUNTED = {
    "acquisition_costs": "new_customers_count",
    "cohort_retention": "customers_count",
    "cohort_retention_by_distance": "customers_count",
    "cohort_retention_by_month": "customers_count",
    "customer_equity": "customers_count",
    "repurchase_curve": "customers_count",
    "repurchase_rates": "customers_count",
    "segment_sizes": "people_count",
}


@pytest.mark.parametrize(("mart", "counted"), COUNTED.items())
def test_a_row_of_an_aggregate_is_traced_to_the_people_it_counts_and_their_rows(first, mart, counted):
    (key,) = [made.key for made in read_lineage(first.home.current.resolve()).values() if made.name == mart]
    rows = first.rows(f"select {counted}, {', '.join(key)} from marts.{mart} where {counted} > 0 order by hash({', '.join(key)}) limit 4")
    assert rows
    for people, *values in rows:
        found = trace(first.home, first.home.current.resolve(), mart, [str(value) for value in values], limit=3).behind
        assert (found.people, found.said) == (people, ""), values
        assert len(found.rows) == 3
        orders = sum(each.rows for each in found.counts if (each.entity, each.status) == ("orders", "accepted"))
        assert orders >= people * (0 if mart in ("customer_equity", "segment_sizes") else 1), "whoever never bought has no order"


def test_every_mart_can_be_explained_with_a_key_and_none_says_nothing_stands_behind_it(first):
    lineage, silent = read_lineage(first.home.current.resolve()), []
    for mart in [name for name, each in lineage.items() if each.schema == "marts" and "." not in name]:
        columns = lineage[mart].key or ("code",)
        row = first.rows(f"select {', '.join(columns)} from marts.{mart} order by all desc nulls last limit 1")
        if row:
            keys = [f"{column}={value}" for column, value in zip(columns, row[0], strict=True) if value is not None]
            behind = trace(first.home, first.home.current.resolve(), mart, keys, limit=1).behind
            if not behind.counts:
                silent.append(mart)
    assert silent == ["labels"]


def test_orders_behind_a_month_of_a_person_are_those_of_the_month(first, lines):
    person, month, orders = first.rows(
        "select person_id, month, orders_count from marts.customer_months where orders_count > 1 order by orders_count desc, person_id limit 1"
    )[0]
    behind = trace(first.home, first.home.current.resolve(), "customer_months", [person, str(month)]).behind
    accepted = [row for row in behind.rows if row.entity == "orders" and row.status == "accepted"]
    assert len(accepted) >= orders, "cancelled orders are looked at too"
    days = {lines[row.file.rsplit("/")[-1]][row.row_no - 1]["ordered_at"][:7] for row in accepted}
    assert days == {str(month)[:7]}


def test_the_rows_of_a_day_and_a_source_are_as_many_as_were_reconciled(first):
    source, day, landed = first.rows(
        "select source, day_name, landed_rows from marts.daily_reconciliation where entity = 'orders' order by landed_rows desc, day_name limit 1"
    )[0]
    behind = trace(first.home, first.home.current.resolve(), "daily_reconciliation", ["orders", source, day]).behind
    assert [(each.entity, each.batches) for each in behind.counts if each.status == "accepted"] == [("orders", 1)]
    assert sum(each.rows for each in behind.counts) == landed > 1


@pytest.mark.parametrize(
    ("mart", "keys", "said"),
    [
        ("no_such_mart", [], "has no mart 'no_such_mart'"),
        ("fct_orders", ["no such order"], "no row with order_id = no such order"),
        ("fct_orders", ["a", "b"], "no column for 'b'"),
        ("fct_orders", ["' or 1=1 --"], "no row with order_id = ' or 1=1 --"),
    ],
)
def test_what_cannot_be_traced_is_said(first, mart, keys, said):
    with pytest.raises(GoodwillError, match=said):
        trace(first.home, first.home.current.resolve(), mart, keys)


def test_the_commands(first, tmp_path):
    runner, home = CliRunner(), str(first.home.root)
    shown = runner.invoke(app, ["audit", "explain", "cohort_retention", "--home", home], env={"COLUMNS": "200"})
    assert shown.exit_code == 0, shown.output
    assert "dbt_project/models/marts/cohorts/cohort_retention.sql" in shown.output
    assert first.run_id in shown.output
    done = runner.invoke(app, ["audit", "export", str(tmp_path / "csv"), "--home", home])
    assert done.exit_code == 0, done.output
    with (tmp_path / "csv" / "ledger.csv").open(newline="") as stream:
        assert len(list(csv.DictReader(stream))) == len(read_entries(first.home))
    with (tmp_path / "csv" / "batches.csv").open(newline="") as stream:
        assert {row["batch_id"] for row in csv.DictReader(stream)} == set(first.record["batches"])


@pytest.fixture(scope="module")
def moved_on(first, tmp_path_factory) -> Home:
    """The home restored to another place, where files, settings and what is known of customer value have moved on."""
    home = Home.at(shutil.copytree(first.home.root, tmp_path_factory.mktemp("restored") / "home", symlinks=True))
    orders = home.root / "input" / "orders.csv"
    orders.write_text("".join(orders.read_text(encoding="utf-8").splitlines(keepends=True)[:-20]), encoding="utf-8")
    home.business_file.write_text(home.business_file.read_text() + "\nlife_cycle: {welcome_days: 10}\n")
    sources = load_sources(home.sources_file)
    assert land_source(home, sources.by_name("orders"), "Europe/Paris")["batches"] == 1
    return home


def test_a_past_publication_is_made_again_to_the_same_content(first, moved_on, tmp_path):
    done = rebuild(moved_on, first.run_id, tmp_path / "again")
    assert done.differing == {}
    assert done.tables > 20
    assert read_entries(moved_on)[-1].facts["differing"] == []
    again = Home.at(tmp_path / "again")
    (order,) = first.rows("select order_id from marts.fct_orders order by order_id limit 1")[0]
    assert trace(again, again.current.resolve(), "fct_orders", [order]).behind.rows, "what was made again can be asked for its rows"


def test_what_cannot_be_made_again_is_said(first, moved_on, tmp_path):
    with pytest.raises(GoodwillError, match="the ledger knows no publication"):
        rebuild(moved_on, "no-such-run", tmp_path / "one")
    shutil.rmtree(next((moved_on.landing / "refunds").iterdir()))
    with pytest.raises(GoodwillError, match=r"1 of the [0-9]+ batches that run .* read are gone"):
        rebuild(moved_on, first.run_id, tmp_path / "two")
    shutil.rmtree(moved_on.run(first.run_id) / "configuration")
    with pytest.raises(GoodwillError, match=r"settings of run .* were not kept"):
        rebuild(moved_on, first.run_id, tmp_path / "three")


def test_rows_are_traced_only_in_the_warehouse_they_are_in(first, moved_on):
    with duckdb.connect(str(moved_on.accepted)) as connection:
        connection.execute("update control.night set run_id = 'later'")
    (order,) = first.rows("select order_id from marts.fct_orders limit 1")[0]
    found = trace(moved_on, moved_on.published / first.run_id, "fct_orders", [order])
    assert found.behind is None
    assert "rows can be traced in the warehouse, and that is of run later by now" in found.said


def test_a_person_is_found_by_the_id_of_any_contact_in_the_warehouse_and_in_what_is_published(first, moved_on):
    def asked(key, *changes):
        with duckdb.connect(str(moved_on.accepted)) as connection:
            (person,) = connection.execute("select person_id from marts.person_contacts order by 1 limit 1").fetchall()[0]
            for change in changes:
                connection.execute(change)
        return trace(moved_on, moved_on.published / first.run_id, "dim_customers", [key or person])

    found = asked("", "update control.night set run_id = 'later'")
    assert (found.found, found.behind) == (1, None), "the publication holds no id of a source"
    joined = "select * replace ('joined-1' as contact_id) from marts.person_contacts order by person_id limit 1"
    found = asked("joined-1", f"update control.night set run_id = '{first.run_id}'", f"insert into marts.person_contacts {joined}")
    assert (found.found, found.behind.people) == (1, 1)
