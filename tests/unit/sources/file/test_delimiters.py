"""Delimiters at the end of lines, and blanks around quotes: what RFC 4180 does not know and exports have."""

from __future__ import annotations

from decimal import Decimal

import pytest
from goodwill.errors import SourceError
from goodwill.extract.batches import active_batches
from goodwill.sources import load_sources
from goodwill.sources.connectors.file.delimited import DelimitedFile
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import Labels

SOURCES = """
sources:
  - name: shop
    path: input/orders.csv
    delimiter: ";"
    {more}
    entities: {{orders: {{columns: {{order_id: id, ordered_at: at, net_amount: amount, status: note}}}}}}
"""
HEADER = "id;at;amount;note"
ROW = "{n};2025-03-01;1.5{n};paid"


@pytest.fixture
def shop(make_home):
    return lambda content, more="": make_home(SOURCES.format(more=more), **{"orders.csv": content.encode()})


def rows(end: str, count: int = 4) -> list[str]:
    return [ROW.format(n=number) + end for number in range(count)]


def text(*lines: str) -> str:
    return "".join(line + "\n" for line in lines)


def totals(home):
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    return batch.rows, batch.malformed_rows, batch.totals["orders"].amount


@pytest.mark.parametrize(
    ("header", "end"), [(";", ";"), (";;;", ";;;"), ("; ", "; "), ("", ";")], ids=["both", "three", "with a blank", "rows alone"]
)
@pytest.mark.parametrize("damage", [[], ["lost;2025-03-01"]], ids=["read fast", "read with care"])
def test_delimiters_at_the_end_of_lines_are_no_columns(shop, land, orders, manifests, header, end, damage):
    home = shop(text(HEADER + header, *rows(end, 10), *damage))
    land(home, share=1.0)
    (batch,) = manifests(home)
    assert list(batch.columns) == ["id", "at", "amount", "note"]
    assert totals(home) == (10 + len(damage), len(damage), Decimal("15.45"))
    assert {row["note"] for row in orders(home)[:10]} == {"paid"}
    assert [said.split(":")[0] for said in batch.warnings] == ([] if header else ["TRAILING_DELIMITER"])


@pytest.mark.parametrize("header", [";", ""], ids=["both", "rows alone"])
def test_such_a_file_is_read_fast_and_measured_by_the_database(tmp_path, header):
    (tmp_path / "f.csv").write_text(text(HEADER + header, *rows(";")))
    entities = {"orders": {"columns": {"order_id": "id", "ordered_at": "at", "net_amount": "amount"}}}
    file = DelimitedFile(FileSource(name="shop", path="f.csv", entities=entities, delimiter=";"), tmp_path / "f.csv", "f.csv")
    landed = file.write(tmp_path, file.columns(), Labels("b", "f", "2025-03-01"))
    assert "read_csv" in landed.relation
    assert landed.plain == {"id", "at", "amount", "note"}, "records that are read with care are never plain"


def test_a_value_where_no_column_has_a_name_sets_its_row_apart(shop, land, orders):
    home = shop(text(HEADER + ";", *rows(";"), "9;2025-03-01;1.00;paid;gift"))
    land(home, share=1.0)
    assert orders(home)[4]["value"] == "a value in column 5, which has no name in the header"
    assert totals(home) == (5, 1, Decimal("6.06"))


def test_a_row_that_does_not_end_as_the_others_do_is_set_apart(shop, land, orders):
    home = shop(text(HEADER + ";", *rows(";"), "9;2025-03-01;1.00;paid"))
    land(home, share=1.0)
    assert orders(home)[4]["value"] == "4 fields instead of 5 (lines end with a delimiter)"


def test_a_column_without_a_name_that_has_values_is_refused(shop, land):
    with pytest.raises(SourceError, match="column 5 has no name in the header"):
        land(shop(text(HEADER + ";", *rows(";gift"))))


@pytest.mark.parametrize("first", ["9;2025-03-01;1.00;cut;", "9;2025-03-01;1.00;cut;wrong"])
def test_a_row_that_is_cut_wrong_does_not_speak_for_the_file(shop, land, orders, first):
    home = shop(text(HEADER, first, *rows("")))
    land(home, share=1.0)
    assert [row["reason"] for row in orders(home)] == ["MALFORMED_ROW", None, None, None, None]


BLANKS = [f'{n}; "2025-03-01";\t"1.5{n}" ; "late; ""gift"""' for n in range(4)]


def test_a_blank_before_a_quote_sets_its_row_apart_and_names_the_remedy(shop, land, orders):
    home = shop(text(HEADER, *rows(""), '9; "2025-03-01";1.00;paid', BLANKS[0]))
    land(home, share=1.0)
    assert [row["value"] for row in orders(home)[4:]] == ["a blank before a quote ('blanks_around_quotes: true' reads it)"] * 2
    with pytest.raises(SourceError, match=r"line 1, the header, has a blank before a quote.*\n.*set 'blanks_around_quotes: true'"):
        land(shop(text('id; "at";amount;note', *BLANKS)))


def test_declared_such_blanks_mean_nothing(shop, land, orders, manifests):
    home = shop(text('id; "at" ; "amount"; "note"', *BLANKS, *rows("")), more="blanks_around_quotes: true")
    land(home)
    assert [row["note"] for row in orders(home)] == ['late; "gift"'] * 4 + ["paid"] * 4
    assert totals(home) == (8, 0, Decimal("12.12"))
    assert manifests(home)[0].warnings == ()
