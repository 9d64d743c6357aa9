"""A change of structure is named, decided by the source's policy, and never a silent loss."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.extract.contents import profile
from goodwill.sources import load_sources

SOURCES = """
    sources:
      - name: shop
        path: "input/*.csv"
        drift: {policy}
        {more}
        entities:
          orders: {{columns: {{order_id: id, ordered_at: day, contact_ref: who, net_amount: amount}}}}
"""
HEADER = ("id", "day", "who", "amount", "note")


def rows(number=30, **changed):
    """CSV of orders; a column is changed by name: `rows(id="{}.0")`."""
    shapes = {"id": "{}", "day": "2025-03-01", "who": "c{}", "amount": "{}.50", "note": "n{}"} | changed
    order = changed.pop("order", HEADER)
    lines = [",".join(shapes[name].format(each) for name in order) for each in range(number)]
    return ",".join(changed.get(f"{name}_is", name) for name in order) + "\n" + "\n".join(lines) + "\n"


def second(make_home, text, policy="warn", more="", first=None):
    """Land a day's file, then another; the changes the second has, or what refused it."""
    home = make_home(sources=SOURCES.format(policy=policy, more=more), **{"1.csv": first or rows()})
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, "UTC")
    (home.root / "input" / "2.csv").write_text(text)
    land_source(home, source, "UTC")
    return home, [(each["kind"], each["column"], each["was"], each["now"]) for each in active_batches(home, source)[-1].drift]


def orders(home, columns="order_id, net_amount"):
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    return duckdb.sql(f"select {columns} from ({view}) where len(_problems) = 0 order by all").fetchall()


NAMED = {
    "nothing": (rows(), []),
    "added": (rows(order=(*HEADER, "extra"), extra="x"), [("added", "extra", None, "VARCHAR")]),
    "removed": (rows(order=HEADER[:-1]), [("removed", "note", "VARCHAR", None)]),
    "renamed": (rows(note_is="notes"), [("renamed", "note", "note", "notes")]),
    "recased": (rows(id_is=" ID "), [("recased", "id", "id", "ID")]),
    "reordered": (rows(order=HEADER[::-1]), [("reordered", "", "id, day, who, amount, note", "note, amount, who, day, id")]),
    "an id with decimals": (rows(id="{}.0"), [("retyped", "id", "integer", "decimal")]),
    "a note that became a day": (rows(note="2025-01-01"), [("retyped", "note", "text", "date")]),
    "a whole amount": (rows(amount="{}"), []),
    "a mapped column that became empty": (rows(who=""), [("retyped", "who", "text", "empty")]),
    "a free column that became empty": (rows(note=""), []),
    "one bad amount": (rows().replace(",7.50,", ",oops,"), []),
    "a bad amount on a quiet day": (rows(1, amount="oops"), []),
}


@pytest.mark.parametrize("case", sorted(NAMED))
def test_a_change_is_named(make_home, case):
    text, found = NAMED[case]
    home, changes = second(make_home, text)
    assert changes == found
    if found and found[0][0] in ("reordered", "recased", "added", "removed", "renamed"):
        assert orders(home)[::2] == orders(home)[1::2], "both files read alike"


@pytest.mark.parametrize("case", ["added", "removed", "renamed", "recased", "reordered", "an id with decimals"])
def test_a_source_may_block_on_any_change(make_home, case):
    with pytest.raises(SourceError, match="the structure changed"):
        second(make_home, NAMED[case][0], policy="block")


@pytest.mark.parametrize(("number", "found"), [(20, []), (400, [("retyped", "who", "text", "empty")])])
def test_a_column_that_few_rows_fill_may_be_empty_in_a_few(make_home, number, found):
    sparse = rows(400, who="").replace(",,1", ",c1,1")  # 111 of 400 rows, as telephones are
    assert second(make_home, rows(number, who=""), first=sparse)[1] == found


