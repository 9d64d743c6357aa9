"""Presets: what each export becomes, to the cent, and what a source's own words change."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from goodwill.cli.checking import check_home
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError
from goodwill.extract import land_source, landed_view
from goodwill.sources import load_sources
from goodwill.sources.presets import preset_names, read_preset

EXPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "exports"
#: Beside a preset that feeds no orders, a source that does.
ORDERS_BESIDE = """
      - {name: beside, path: input/shopify_orders.csv, preset: shopify_orders}
"""


@pytest.fixture
def shop(make_home):
    """Make a home with one export under a preset: `shop(preset, file, more YAML lines)`."""

    def make(preset: str, file: str, more: str = ""):
        beside = "" if "orders" in read_preset(preset).settings["entities"] else ORDERS_BESIDE
        home = make_home(
            f"sources:\n  - name: export\n    path: input/{file}\n    preset: {preset}\n{more}".rstrip()
            + beside.replace("\n      ", "\n  ")
        )
        for name in {file, "shopify_orders.csv"}:
            shutil.copyfile(EXPORTS / name, home.root / "input" / name)
        for source in load_sources(home.sources_file).sources:
            land_source(home, source, "Europe/Paris")
        return home

    return make


def read(home, entity, columns):
    view = landed_view(home, load_sources(home.sources_file), ENTITIES[entity], "Europe/Paris")
    bad = duckdb.sql(f"select {columns}, _problems from ({view}) where len(_problems) > 0 and _source = 'export'").fetchall()
    assert bad == []
    return duckdb.sql(f"select {columns} from ({view}) where _source = 'export' order by _row_no").fetchall()


def money(*amounts):
    return [Decimal(amount) for amount in amounts]


def test_shopify_orders_are_one_row_an_order_without_vat(shop):
    home = shop("shopify_orders", "shopify_orders.csv")
    orders = read(home, "orders", "order_id, cast(ordered_at as varchar), contact_ref, net_amount, status, channel, coupon_code, currency")
    assert orders[0] == ("#1001", "2024-01-31 09:22:33", "lea@example.org", Decimal("35.67"), "paid", "web", None, "EUR")
    assert [row[0] for row in orders] == ["#1001", "#1002", "#1003", "#1004", "#1005", "#1006", "#1007"]
    assert [row[2] for row in orders][2] is None  # a guest at the till
    # with VAT in the prices and without: what was paid less the VAT of it
    assert [row[3] for row in orders] == money("35.67", "36.00", "11.17", "51.67", "15.75", "28.83", "111.00")
    assert [row[4] for row in orders][5] == "voided"
    assert orders[4][1] == "2024-03-31 01:30:00"  # the first day of summer time


def test_shopify_lines_and_products_come_from_the_same_rows(shop):
    home = shop("shopify_orders", "shopify_orders.csv")
    lines = read(home, "order_lines", "order_id, line_no, product_id, quantity, unit_price, discount_amount")
    assert len(lines) == 10
    assert lines[:2] == [
        ("#1001", "1", "MUG-01", Decimal("2.000"), Decimal("14.0000"), Decimal("0.00")),
        ("#1001", "2", "TEA-250", Decimal("1.000"), Decimal("9.9000"), Decimal("0.00")),
    ]
    assert ("#1003", "2", "Gift wrapping", Decimal("1.000"), Decimal("3.5000"), Decimal("0.00")) in lines  # no sku: its name
    products = read(home, "products", "product_id, name")
    assert sorted(products) == [
        ("Gift wrapping", "Gift wrapping"), ("MUG-01", "Stoneware mug / Blue"), ("POT-1", "Teapot"), ("TEA-250", "Green tea, 250 g"),
    ]  # fmt: skip


def test_shopify_refunds_lose_their_vat_and_take_the_day_of_the_cancelling(shop):
    home = shop("shopify_orders", "shopify_orders.csv")
    refunds = read(home, "refunds", "refund_id, order_id, cast(refunded_at as varchar), amount")
    # 14.00 of 62.00 with 10.33 VAT: 14.00 less 10.33 / 62.00 of it; all of 18.90 with 3.15
    assert refunds == [
        ("#1004", "#1004", "2024-03-20 08:00:00", Decimal("11.67")),
        ("#1005", "#1005", "2024-04-02 09:15:00", Decimal("15.75")),
    ]


def test_shopify_customers_with_the_header_of_today(shop):
    home = shop("shopify_customers", "shopify_customers.csv")
    contacts = read(home, "contacts", "contact_id, email, phone, first_name, company, postcode, city, country, cast(created_at as varchar)")
    assert contacts == [
        ("7001", "lea@example.org", "+33600000001", "Léa", None, "75011", "Paris", "FR", "2000-01-01 00:00:00"),
        ("7002", "tom@example.org", "+33600000002", "Tom", "Abadie SARL", "44000", "Nantes", "FR", "2000-01-01 00:00:00"),
        ("7003", "ann@example.com", None, "Ann", None, "EC1A 1BB", "London", "GB", "2000-01-01 00:00:00"),
        ("7004", None, "+33600000004", None, None, None, None, None, "2000-01-01 00:00:00"),
    ]
    assert read(home, "consents", "contact_id, channel, purpose, granted") == [
        ("7001", "email", "marketing", True), ("7002", "email", "marketing", False),
        ("7003", "email", "marketing", True), ("7004", "email", "marketing", False),
    ]  # fmt: skip


def test_shopify_customers_with_the_older_header(shop):
    home = shop("shopify_customers", "shopify_customers_older.csv")
    assert read(home, "contacts", "contact_id, phone, company, postcode, city, country") == [
        ("lea@example.org", "+33600000001", None, "75011", "Paris", "FR"),
        ("tom@example.org", None, "Abadie SARL", "44000", "Nantes", "FR"),
    ]
    assert read(home, "consents", "contact_id, granted") == [("lea@example.org", True), ("tom@example.org", False)]


def test_woocommerce_orders_whether_a_line_repeats_the_order_or_not(shop):
    home = shop("woocommerce_orders", "woocommerce_orders.csv")
    orders = read(home, "orders", "order_id, cast(ordered_at as varchar), contact_ref, net_amount, status, coupon_code")
    assert orders == [
        ("2101", "2024-05-01 08:15:00", "eva@example.org", Decimal("55.00"), "Completed", None),
        ("2102", "2024-05-02 17:40:00", "eva@example.org", Decimal("9.50"), "Processing", "may10"),
        ("2103", "2024-05-03 06:00:00", "max@example.org", Decimal("50.00"), "Completed", None),
        ("2104", "2024-05-03 07:00:00", "max@example.org", Decimal("20.00"), "cancelled", None),
        ("2105", "2024-05-04 19:00:00", "ida@example.org", Decimal("20.00"), "Cancelled", None),
        ("2106", "2024-05-05 09:11:00", "ida@example.org", Decimal("40.00"), "Completed", None),
    ]
    assert read(home, "refunds", "order_id, amount") == [("2103", Decimal("20.00"))]
    assert len(read(home, "order_lines", "order_id")) == 9
    assert sorted(read(home, "products", "product_id")) == [("CUP",), ("POT",), ("Workshop ticket",)]


def test_the_other_woocommerce_exports(shop):
    home = shop("woocommerce_order_export", "woocommerce_order_export.csv")
    assert read(home, "orders", "order_id, contact_ref, net_amount, shipping_amount, status, currency") == [
        ("3101", "eva@example.org", *money("55.00", "5.00"), "completed", "EUR"),
        ("3102", "max@example.org", *money("9.50", "5.00"), "processing", "EUR"),
        ("3103", "ida@example.org", *money("20.00", "0.00"), "cancelled", "EUR"),
        ("3104", "ida@example.org", *money("20.00", "0.00"), "cancelled", "EUR"),
    ]
    home = shop("woocommerce_analytics_orders", "woocommerce_analytics_orders.csv")
    assert read(home, "orders", "order_id, contact_ref, net_amount, status, channel") == [
        ("4101", "Eva Roth", Decimal("55.00"), "completed", "Organic: Google"),
        ("4102", "Eva Roth", Decimal("9.50"), "processing", "Direct"),
        ("4103", "Max Bell", Decimal("20.00"), "cancelled", None),
    ]


def test_hubspot_contacts(shop):
    home = shop("hubspot_contacts", "hubspot_contacts.csv", "    time_zone: Europe/Paris\n")
    columns = "contact_id, cast(created_at as varchar), email, owner, acquisition_channel, country, cast(updated_at as varchar)"
    assert read(home, "contacts", columns) == [
        ("901", "2024-03-12 08:14:00", "g.perrin@example.org", "Inès Moreau", "Organic Search", "France", "2024-06-01 15:30:00"),
        ("902", "2024-03-15 13:30:00", "claire@example.org", None, "Offline Sources", None, "2024-03-15 13:30:00"),
        ("903", "2023-12-31 23:00:00", None, None, "Direct Traffic", None, None),
    ]


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_names_only_columns_of_its_sample_or_stand_ins(name):
    """The sample is the header its documentation shows: a column that is in no sample is a slip of the pen."""
    sample = EXPORTS / f"{name}.csv"
    header = {column.lower() for column in duckdb.read_csv(str(sample), all_varchar=True).columns}
    assert {column.lower() for column in read_preset(name).known_by} <= header


def test_what_a_source_writes_goes_before_its_preset(shop):
    more = """\
    currency: USD
    entities:
      products: null
      orders:
        columns:
          net_amount: {total: Subtotal, once: true}
          currency: null
      refunds: {where: [{column: Refunded Amount, at_least: 18}, {column: Refunded Amount, empty: false}]}
