"""Periods of entities: what is older tells of nobody, in whatever batch it lies and however often it comes again; sums and counts stay."""

from __future__ import annotations

import datetime as dt
import os

import duckdb
import pytest
from goodwill.audit import enter_batches
from goodwill.audit.ledger import read_entries
from goodwill.audit.proving import prove
from goodwill.cli.app import app
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches, land_source
from goodwill.extract.batches import rows_file
from goodwill.extract.expiring import NOBODY_NUMBER
from goodwill.faults import FAULT
from goodwill.forgetting import finish_rows, reapply
from goodwill.forgetting.erasing import held
from goodwill.forgetting.masking import write_masked_copy
from goodwill.forgetting.periods import retain_rows, rows_over
from goodwill.sources import load_sources
from typer.testing import CliRunner

SOURCES = """
    sources:
      - name: mails
        path: input/mails.csv
        system: crm
        entities:
          contact_events:
            columns: {event_id: nr, contact_ref: who, occurred_at: at, kind: kind, text_ref: said, cost: cost, channel: channel}
      - name: sales
        path: input/sales.csv
        system: shop
        currency: EUR
        entities:
          orders: {columns: {order_id: nr, ordered_at: day, contact_ref: who, net_amount: paid, payment_fingerprint: card}}
      - name: boxes
        path: input/boxes.csv
        system: shop
        currency: EUR
        entities:
          subscriptions:
            columns: {subscription_id: nr, contact_ref: who, amount: paid, started_at: since, ended_at: until, end_reason: why}
"""
MAILS = """
    nr,who,at,kind,said,cost,channel,device
    1,17,2023-01-01 10:00,message_sent,dear Ann,0.25,mail,laptop
    2,ann@x.org,2023-12-31 23:30,clicked,,,mail,laptop
    3,17,2024-01-01 00:00,clicked,yes,,mail,laptop
    4,18,soon,clicked,perhaps,,mail,telephone
"""
SALES = """
    nr,day,who,paid,card,street
    1,2023-02-01,17,10.00,c1,"1, rue X"
    2,2024-02-02,17,20.00,c1,"1, rue X"
"""
BOXES = """
    nr,who,paid,since,until,why
    1,17,5.00,2020-01-01,,
    2,17,5.00,2020-01-01,2023-05-01,she moved
    3,18,5.00,2020-01-01,2024-05-01,too dear
"""
PERIODS = """
    retention: {entities_days: {contact_events: 365, orders: 365, subscriptions: 365}}
"""
DAY = dt.date(2024, 12, 31)  # 365 days before: 1 January 2024
KEPT = ("17", "2024-01-01 00:00", "clicked", "yes", None, "laptop")


@pytest.fixture
def home(make_home):
    made = make_home(SOURCES, PERIODS, **{"mails.csv": MAILS, "sales.csv": SALES, "boxes.csv": BOXES})
    land(made)
    return made


def land(home):
    for source in load_sources(home.sources_file).sources:
        land_source(home, source, "UTC")
        enter_batches(home, source.name, "r1", "2024")


def rows(home, source, columns):
    (batch,) = active_batches(home, load_sources(home.sources_file).by_name(source))
    return duckdb.sql(f"select {columns} from read_parquet('{rows_file(home, batch)}') order by __row_no").fetchall(), batch


def test_what_is_older_is_nobodys_and_all_that_is_counted_stays(home):
    before = {each: rows(home, each, "*")[1].totals for each in ("mails", "sales", "boxes")}
    assert rows_over(home, DAY) == {"mails": 2, "sales": 1, "boxes": 1}
    assert retain_rows(home, "Ines", DAY) == 4
    mails, batch = rows(home, "mails", 'who, "at", kind, said, cost, device')
    assert mails == [
        ("nobody", "2023-01-01 10:00", "message_sent", None, "0.25", None),
        ("nobody", "2023-12-31 23:30", "clicked", None, None, None),
        KEPT,
        ("18", "soon", "clicked", "perhaps", None, "telephone"),
    ], "a time that cannot be read counts from the landing"
    sales, _ = rows(home, "sales", "who, paid, card, street")
    assert sales == [("17", "10.00", None, None), ("17", "20.00", "c1", "1, rue X")], "whom a cohort counts hangs on the first order"
    boxes, _ = rows(home, "boxes", "who, until, why")
    assert boxes == [("17", None, None), ("17", "2023-05-01", None), ("18", "2024-05-01", "too dear")], "what runs is not over"
    assert {each: rows(home, each, "*")[1].totals for each in before} == before
    assert [each["over"] for each in batch.forgotten] == [2]
    assert rows_over(home, DAY) == {}
    assert prove(home).problems == []
    (entry,) = [each for each in read_entries(home) if each.kind == "retention"]
    assert (entry.facts["by"], entry.facts["rows"], entry.facts["before"]["contact_events"]) == ("Ines", 4, "2024-01-01")
    assert retain_rows(home, "Ines", DAY) == 0, "what was done is not done twice"