def test_adopt_takes_a_change_without_a_word_and_keeps_it_on_record(make_home):
    home, changes = second(make_home, NAMED["added"][0], policy="adopt")
    assert changes == NAMED["added"][1]
    assert len(orders(home)) == 60


LOST = {
    "removed": (rows(order=("id", "day", "who", "note")), "no column 'amount'", ""),
    "renamed alike": (rows(amount_is="amounts"), "no column 'amount'", "'amount' may now be 'amounts'"),
    "renamed unlike": (rows(amount_is="total"), "no column 'amount'", "new in it: 'total'"),
    "words for an amount": (
        rows(amount="EUR {}", order=(*HEADER, "total"), total="{}.50"),
        "column 'amount' held decimal, and holds text: orders.net_amount cannot be read from it",
        "'total' is new and may be what it was",
    ),
    "words for a day": (rows(day="soon"), "orders.ordered_at cannot be read", ""),
    "a number for a day": (rows(day="45000"), "orders.ordered_at cannot be read", ""),
    "a day for an amount": (rows(amount="2025-03-01"), "orders.net_amount cannot be read", ""),
}


@pytest.mark.parametrize("policy", ["warn", "adopt"])
@pytest.mark.parametrize("case", sorted(LOST))
def test_a_change_that_nothing_can_be_made_of_blocks_whatever_the_policy(make_home, case, policy):
    text, said, remedy = LOST[case]
    with pytest.raises(SourceError) as error:
        second(make_home, text, policy)
    assert said in error.value.message
    assert remedy in error.value.remedy


WITHOUT_WHO = tuple(name for name in HEADER if name != "who")


@pytest.mark.parametrize("policy", ["warn", "adopt"])
def test_a_mapped_column_that_is_not_required_may_go_and_is_named(make_home, policy):
    home, changes = second(make_home, rows(order=WITHOUT_WHO), policy)
    assert changes == [("removed", "who", "VARCHAR", None)]
    (home.root / "input" / "3.csv").write_text(rows(3, order=WITHOUT_WHO))
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    assert sorted(orders(home, "contact_ref is null"))[-33:] == [(True,)] * 33, "the nights after it too"
    assert len(orders(home)) == 63


@pytest.mark.parametrize(
    ("text", "policy", "said"),
    [
        (rows(order=WITHOUT_WHO), "block", "column 'who' is gone"),
        (rows(who_is="whom"), "warn", "no column 'who'"),
        (rows(order=(*WITHOUT_WHO, "whose"), whose="c"), "adopt", "no column 'who'"),
        (rows(order=("id", "day", "client", "amount", "note"), client="c"), "adopt", "no column 'who'"),
    ],
)
def test_it_stops_where_the_policy_says_so_or_another_name_may_be_it(make_home, text, policy, said):
    with pytest.raises(SourceError, match=said):
        second(make_home, text, policy)


@pytest.mark.parametrize("policy", ["warn", "adopt"])
def test_a_column_that_may_go_and_one_that_is_new_elsewhere_are_both_named(make_home, policy):
    home, changes = second(make_home, rows(order=(*WITHOUT_WHO, "client"), client="c"), policy)
    assert changes == [("removed", "who", "VARCHAR", None), ("added", "client", None, "VARCHAR")]
    assert len(orders(home)) == 60


def test_where_it_stops_for_a_column_that_may_go_the_remedy_says_how_to_let_it(make_home):
    with pytest.raises(SourceError) as error:
        second(make_home, rows(who_is="whom"))
    assert "'who' may now be 'whom'" in error.value.remedy
    assert "'optional: true' (who)" in error.value.remedy


def test_a_few_bad_values_are_judged_row_by_row(make_home):
    _, changes = second(make_home, rows(5, amount="oops"))
    assert changes == [("retyped", "amount", "decimal", "text")]


def test_another_setting_is_no_change_of_the_source(make_home):
    text = rows()
    home = make_home(sources=SOURCES.format(policy="block", more=""), **{"1.csv": text})
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    home.sources_file.write_text(home.sources_file.read_text().replace("drift: block", 'drift: block\n    null_values: ["", "-"]'))
    (home.root / "input" / "2.csv").write_text(text)
    source = load_sources(home.sources_file).sources[0]
    land_source(home, source, "UTC")
    assert [each.drift for each in active_batches(home, source)] == [(), ()]


