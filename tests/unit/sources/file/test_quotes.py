"""Files in which quotes mean nothing: declared they are read, undeclared they are met with what helps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from goodwill.errors import ConfigurationError, SourceError
from goodwill.extract.batches import active_batches
from goodwill.sources import load_sources
from goodwill.sources.connectors.file import delimited
from goodwill.sources.connectors.file.fast import FastReader
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import Labels

SOURCES = """
sources:
  - name: shop
    path: input/{name}
    {more}
    entities: {{orders: {{columns: {{order_id: id, ordered_at: at, net_amount: amount, status: note}}}}}}
"""
HEADER = "id\tat\tamount\tnote\n"
#: A lone quote at the start, in the middle and at the end of a text; two that would join three lines; and one that stands alone.
NOTES = ['"Deluxe', '5" pipe', '19"', '"', '""', '"a" b', "plain"]
ROWS = "".join(f"{number}\t2025-03-01\t1.5{number}\t{note}\n" for number, note in enumerate(NOTES))


@pytest.fixture
def shop(make_home):
    def make(content: str, more: str = "", name: str = "orders.tsv"):
        return make_home(SOURCES.format(name=name, more=more), **{name: content.encode()})

    return make


def totals(home):
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    return batch.rows, batch.malformed_rows, batch.totals["orders"].amount


@pytest.mark.parametrize("damage", ["", "lost\t2025-03-01\n"], ids=["read fast", "read with care"])
def test_where_quotes_mean_nothing_they_are_letters(shop, land, orders, monkeypatch, damage):
    seen = []
    read = FastReader.read
    monkeypatch.setattr(delimited.FastReader, "read", lambda self, text: seen.append(read(self, text)) or seen[-1])
    home = shop(HEADER + ROWS + damage, more="quote: none")
    land(home, share=1.0)
    assert [row["note"] for row in orders(home)][: len(NOTES)] == NOTES
    assert any(table is not None for table in seen) is not bool(damage)
    assert totals(home) == (7 + bool(damage), bool(damage), Decimal("10.71"))


def test_the_second_reading_is_the_databases_own(tmp_path):
    (tmp_path / "f.tsv").write_text(HEADER + ROWS)
    entities = {"orders": {"columns": {"order_id": "id", "ordered_at": "at", "net_amount": "amount"}}}
    source = FileSource(name="shop", path="f.tsv", entities=entities, quote="none")
    file = delimited.DelimitedFile(source, tmp_path / "f.tsv", "f.tsv")
    landed = file.write(tmp_path, file.columns(), Labels("b", "f", "2025-03-01"))
    assert "read_csv" in landed.relation
    assert (landed.rows, landed.malformed, landed.warnings) == (7, 0, ())


def test_undeclared_such_a_file_is_refused_with_the_setting(shop, land):
    home = shop(HEADER + ROWS)
    with pytest.raises(SourceError, match=r"rows have a quote that opens or closes no text, the first in line 2: .*\n.*'quote: none'"):
        land(home)


def test_a_few_such_rows_are_set_apart_and_it_is_said(shop, land, manifests):
    many = "".join(f"x{number}\t2025-03-01\t1.00\tplain\n" for number in range(100))
    home = shop(HEADER + many + '1\t2025-03-01\t1.00\t"Deluxe\n')
    land(home)
    (landed,) = manifests(home)
    assert landed.malformed_rows == 1
    (said,) = landed.warnings
    assert said.startswith("QUOTES: 1 of 101 rows have a quote that opens or closes no text, the first in line 102")
    assert "'quote: none'" in said


@pytest.mark.parametrize("notes", [('"Deluxe', 'for "men"', 'end"'), ('"Deluxe', "plain", '19"')], ids=["read with care", "in good order"])
def test_lines_that_lone_quotes_join_are_said(shop, land, manifests, notes):
    rows = "".join(f"{number}\t2025-03-01\t1.00\t{note}\n" for number, note in enumerate(notes))
    with pytest.raises(SourceError, match="'quote: none'"):
        land(shop(HEADER + rows))
    home = shop(HEADER + rows + "x\t2025-03-01\t1.00\tplain\n" * 40)
    land(home)
    (said,) = manifests(home)[0].warnings
    assert said.startswith(("QUOTES: 1 of 43 rows", "QUOTES: 1 of 41 rows"))


def test_an_escape_goes_without_quotes_too(shop, land, orders):
    home = shop(HEADER + '1\t2025-03-01\t1.00\ta\\\tb "c\n', more="quote: none\n    escape: '\\'")
    land(home)
    (row,) = orders(home)
    assert (row["note"], row["amount"]) == ('a\tb "c', "1.00")
    assert totals(home) == (1, 0, Decimal("1.00"))


@pytest.mark.parametrize("given", ["nothing", "''", "''''''"])
def test_a_quote_is_one_mark_or_none(shop, given):
    home = shop(HEADER + ROWS, more=f"quote: {given}")
    with pytest.raises(ConfigurationError, match="use one, or 'none' where quotes mean nothing"):
        load_sources(home.sources_file)
