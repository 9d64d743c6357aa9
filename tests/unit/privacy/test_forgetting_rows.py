"""Rows without the people on the list: what is theirs goes, what is counted stays, and so do all others."""

from __future__ import annotations

import duckdb
import pytest
from goodwill.extract import active_batches, land_source
from goodwill.extract.batches import rows_file
from goodwill.privacy.forgotten import Forgotten, contact_key, email_key, email_of, order_key, phone_key
from goodwill.sources import load_sources

SOURCES = """
    sources:
      - name: people
        path: input/people.csv
        system: crm
        entities:
          contacts:
            columns:
              contact_id: id
              created_at: since
              email: mail
              phone: tel
              first_name: first
              last_name: last
              city: city
              country: country
              birth_year: born
              referred_by: friend
              acquisition_channel: channel
      - name: sales
        path: input/sales.csv
        system: shop
        currency: EUR
        entities:
          orders:
            columns: {order_id: nr, ordered_at: day, contact_ref: who, net_amount: paid, channel: channel, payment_fingerprint: card}
          order_lines:
            columns: {order_id: nr, line_no: {occurrence: nr}, product_id: item, net_amount: paid}
      - name: lines
        path: input/lines.csv
        system: shop
        entities:
          refunds:
            columns: {refund_id: {hash: [nr, day]}, order_id: nr, refunded_at: day, amount: back, reason: why}
      - name: steward
        path: input/steward.csv
        system: house
        entities:
          identity_decisions: {columns: [contact_id, other_contact_id, decided_at, decision, decided_by, reason]}
"""
PEOPLE = """
    id,since,mail,tel,first,last,city,country,born,friend,channel,key,remark
    17,2024-01-01,Ann@X.org,06 12 34 56 78,Ann,Smith,Lyon,FR,1970,,web,k,calls herself Ann
    18,2024-01-02,bob@x.org,,Bob,Jones,Nice,FR,1980,17,web,k,friend of ann@x.org
    19,2024-01-03,,,Cy,Moe,Nice,FR,1980,ann@x.org ,web,k,
    20,2024-01-04,,,Ann,Smith,Lyon,FR,1970,,fair,k,second card
"""
SALES = """
    nr,day,who,paid,channel,card,item,address
    1,2024-02-01,ann@x.org,10.00,web,c1,p17,"1, rue X"
    2,2024-02-02,BOB@x.org,20.00,web,c2,p1,"2, rue X"
    3,2024-02-03,,5.00,by ann@x.org,,p1,
    4,2024-02-04,17,7.00,web,c1,17,"1, rue X"
"""
LINES = """
    nr,day,back,why,clerk
    1,2024-02-05,3.00,Ann did not like it,Zed
    2,2024-02-06,4.00,late,Zed
"""
STEWARD = """
    contact_id,other_contact_id,decided_at,decision,decided_by,reason
    crm:17,crm:20,2024-03-01,same,Ines,the same Ann
    crm:18,crm:19,2024-03-01,different,Ines,two men
"""
ANN = "0123456789abcdef"
KNOWN_BY = [
    email_key("ann@x.org"),
    phone_key("0612345678"),
    contact_key("crm:17"),
    contact_key("crm:20"),
    order_key("shop:1"),
    order_key("shop:4"),
]


@pytest.fixture
def home(make_home):
    return make_home(SOURCES, **{"people.csv": PEOPLE, "sales.csv": SALES, "lines.csv": LINES, "steward.csv": STEWARD})


def listed(home, known_by=KNOWN_BY):
    return Forgotten.of(home).with_keys(home, dict.fromkeys(known_by, ANN))