"""
    home = shop("shopify_orders", "shopify_orders.csv", more)
    assert "products" not in load_sources(home.sources_file).entities_given()
    assert read(home, "orders", "net_amount, currency, status")[0] == (Decimal("37.90"), "USD", "paid")
    assert read(home, "refunds", "order_id, amount") == [("#1005", Decimal("15.75"))]


def test_check_shows_what_a_preset_maps(shop):
    home = shop("shopify_orders", "shopify_orders.csv")
    (finding,) = check_home(home)
    assert finding.error == ""
    assert any("net_amount ← Taxes, Total" in line for line in finding.entities.values())


def test_a_file_that_lacks_what_the_preset_needs_is_named(shop):
    home = shop("shopify_orders", "shopify_orders.csv")
    path = home.root / "input" / "shopify_orders.csv"
    path.write_text(path.read_text().replace(",Taxes,", ",Tax,", 1))
    (finding,) = check_home(home)
    assert "no column 'Taxes'" in finding.error
    assert "'Taxes' may now be 'Tax'" in finding.error


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("preset: shopfy_orders", "sources → export: unknown preset 'shopfy_orders'; known: hubspot_contacts, shopify_customers"),
        ("preset: shopify_orders\n    entities: {orders: {columns: {nett: Total}}}", "sources → export: orders has no column 'nett'"),
        ("preset: shopify_orders\n    entities: {orders: {columns: {net_amount: null}}}", "required column not mapped: net_amount"),
        (
            "preset: shopify_orders\n    entities: {orders: {columns: {status: {columm: x}}}}",
            "sources → export → entities → orders → columns → status → columm",
        ),
        (
            "preset: shopify_orders\n    entities: {orders: {columns: {status: {value: x, otherwise: y}}}}",
            "'otherwise', 'followed_by', 'without_prefix'",
        ),
        (
            "preset: shopify_orders\n    entities: {orders: {columns: {net_amount: {column: Total, once: true}}}}",
            "'once' and 'times' go with 'total'",
        ),
        ("preset: shopify_orders\n    entities: {order_lines: {columns: {unit_price: {total: x, once: true}}}}", "'once' needs 'group_by'"),
        ("preset: shopify_orders\n    entities: {orders: {columns: {order_id: {column: x, optional: true}}}}", "cannot be 'optional'"),
    ],
)
def test_a_slip_beside_a_preset_is_told_in_its_place(make_home, more, said):
    home = make_home(f"sources:\n  - name: export\n    path: x.csv\n    {more}\n")
    with pytest.raises(ConfigurationError) as refused:
        load_sources(home.sources_file)
    assert said in str(refused.value)
