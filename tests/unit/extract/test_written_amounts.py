"""Amounts as people write them: exact, and never in another currency than their row's."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest
from goodwill.errors import SourceError
from goodwill.extract import land_source
from goodwill.extract.batches import active_batches
from goodwill.extract.casting import Caster
from goodwill.sources import load_sources
from goodwill.sources.connectors import CONNECTORS

ENTITIES = {"orders": {"columns": ["order_id", "ordered_at", "net_amount"]}}


def read(text: str, currency: str | None = "EUR", decimal: str = ".", thousands: str = "", kind: str = "money", amounts: str = "written"):
    """The value of a text, or why it has none."""
    settings = {"name": "shop", "path": "o.csv", "decimal": decimal, "thousands": thousands, "amounts": amounts, "entities": ENTITIES}
    caster = Caster(CONNECTORS["file"].settings.model_validate(settings), "UTC", "c")
    with duckdb.connect() as connection:
        connection.execute("create table given as select cast(? as varchar) as g, cast(? as varchar) as c", [text, currency])
        value, reason = connection.execute(
            f"select {caster.cast('g', 'VARCHAR', kind)}, {caster.reason_sql('g', kind)} from given"
        ).fetchone()
    return reason if value is None else value


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("12.50", "12.50", {}),
        ("-12.50", "-12.50", {}),
        ("€ 12,50", "12.50", {"decimal": ","}),
        ("12,50\N{NO-BREAK SPACE}€", "12.50", {"decimal": ","}),
        ("1.234,50 EUR", "1234.50", {"decimal": ",", "thousands": "."}),
        ("eur 12.50", "12.50", {}),
        ("$1,234.00", "1234.00", {"currency": "USD", "thousands": ","}),
        ("$12.00 USD", "12.00", {"currency": "USD"}),
        ("US$ 5", "5.00", {"currency": "USD"}),
        ("-£3.20", "-3.20", {"currency": "GBP"}),
        ("£-3.20", "-3.20", {"currency": "GBP"}),
        ("- 3.20 £", "-3.20", {"currency": "GBP"}),
        ("(12.50)", "-12.50", {}),
        ("(€12.50)", "-12.50", {}),
        ("€(12.50)", "-12.50", {}),
        ("12.50-", "-12.50", {}),
        ("12.50- EUR", "-12.50", {}),
        ("\N{MINUS SIGN}12.50", "-12.50", {}),
        ("+12.50 €", "12.50", {}),
        ("12.50 zł", "12.50", {"currency": "PLN"}),
        ("kr. 12,50", "12.50", {"currency": "DKK", "decimal": ","}),
        ("CHF 1'234.50", "1234.50", {"currency": "CHF", "thousands": "'"}),
        ("CHF 1\N{RIGHT SINGLE QUOTATION MARK}234.50", "1234.50", {"currency": "CHF", "thousands": "'"}),
        ("1\N{NARROW NO-BREAK SPACE}234\N{NO-BREAK SPACE}567,50 €", "1234567.50", {"decimal": ",", "thousands": " "}),
        ("€0.1234", "0.1234", {"kind": "price"}),
        ("€0.12345", "TOO_MANY_DECIMALS", {"kind": "price"}),
        ("€ 12.505", "TOO_MANY_DECIMALS", {}),
        ("€ 1e3", "BAD_NUMBER", {}),
        ("-(12.50)", "BAD_NUMBER", {}),
        ("(12.50", "BAD_NUMBER", {}),
        ("-12.50-", "BAD_NUMBER", {}),
        ("12.50 to 13.50", "BAD_NUMBER", {}),
        ("€", "BAD_NUMBER", {}),
        ("€ 1,23.50", "BAD_NUMBER", {"thousands": ","}),
        ("$12.50", "OTHER_CURRENCY", {}),
        ("12.50 USD", "OTHER_CURRENCY", {}),
        ("€12.50 USD", "OTHER_CURRENCY", {}),
        ("€12.50", "OTHER_CURRENCY", {"currency": None}),
        ("order 12.50", "BAD_NUMBER", {}),
        ("12.50", "12.50", {"currency": None}),
        ("(12.50)", "-12.50", {"currency": None}),
        ("€ 12.50", "BAD_NUMBER", {"amounts": "plain"}),
        ("(12.50)", "BAD_NUMBER", {"amounts": "plain"}),
        ("1\N{NO-BREAK SPACE}234.50", "1234.50", {"amounts": "plain", "thousands": " "}),
    ],
)
def test_an_amount_is_read_exactly_or_not_at_all(text, value, how):
    expected = value if value.isupper() else Decimal(value)
    found = read(text, **how)
    assert found == expected


SOURCES = """
sources:
  - name: shop
    path: input/orders.csv
    amounts: {amounts}
    {more}
    entities:
      orders:
        where: [{{column: amount, at_least: 0}}]
        columns: {{order_id: id, ordered_at: at, net_amount: amount{currency}}}
      refunds:
        where: [{{column: amount, below: 0}}]
        columns: {{refund_id: id, refunded_at: at, amount: {{column: amount, negate: true}}}}
"""
ROWS = "id,at,amount,money\n1,2025-03-01,€12.50,EUR\n2,2025-03-01,(€2.50),eur\n3,2025-03-01,$5.00,EUR\n4,2025-03-01,7.00,\n5,2025-03-01,£1.00,\n"


@pytest.mark.parametrize(
    ("more", "currency", "bad"),
    [("", ", currency: money", 2), ("currency: EUR", "", 2), ("", "", 4), ("", ", currency: {value: GBP}", 3)],
    ids=["of the row", "of the source", "none", "said in the mapping"],
)
def test_a_sign_is_held_against_the_currency_of_the_row(make_home, more, currency, bad):
    home = make_home(SOURCES.format(amounts="written", more=more, currency=currency), **{"orders.csv": ROWS})
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, "UTC", share=1.0)
    (batch,) = active_batches(home, source)
    orders, refunds = batch.totals["orders"], batch.totals["refunds"]
    # a row whose amount cannot be read passes both conditions, and is rejected in both
    assert (orders.unparsable_amounts, refunds.unparsable_amounts) == (bad, bad)
    if bad == 2:
        assert (orders.amount, refunds.amount) == (Decimal("19.50"), Decimal("2.50"))


def test_a_column_written_so_is_refused_with_the_setting(make_home):
    text = "id,at,amount,money\n1,2025-03-01,€12.50,EUR\n2,2025-03-01,€2.50,EUR\n"
    sources = SOURCES.format(amounts="plain", more="", currency="").replace("        where: [{column: amount, at_least: 0}]\n", "")
    home = make_home(sources, **{"orders.csv": text})
    with pytest.raises(SourceError, match=r"such as '€12.50'\n.*'amounts: written'"):
        land_source(home, load_sources(home.sources_file).sources[0], "UTC")