def landed(home, name):
    source = load_sources(home.sources_file).by_name(name)
    land_source(home, source, "UTC")
    (batch,) = active_batches(home, source)
    relation = duckdb.sql(f"select * exclude (__batch_id, __file, __extracted_at) from read_parquet('{rows_file(home, batch)}')")
    return batch, [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def test_a_contact_keeps_when_and_how_it_came_and_nothing_of_the_person(home):
    list_ = listed(home)
    batch, (ann, bob, cy, second) = landed(home, "people")
    shared = {"since": "2024-01-01", "country": "FR", "channel": "web", "mail": email_of(ANN)}
    emptied = dict.fromkeys(("tel", "first", "last", "city", "born", "friend", "key", "remark"))
    assert {key: ann[key] for key in shared | emptied} == shared | emptied
    assert ann["id"] == list_.contact("crm:17", "crm").removeprefix("crm:") != "17"
    assert int(ann["id"]) < 0
    assert (second["id"], second["mail"], second["channel"]) == (
        list_.contact("crm:20", "crm").removeprefix("crm:"),
        email_of(ANN),
        "fair",
    ), "both contacts keep an address in common: they stay one person"
    assert (bob["mail"], bob["first"], bob["friend"], bob["remark"]) == ("bob@x.org", "Bob", ann["id"], "friend of erased")
    assert (cy["first"], cy["friend"]) == ("Cy", email_of(ANN))
    assert (batch.rows, batch.totals["contacts"].rows) == (4, 4)
    assert batch.forgotten_with == list_.version
    assert [each["rows"] for each in batch.forgotten] == [2]


def test_orders_stay_to_the_cent_as_those_of_nobody(home):
    listed(home)
    batch, (first, bobs, guest, last) = landed(home, "sales")
    assert [row["paid"] for row in (first, bobs, guest, last)] == ["10.00", "20.00", "5.00", "7.00"]
    assert str(batch.totals["orders"].amount) == "42.00"
    assert (first["who"], first["card"], first["address"], first["item"]) == (email_of(ANN), None, None, "p17")
    assert bobs == {**bobs, "who": "BOB@x.org", "card": "c2", "address": "2, rue X"}
    assert (guest["who"], guest["channel"]) == (None, "by erased"), "an address in a cell of somebody else's row"
    assert (last["who"], last["item"], last["address"]) == ("17", "17", "1, rue X"), "the shop's 17 is not the CRM's"


def test_rows_without_a_name_follow_their_order(home):
    listed(home)
    batch, (anns, bobs) = landed(home, "lines")
    assert (anns["why"], anns["clerk"], anns["back"]) == (None, None, "3.00")
    assert (bobs["why"], bobs["clerk"]) == ("late", "Zed")
    assert str(batch.totals["refunds"].amount) == "7.00"


def test_decisions_name_the_same_contacts(home):
    list_ = listed(home)
    _, (same, different) = landed(home, "steward")
    assert (same["contact_id"], same["other_contact_id"]) == (list_.contact("crm:17", "crm"), list_.contact("crm:20", "crm"))
    assert same["reason"] is None
    assert (different["contact_id"], different["reason"]) == ("crm:18", "two men")


def test_an_empty_list_and_a_list_of_strangers_change_nothing(home):
    batch, before = landed(home, "people")
    assert (batch.forgotten_with, batch.forgotten) == (None, ())
    listed(home, [email_key("zoe@x.org"), contact_key("17")])
    (home.root / "input" / "people.csv").write_text((home.root / "input" / "people.csv").read_text() + "\n")
    again, after = landed(home, "people")
    assert again.batch_id != batch.batch_id
    assert after == before
    assert again.forgotten == ()


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Ann Smith <ANN@x.org>", "erased"),
        ('"Smith, Ann" <ann@x.org>; bob@x.org', "erased; bob@x.org"),
        ("bob@x.org, ann@x.org (Ann Smith)", "bob@x.org, erased"),
        ("bob@x.org (asked for ann@x.org)", "bob@x.org (asked for erased)"),
        ("Bob Jones <bob@x.org>", "Bob Jones <bob@x.org>"),
    ],
)
def test_a_name_that_is_written_beside_an_address_goes_with_it(home, written, kept):
    """In a column that no mapping reads, of a row that names nobody."""
    path = home.root / "input" / "sales.csv"
    quoted = written.replace('"', '""')
    path.write_text(path.read_text() + f'5,2024-02-05,,9.00,web,,p1,"{quoted}"\n')
    listed(home)
    _, rows = landed(home, "sales")
    assert rows[-1]["address"] == kept
    assert (rows[-1]["paid"], rows[-1]["who"]) == ("9.00", None)


def test_an_order_keeps_its_number_though_a_part_of_it_stands_among_what_was_said(make_home):
    """The orders of one day would be one order, and refunds would find none."""
    order = "order_id: {column: shop, followed_by: nr, between: /}"
    back = f"refunds: {{columns: {{refund_id: id, {order}, refunded_at: day, amount: back, reason: {{column: shop, followed_by: why}}}}}}"
    sources = SOURCES + f"      - {{name: back, path: input/back.csv, system: shop, entities: {{{back}}}}}\n"
    home = make_home(
        sources, **{"back.csv": "id,shop,nr,day,back,why\n1,N,7,2024-02-05,3.00,Ann did not like it\n2,N,8,2024-02-05,3.00,late\n"}
    )
    listed(home, [order_key("shop:N/7")])
    batch, (ann, other) = landed(home, "back")
    assert (ann["shop"], ann["nr"], ann["why"]) == ("N", "7", None)
    assert (other["shop"], other["why"]) == ("N", "late")
    assert [each["rows"] for each in batch.forgotten] == [1]


def test_a_file_sent_again_brings_nobody_back(home):
    landed(home, "people")
    listed(home)
    path = home.root / "input" / "people.csv"
    path.write_text(path.read_text().replace("06 12 34 56 78", "+33 6 99 99 99 99").replace("19,", "21,"))
    batch, rows = landed(home, "people")
    assert b"Ann" not in rows_file(home, batch).read_bytes()
    assert [row["first"] for row in rows] == [None, "Bob", "Cy", None]


def test_numbers_stay_numbers_and_types_stay(tmp_path, make_home):
    sources = SOURCES.replace("people.csv", "people.parquet")
    home = make_home(sources)
    rows = "(17::integer as id, timestamp '2024-01-01' as since, 'ann@x.org' as mail, 'x' as tel, 'A' as first, 'S' as last, 'L' as city, 'FR' as country, 1970::smallint as born, null::integer as friend, 'web' as channel)"
    values = rows.strip("()")
    duckdb.sql(
        f"copy (select {values} union all select {values.replace('17::', '18::').replace('ann', 'bob')}) to '{tmp_path}/input/people.parquet'"
    )
    list_ = listed(home)
    batch, (ann, bob) = landed(home, "people")
    assert batch.columns["id"] == "INTEGER"
    assert (ann["id"], ann["born"]) == (int(list_.contact("crm:17", "crm").removeprefix("crm:")), None)
    assert (bob["id"], bob["born"]) == (18, 1970)