def test_what_comes_again_is_nobodys_again_whatever_the_settings_say_since(home):
    retain_rows(home, "Ines", DAY)
    home.business_file.write_text("retention: {entities_days: {contact_events: 3650}}")
    assert retain_rows(home, "Ines", DAY) == 0, "a longer period brings nobody back, and moves no day"
    mails = home.root / "input" / "mails.csv"
    mails.write_text(mails.read_text() + "5,17,2023-06-01,clicked,,,mail,\n")
    land(home)
    assert reapply(home, load_sources(home.sources_file).by_name("mails"), "UTC") == 3
    found, _ = rows(home, "mails", "who")
    assert found == [("nobody",), ("nobody",), ("17",), ("18",), ("nobody",)]
    assert read_entries(home)[-1].kind == "retention"
    assert prove(home).problems == []


def test_whoever_is_held_back_keeps_their_rows(home):
    home.privacy.mkdir()
    home.legal_hold_file.write_text("crm:17\n")
    assert retain_rows(home, "Ines", DAY) == 3
    found, _ = rows(home, "mails", "who")
    assert found == [("17",), ("nobody",), ("17",), ("18",)]


@pytest.mark.parametrize("point", ["after the days", "after the rows", "after landing"])
def test_killed_the_next_night_goes_on_with_it(home, point):
    child = os.fork()
    if not child:
        os.environ[FAULT] = f"forgetting: {point}"
        retain_rows(home, "Ines", DAY)
        os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it was killed"
    with held(home, "the next"):
        finish_rows(home)
    assert rows_over(home, DAY) == {}
    assert prove(home).problems == []
    assert [each.facts["by"] for each in read_entries(home) if each.kind == "retention"] == ["Ines"]
    assert [path.name for path in home.privacy.iterdir()] == ["expired.json"]


def test_killed_the_next_call_finishes_it_too(home):
    child = os.fork()
    if child == 0:
        os.environ[FAULT] = "forgetting: after the days"
        retain_rows(home, "Ines", DAY)
        os._exit(0)
    os.waitpid(child, 0)
    assert retain_rows(home, "Ines", DAY) == 4
    assert [path.name for path in home.privacy.iterdir()] == ["expired.json"]
    assert prove(home).problems == []
    assert retain_rows(home, "Ines", DAY) == 0


def test_a_number_that_is_nobodys_is_a_number(make_home):
    home = make_home(SOURCES.replace("mails.csv", "mails.parquet").replace("said, cost: cost, channel: channel", "said"), PERIODS)
    target = home.root / "input" / "mails.parquet"
    duckdb.sql(
        f"copy (select 1 as nr, 17::bigint as who, timestamp '2023-01-01' as at, 'clicked' as kind, 'x' as said) to '{target}' (format parquet)"
    )
    land_source(home, load_sources(home.sources_file).by_name("mails"), "UTC")
    assert retain_rows(home, "Ines", DAY) == 1
    assert rows(home, "mails", "who, said")[0] == [(NOBODY_NUMBER, None)]


@pytest.mark.parametrize(
    ("mapping", "said"),
    [
        (
            "contact_events: {columns: {event_id: {hash: [who, at]}, contact_ref: who, occurred_at: at, kind: kind}}",
            "give them an id of their own",
        ),
        (
            "{contact_events: {columns: {event_id: nr, contact_ref: who, occurred_at: at, kind: kind}}, contacts: {columns: {contact_id: who, created_at: at}}}",
            "read by another entity too",
        ),
    ],
)
def test_whose_a_row_is_that_cannot_be_cut_off_is_said_before_anything_changes(make_home, mapping, said):
    entities = mapping if mapping.startswith("{") else f"{{{mapping}}}"
    others = SOURCES[SOURCES.index("      - name: sales") :]
    mails = f"""
    sources:
      - {{name: mails, path: input/mails.csv, system: crm, entities: {entities}}}
"""
    home = make_home(mails + others, PERIODS, **{"mails.csv": MAILS})
    land_source(home, load_sources(home.sources_file).by_name("mails"), "UTC")
    with pytest.raises(GoodwillError, match=said):
        retain_rows(home, "Ines", DAY)
    assert rows(home, "mails", "who")[0][0] == ("17",)
    assert not home.expired_file.exists()


def test_nobody_is_nobody_in_a_masked_copy(home, tmp_path):
    retain_rows(home, "Ines", DAY)
    write_masked_copy(home, tmp_path / "masked")
    found = duckdb.sql(f"select who from read_parquet('{tmp_path}/masked/input/mails/*.parquet')").fetchall()
    assert [who for (who,) in found[:2]] == ["nobody", "nobody"]
    assert {who for (who,) in found[2:]}.isdisjoint({"17", "18", "nobody"}), "the others are replaced, each by a number of their own"
    assert len({*found}) == 3


def test_the_command_says_what_would_go_and_what_went(home):
    home.accepted.parent.mkdir(parents=True)
    with duckdb.connect(str(home.accepted)) as connection:
        connection.execute("create schema control; create table control.night as select date '2024-12-31' as as_of")
    call = CliRunner().invoke
    tried = call(app, ["retain", "--home", str(home.root), "--dry-run"])
    assert "mails: 2 rows are older than their entity's period" in tried.output, tried.output
    assert rows(home, "mails", "who")[0][0] == ("17",)
    assert "4 rows were older" in call(app, ["retain", "--home", str(home.root), "--by", "Ines"]).output
    assert "name and a reason" in str(call(app, ["retain", "--home", str(home.root)]).exception)