def test_a_typed_source_that_changes_a_type_is_read_by_each_type(make_home):
    home = make_home(
        sources="""
        sources:
          - {name: shop, path: "input/*.parquet", time_zone: UTC, entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: amount}}}}
        """
    )
    duckdb.sql("select 7 as id, date '2025-03-01' as day, 1.50::decimal(9,2) as amount").write_parquet(
        str(home.root / "input" / "1.parquet")
    )
    duckdb.sql("select '007' as id, '2025-03-02' as day, 2.25::double as amount, 1 as extra").write_parquet(
        str(home.root / "input" / "2.parquet")
    )
    duckdb.sql("select '8' as id, '2025-03-02' as day, '1_000' as amount").write_parquet(str(home.root / "input" / "3.parquet"))
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, "UTC")
    assert orders(home) == [("007", Decimal("2.25")), ("7", Decimal("1.50"))]
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    assert duckdb.sql(f"select order_id from ({view}) where _problems[1].reason = 'BAD_NUMBER'").fetchall() == [("8",)]
    kinds = [[(each["kind"], each["column"]) for each in batch.drift] for batch in active_batches(home, source)]
    assert ("retyped", "id") in kinds[1]
    assert ("retyped", "amount") in kinds[2]


def test_a_column_that_nothing_can_be_made_of_blocks_a_typed_source_too(make_home):
    home = make_home(
        sources="""
        sources:
          - {name: shop, path: "input/*.parquet", entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: amount}}}}
        """
    )
    duckdb.sql("select 7 as id, date '2025-03-01' as day, 1.50 as amount").write_parquet(str(home.root / "input" / "1.parquet"))
    duckdb.sql("select 7 as id, true as day, 1.50 as amount").write_parquet(str(home.root / "input" / "2.parquet"))
    with pytest.raises(SourceError, match=r"orders\.ordered_at cannot be read"):
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "-3"], "integer"),
        (["1", "2.5", "3"], "decimal"),
        (["17850.0", "17851.0"], "decimal"),
        (["2025-03-01", "01/12/2010"], "date"),
        (["2025-03-01 10:00", "2025-03-01"], "timestamp"),
        (["a", "b"], "text"),
        (["a", "1"], "mixed"),
        (["", " "], "empty"),
    ],
)
def test_a_profile_names_what_a_column_holds(make_home, tmp_path, values, kind):
    home = make_home()
    table = ", ".join(f"('{value}', null)" for value in values)
    duckdb.sql(f"select * from (values {table}) t(c, __malformed)").write_parquet(str(tmp_path / "rows.parquet"))
    (source,) = load_sources(home.sources_file).sources
    found = profile(tmp_path / "rows.parquet", source, {"c": "VARCHAR"})
    assert found == {"c": f"{kind}:{0 if kind == 'empty' else len(values)}"}


def test_rows_that_are_heard_less_are_said_to_be(make_home):
    source = SOURCES.replace("contact_ref: who", "contact_ref: who, updated_at: changed, status: state")
    home = make_home(
        source.format(policy="warn", more=""), **{"1.csv": rows(order=(*HEADER, "changed", "state"), changed="2025-01-05", state="paid")}
    )
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    (home.root / "input" / "2.csv").write_text(rows(2))
    land_source(home, load_sources(home.sources_file).sources[0], "UTC")
    (warnings,) = [
        each.warnings for each in active_batches(home, load_sources(home.sources_file).sources[0]) if each.file.endswith("2.csv")
    ]
    assert [each for each in warnings if each.startswith("UNSAID")] == [
        "UNSAID: no column 'changed': rows of the same key that have one are heard over these",
        "UNSAID: no column 'state': no order in it is said to be cancelled",
    ]
