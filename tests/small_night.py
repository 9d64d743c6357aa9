"""A night so small that a test can afford many: it has come as far as its publication, and holds one table that says which run made it."""

from __future__ import annotations

import duckdb
from goodwill import stages
from goodwill.home import Home
from goodwill.publish import current_run
from goodwill.segments.recorded import RECORDED

__all__ = ["lay_out", "night", "seen"]


def lay_out(home: Home, run_id: str, day: str) -> stages.Ticket:
    """Open a night that has come as far as its publication: the warehouse and the documents are there, as small as can be."""
    ticket = stages.open_night(str(home.root), day, run_id)
    home.working_copy.parent.mkdir(parents=True, exist_ok=True)
    home.working_copy.unlink(missing_ok=True)
    with duckdb.connect(str(home.working_copy)) as connection:
        for schema in ("marts", "audit", "staging", "control", "model"):
            connection.execute(f"create schema {schema}")
        connection.execute(f"create table control.night as select '{run_id}' as run_id")
        connection.execute("create table control.keys as select 'in' as inner_key, 'out' as outer_key")
        of_values = {name: kind for name, kind in RECORDED["values"].columns.items() if name != "recorded_on"}
        nothing = ", ".join(f"cast(null as {kind}) as {name}" for name, kind in of_values.items())
        connection.execute(
            f"create table marts.dim_customers as select '{run_id}' as made_by, false as is_guest, {nothing} from range(1000)"
        )
        for name, table in (("changes", "model.segment_changes"), ("sizes", "marts.segment_sizes"), ("equity", "marts.customer_equity")):
            columns = ", ".join(f"{column} {kind}" for column, kind in RECORDED[name].columns.items())
            connection.execute(f"create table {table} ({columns})")
        totals = "source_rows, accepted_rows, superseded_rows, quarantined_rows, source_amount, accepted_amount, superseded_amount, quarantined_amount"
        values = ", ".join(f"1 as {name}" for name in totals.split(", "))
        connection.execute(f"create table staging.reconciliation as select 'shop' as source, 'orders' as entity, {values}")
    for name in ("report", "audit_report", "data_docs", "model_docs", "lineage"):
        folder = home.run(run_id) / name
        folder.mkdir(parents=True)
        (folder / "index.html").write_text(f"<p>{name} of {run_id}")
    return ticket


def night(home: Home, run_id: str, day: str) -> None:
    """Such a night, published and closed."""
    ticket = lay_out(home, run_id, day)
    stages.publish_night(ticket)
    stages.close_night(ticket)


def seen(home: Home) -> str:
    """What a reader sees at this moment: one run, in every place."""
    (made_by,) = duckdb.sql(f"select distinct made_by from '{home.current.resolve()}/marts/dim_customers.parquet'").fetchall()[0]
    with duckdb.connect(str((home.current / "goodwill.duckdb").resolve()), read_only=True) as connection:
        assert connection.execute("select distinct made_by from marts.dim_customers").fetchall() == [(made_by,)]
        assert connection.execute("select run_id from audit.release").fetchall() == [(made_by,)]
    assert made_by in (home.current / "report" / "index.html").read_text()
    assert current_run(home) == made_by
    return str(made_by)
