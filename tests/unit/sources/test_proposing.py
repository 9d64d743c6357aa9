"""`goodwill init --from`: what is proposed from a file, how sure, and what is left to a person."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import os
import tarfile
import zipfile
from pathlib import Path

import duckdb
import openpyxl
import pytest
import yaml
from goodwill.cli.app import app
from goodwill.cli.checking import check_home
from goodwill.cli.starting import write_proposal
from goodwill.entities import ENTITIES
from goodwill.errors import ConfigurationError
from goodwill.home import Home
from goodwill.sources import load_sources
from goodwill.sources.presets import preset_names, read_synonyms
from goodwill.sources.proposing import propose, sources_text
from goodwill.sources.proposing.looks import look_at
from goodwill.sources.proposing.names import normal
from typer.testing import CliRunner

EXPORTS = Path(__file__).resolve().parents[2] / "fixtures" / "exports"
SHARED = Path(os.environ.get("GOODWILL_SHARED_DATA", ""))
needs_shared = pytest.mark.skipif("GOODWILL_SHARED_DATA" not in os.environ, reason="GOODWILL_SHARED_DATA names no folder")


@pytest.fixture
def proposed(tmp_path):
    """Write a file and propose its source: `proposed("orders.csv", text)`."""

    def make(name: str, content: str | bytes, home: str = "home"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        (proposal,) = propose(tmp_path / home, [path])
        return proposal

    return make


def mapping(proposal, entity):
    """Entity column → how, of what is not left open."""
    (found,) = (each for each in proposal.entities if each.name == entity)
    return {line.column: line.how for line in found.lines if not line.open}


def sureness(proposal):
    return {f"{entity.name}.{line.column}": line.sure for entity in proposal.entities for line in entity.lines}


def test_two_french_files_make_a_configuration_that_passes_its_check(tmp_path):
    written, _ = write_proposal(tmp_path / "home", [EXPORTS / "commandes.csv", EXPORTS / "clients.csv"])
    assert [path.name for path in written] == ["goodwill.yml", "sources.yml"]
    orders, contacts = load_sources(tmp_path / "home" / "sources.yml").sources
    assert (orders.encoding, orders.delimiter, orders.decimal, orders.thousands) == ("latin-1", ";", ",", " ")
    columns = orders.entities["orders"].columns
    assert {name: how.column for name, how in columns.items()} == {
        "order_id": "N° commande", "ordered_at": "Date de commande", "contact_ref": "N° client", "net_amount": "Montant HT",
        "discount_amount": "Remise", "tax_amount": "TVA", "shipping_amount": "Frais de port", "status": "Statut", "coupon_code": "Code promo",
    }  # fmt: skip
    assert columns["ordered_at"].format == "%d/%m/%Y"
    assert columns["status"].translate == {"Payée": "paid", "Expédiée": "shipped", "Annulée": "cancelled"}
    assert {name: how.column for name, how in contacts.entities["contacts"].columns.items()} == {
        "contact_id": "N° client", "created_at": "Date de création", "email": "Courriel", "phone": "Téléphone", "first_name": "Prénom",
        "last_name": "Nom", "company": "Société", "postcode": "Code postal", "city": "Ville", "country": "Pays", "referred_by": "Parrain",
    }  # fmt: skip
    findings = check_home(Home.at(tmp_path / "home"))
    assert [(finding.error, finding.problems) for finding in findings] == [("", {}), ("", {})]
    assert [finding.counts for finding in findings] == [{"orders": (5, 0)}, {"contacts": (3, 0)}]


@pytest.mark.parametrize("name", preset_names())
def test_an_export_is_known_by_its_header_and_passes_its_check(name, tmp_path):
    files = [EXPORTS / f"{name}.csv"] + ([] if "orders" in name or "order_" in name else [EXPORTS / "commandes.csv"])
    _, proposals = write_proposal(tmp_path / "home", files)
    assert (proposals[0].preset, proposals[0].lacking) == (name, {})
    assert [finding.error + str(finding.problems or "") for finding in check_home(Home.at(tmp_path / "home"))] == [""] * len(files)


def test_what_an_export_lacks_for_its_preset_is_not_fed(proposed, tmp_path):
    header = "Order Number,Order Status,Order Date,Email (Billing),Order Refund Amount,Order Total Amount,Order Total Tax Amount\n"
    proposal = proposed("wc.csv", header + "1,Completed,13/05/2024 10:00,a@example.org,0,12.00,2.00\n")
    assert proposal.preset == "woocommerce_orders"
    assert proposal.lacking == {"order_lines": ["Quantity", "SKU"], "products": ["Item Name", "SKU"]}
    assert proposal.settings == {"timestamp_format": "%d/%m/%Y %H:%M"}
    (tmp_path / "sources.yml").write_text(sources_text([proposal]))
    (source,) = load_sources(tmp_path / "sources.yml").sources
    assert set(source.entities) == {"orders", "refunds"}


AMBIGUOUS = "order_id,order date,customer id,net amount\n1,03/04/2025,c1,10.00\n2,05/04/2025,c2,11.00\n"


def test_a_date_that_may_be_two_days_is_left_to_a_person(proposed, tmp_path):
    proposal = proposed("orders.csv", AMBIGUOUS)
    assert [(entity, line.how["format"]) for entity, line in proposal.to_fill] == [("orders", "%d/%m/%Y"), ("orders", "%m/%d/%Y")]
    assert "FILL IN: is 03/04/2025 the day or the month first?" in proposal.to_fill[0][1].why
    text = sources_text([proposal])
    (tmp_path / "sources.yml").write_text(text)
    with pytest.raises(ConfigurationError, match="required column not mapped: ordered_at"):
        load_sources(tmp_path / "sources.yml")
    (tmp_path / "sources.yml").write_text(
        text.replace("# ordered_at: {column: order date, format: '%d", "ordered_at: {column: order date, format: '%d")
    )
    (source,) = load_sources(tmp_path / "sources.yml").sources
    assert source.entities["orders"].columns["ordered_at"].format == "%d/%m/%Y"


def test_one_day_above_twelve_tells_the_format(proposed):
    proposal = proposed("orders.csv", AMBIGUOUS + "3,13/04/2025,c2,11.00\n")
    assert mapping(proposal, "orders")["ordered_at"] == {"column": "order date", "format": "%d/%m/%Y"}
    assert proposal.to_fill == []


def test_a_number_that_may_be_two_is_asked(proposed):
    proposal = proposed("orders.csv", "order_id;order date;net amount\n1;2025-01-02;1,234\n2;2025-01-03;2,500\n")
    assert proposal.settings["decimal"] == ","
    assert next(setting for setting, question in proposal.questions if "1,234" in question) == 'decimal: ".", thousands: ","'


LINES = """invoice no,invoice date,customer id,sku,product name,qty,price,country
A1,2025-01-02 10:00:00,c1,p1,Cup,2,5.00,FR
A1,2025-01-02 10:01:00,c1,p2,Pot,1,8.50,FR
A2,2025-01-03 09:00:00,,p1,Cup,-1,5.00,FR
A3,2025-01-04 12:00:00,c2,p1,Cup (new),3,5.00,BE
"""  # fmt: skip


def test_a_row_a_line_makes_orders_lines_products_and_refunds(proposed, tmp_path):
    proposal = proposed("sales.csv", LINES, home=".")
    assert [(entity.name, entity.group_by) for entity in proposal.entities] == [
        ("orders", "invoice no"), ("order_lines", None), ("products", "sku"), ("refunds", None),
    ]  # fmt: skip
    assert mapping(proposal, "orders") == {
        "order_id": "invoice no", "ordered_at": {"lowest": "invoice date"}, "contact_ref": "customer id", "net_amount": {"total": "price", "times": "qty"},
    }  # fmt: skip
    assert sureness(proposal)["orders.net_amount"] == "medium"
    assert sureness(proposal)["refunds.order_id"] == "low"
    assert proposal.unplaced == [("country", "")]
    assert [question[0] for question in proposal.questions] == ["time_zone: Europe/Paris", "currency: EUR"]
    (tmp_path / "sources.yml").write_text(sources_text([proposal]))
    (tmp_path / "goodwill.yml").write_text("{}")
    (finding,) = check_home(Home.at(tmp_path))
    assert (finding.error, finding.problems) == ("", {})
    assert {entity: rows for entity, (rows, _) in finding.counts.items()} == {"orders": 2, "order_lines": 3, "products": 2, "refunds": 1}


def test_an_order_a_row_is_no_group_unless_it_names_a_product(proposed):
    counted = proposed("orders.csv", "order id,order date,quantity,net amount\no1,2025-01-02,3,10.00\no2,2025-01-02,1,5.00\n")
    assert [(entity.name, entity.group_by) for entity in counted.entities] == [("orders", None)]
    named = proposed("orders.csv", "order id,order date,sku,net amount\no1,2025-01-02,p1,10.00\no2,2025-01-02,p2,5.00\n")
    assert [(entity.name, entity.group_by) for entity in named.entities] == [("orders", "order id"), ("order_lines", None)]


def test_an_amount_repeated_on_the_lines_of_an_order_counts_once(proposed):
    rows = "".join(f"o{n},2025-01-02,c{n},p{line},{n}0.00\n" for n in range(1, 6) for line in (1, 2))
    proposal = proposed("orders.csv", "order id,order date,customer id,sku,order total\n" + rows)
    assert mapping(proposal, "orders")["net_amount"] == {"total": "order total", "once": True}
    assert "net_amount" not in mapping(proposal, "order_lines")


def test_a_customer_that_differs_within_an_order_is_said(proposed):
    rows = "o1,2025-01-02,c1,p1,1.00\no1,2025-01-02,c2,p2,2.00\n" + "".join(
        f"x{n},2025-01-02,c,p{line},{line}.00\n" for n in range(5) for line in (1, 2)
    )
    proposal = proposed("orders.csv", "order id,order date,customer id,sku,amount\n" + rows)
    assert mapping(proposal, "orders")["contact_ref"] == {"first": "customer id"}
    assert sureness(proposal)["orders.contact_ref"] == "medium"
    assert mapping(proposal, "orders")["net_amount"] == {"total": "amount"}


def test_vat_is_taken_off_where_only_the_amount_with_it_is_given(proposed):
    proposal = proposed("commandes.csv", "numero de commande;date commande;montant ttc;tva\n1;2025-01-02;12,00;2,00\n")
    assert mapping(proposal, "orders")["net_amount"] == {"total": "montant ttc", "minus": "tva"}
    without = proposed("commandes.csv", "numero de commande;date commande;montant ttc\n1;2025-01-02;12,00\n")
    assert mapping(without, "orders")["net_amount"] == "montant ttc"
    assert sureness(without)["orders.net_amount"] == "low"


def test_an_amount_with_vat_beside_one_without_feeds_nothing_and_is_said(proposed):
    proposal = proposed("commandes.csv", "numero de commande;date commande;montant ht;montant ttc\n1;2025-01-02;10,00;12,00\n")
    assert mapping(proposal, "orders")["net_amount"] == "montant ht"
    assert proposal.unplaced == [("montant ttc", "")]


def test_a_number_of_the_rows_is_their_id_and_amounts_alone_are_none(proposed):
    proposal = proposed("takings.txt", "Voucher No|Happened|Revenue (net)|Tax\nX-1|14.03.2026|12.50|1.00\nX-2|14.03.2026|12.50|1.00\n")
    assert mapping(proposal, "orders")["order_id"] == "Voucher No"
    assert mapping(proposal, "orders")["ordered_at"] == {"column": "Happened", "format": "%d.%m.%Y"}
    nameless = proposed("sales.txt", "Happened|Revenue (net)|Tax\n14.03.2026|12.50|1.00\n14.03.2026|12.50|1.00\n")
    assert [line.column for _, line in nameless.to_fill] == ["order_id"], "two sales of one amount would be one"


def test_receipts_of_a_till_are_orders_lines_and_products(proposed):
    text = "receipt_no,till,posted_at,loyalty_card,sku,item_desc,qty,line_total\nR1,3,2024-02-01T09:00:00Z,L88,S1,Tea,2,7.00\n"
    proposal = proposed("tx.csv", text + "R1,3,2024-02-01T09:00:00Z,L88,S2,Cup,1,8.00\nR2,1,2024-02-01T09:05:00Z,,S1,Tea,1,3.50\n")
    assert mapping(proposal, "orders") == {
        "order_id": "receipt_no", "ordered_at": {"lowest": "posted_at"}, "contact_ref": "loyalty_card", "net_amount": {"total": "line_total"},
    }  # fmt: skip
    assert mapping(proposal, "products") == {"product_id": "sku", "name": {"first": "item_desc"}}
    assert proposal.unplaced == [("till", "")]


def test_a_column_called_right_whose_values_are_not_is_refused_with_the_reason(proposed):
    proposal = proposed("orders.csv", "order_id,order date,amount\n1,2025-01-02,ten\n2,2025-01-02,about 11\n")
    assert proposal.unplaced == [("amount", "called like orders.net_amount, but its values are texts ('ten')")]
    assert [line.column for _, line in proposal.to_fill] == ["net_amount"]


def test_contacts_without_a_date_get_one_and_it_is_said(proposed):
    proposal = proposed("customers.csv", "CustomerKey,EmailAddress,FirstName\n1,a@example.org,A\n2,b@example.org,B\n")
    assert mapping(proposal, "contacts") == {
        "contact_id": "CustomerKey", "created_at": {"value": "2000-01-01"}, "email": "EmailAddress", "first_name": "FirstName",
    }  # fmt: skip
    assert sureness(proposal)["contacts.created_at"] == "low"


def test_a_file_that_is_nothing_known_is_a_comment(proposed):
    proposal = proposed("table.csv", "year,regular,high_end\n0,100.0,100.0\n1,63.1,86.9\n")
    assert proposal.problem.startswith("no entity fits")
    assert yaml.safe_load(sources_text([proposal])) == {"sources": []}


@pytest.mark.parametrize(("mark", "written"), [("\N{NO-BREAK SPACE}", r'"\xa0"'), ("\N{NARROW NO-BREAK SPACE}", r'"\u202f"'), (" ", '" "')])
def test_a_blank_between_thousands_is_written_so_that_it_is_seen_and_read(proposed, mark, written):
    rows = f"1;2025-01-02;1{mark}234,50;a@b.fr\n2;2025-01-03;5,00;c@d.fr\n"
    proposal = proposed("orders.csv", "order_id;order date;net amount;email\n" + rows)
    text = sources_text([proposal])
    assert f"thousands: {written}  #" in text
    assert yaml.safe_load(text)["sources"][0]["thousands"] == mark


NAMED = "order_id,order date,net amount,Client,Courriel\n1,2025-01-02,4.00,Zoé Petit,a@b.fr\n2,2025-01-03,5.00,Zoé Petit,c@d.fr\n"


def test_an_address_says_who_ordered_and_a_name_only_where_there_is_nothing_else(proposed):
    assert mapping(proposed("orders.csv", NAMED), "orders")["contact_ref"] == "Courriel"
    without = proposed("orders.csv", NAMED.replace(",Courriel", "").replace(",a@b.fr", "").replace(",c@d.fr", ""))
    (line,) = [line for line in without.entities[0].lines if line.column == "contact_ref"]
    assert (line.how, line.sure) == ("Client", "medium")
    assert "two people of one name" in line.why


def test_texts_for_nothing_are_found_only_beside_values_that_tell(proposed):
    proposal = proposed("orders.csv", "order_id,order date,net amount,channel\n1,2025-01-02,NULL,NA\n2,2025-01-03,5.00,NA\n")
    assert proposal.settings == {"null_values": ["", "NULL"]}
    alone = proposed("orders.csv", "order_id,order date,net amount,channel\n1,2025-01-02,4.00,NA\n2,2025-01-03,5.00,NA\n")
    assert alone.settings == {}


PLAIN = "order_id,order date,net amount,customer\n1,2025-01-02,4.00,Zoé\n2,2025-01-03,5.00,Eve\n"


def zipped(*members: bytes, beside: tuple[str, ...] = ()) -> bytes:
    """A zip archive of these files, and of files of a system beside them."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(members):
            archive.writestr(f"orders_{number}.csv", content)
        for name in beside:
            archive.writestr(name, b"\0")
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "settings"),
    [
        ("orders.csv", PLAIN.encode(), {}),
        ("orders.csv", b"\xef\xbb\xbf" + PLAIN.encode(), {}),
        ("orders.csv", PLAIN.encode("latin-1"), {"encoding": "latin-1"}),
        ("orders.csv", PLAIN.replace("Eve", "“Eve”").encode("cp1252"), {"encoding": "cp1252"}),
        ("orders.csv", PLAIN.encode("utf-16"), {"encoding": "utf-16"}),
        ("orders.csv", PLAIN.replace("\n", "\r").encode(), {}),
        ("orders.csv", PLAIN.replace("\n", "\r\n", 1).encode(), {}),
        ("orders.csv.gz", gzip.compress(PLAIN.encode(), mtime=0), {}),
        ("orders.csv.zip", zipped(PLAIN.encode()), {}),
        ("kept.csv.zip", zipped(PLAIN.encode(), beside=("export/.DS_Store", "__MACOSX/._orders.csv", "Thumbs.db")), {}),
        ("orders.zip", zipped(PLAIN.replace(",", ";").encode("latin-1")), {"encoding": "latin-1", "delimiter": ";"}),
        ("orders.tsv", PLAIN.replace(",", "\t").encode(), {"delimiter": "\t"}),
        ("orders.txt", PLAIN.replace(",", "|").encode(), {"delimiter": "|"}),
        ("orders.txt", PLAIN.replace(",", "\t").replace("Zoé", '"Zoé').encode(), {"delimiter": "\t", "quote": "none"}),
        (
            "orders.txt",
            PLAIN.replace(",", "\t").replace("Zoé", '"Zoé').replace("Eve", 'Eve"').encode(),
            {"delimiter": "\t", "quote": "none"},
        ),
        ("orders.txt", PLAIN.replace(",", "\t").replace("Zoé", '"Zoé"').encode(), {"delimiter": "\t"}),
        ("orders.csv", PLAIN.replace("\n", ",\n").encode(), {}),
        ("orders.csv", PLAIN.replace("\n", ",\n").replace(",\n", "\n", 1).encode(), {}),
        ("orders.csv", PLAIN.replace(",Zoé", ', "Zoé, Ltd"').encode(), {"blanks_around_quotes": True}),
    ],
)
def test_how_a_file_reads_is_seen(proposed, tmp_path, name, content, settings):
    proposal = proposed(name, content, home=".")
    assert proposal.settings == settings
    (tmp_path / "sources.yml").write_text(sources_text([proposal]))
    (tmp_path / "goodwill.yml").write_text("{}")
    (finding,) = check_home(Home.at(tmp_path))
    assert (finding.error, finding.problems, finding.rows) == ("", {}, 2)


def test_other_formats_are_seen_through_their_connector(tmp_path):
    rows = "select 'a' as order_id, timestamp '2025-01-02 10:00' as ordered_at, 4.50 as net_amount"
    duckdb.sql(rows).write_parquet(str(tmp_path / "orders.parquet"))
    (tmp_path / "orders.jsonl").write_text('{"order_id": "a", "ordered_at": "2025-01-02T10:00:00Z", "net_amount": "4.50"}\n')
    book = openpyxl.Workbook()
    book.active.append(["order_id", "ordered_at", "net_amount"])
    book.active.append(["a", dt.datetime(2025, 1, 2, 10), 4.5])
    book.save(tmp_path / "orders.xlsx")
    for name in ("orders.parquet", "orders.jsonl", "orders.xlsx"):
        (proposal,) = propose(tmp_path, [tmp_path / name])
        assert mapping(proposal, "orders") == {"order_id": "order_id", "ordered_at": "ordered_at", "net_amount": "net_amount"}
        assert (proposal.path, proposal.settings) == (name, {})


def test_each_table_of_a_workbook_is_a_source_wherever_it_stands_in_its_sheet(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Read me"
    book.active.append(["This workbook was made by hand."])
    orders = book.create_sheet("Orders 2025")
    for row in (["Sales of the year"], [], ["exported by", "Ann"], ["order_id", "ordered_at", "customer_id", "net_amount"]):
        orders.append(row)
    orders.merge_cells("A1:D1")
    orders.append(["a", dt.datetime(2025, 1, 2, 10), "c1", 4.5])
    people = book.create_sheet("Contacts")
    people.append(["contact_id", "created_at", "email", "last_name"])
    people.append(["c1", dt.datetime(2024, 1, 2), "a@x.org", "Lee"])
    book.save(tmp_path / "shop.xlsx")
    _, (first, second, third) = write_proposal(tmp_path / "home", [tmp_path / "shop.xlsx"])
    assert (first.name, first.settings) == ("orders_2025", {"sheet": "Orders 2025", "header_row": 4})
    assert mapping(first, "orders")["contact_ref"] == "customer_id"
    assert (second.name, second.settings) == ("contacts", {"sheet": "Contacts"})
    assert third.problem.startswith("sheet 'Read me': no row names the columns of a table")
    findings = check_home(Home(tmp_path / "home"))
    assert [(each.counts, each.error) for each in findings] == [({"orders": (1, 0)}, ""), ({"contacts": (1, 0)}, "")]


@pytest.mark.parametrize("name", ["orders.csv", "orders.jsonl"])
def test_a_path_from_where_one_stands_is_read(tmp_path, monkeypatch, name):
    (tmp_path / "orders.csv").write_text(PLAIN)
    (tmp_path / "orders.jsonl").write_text('{"order_id": "a", "ordered_at": "2025-01-02T10:00:00Z", "net_amount": "4.50"}\n')
    monkeypatch.chdir(tmp_path)
    assert {"order_id", "net_amount"} <= set(mapping(propose(tmp_path, [Path(name)])[0], "orders"))


def test_every_entity_is_in_the_bank_with_its_columns():
    bank = read_synonyms()
    # decisions on identity are written by a steward for Goodwill, so their columns are called as it calls them
    assert set(ENTITIES) - set(bank) == {"identity_decisions"}
    for entity in set(ENTITIES) & set(bank):
        known = {name.rstrip("?") for name in bank[entity]} - {"files", "gross_paid"}
        assert known <= set(ENTITIES[entity].by_name), entity
        assert {column.name for column in ENTITIES[entity].columns if column.required} <= known, entity


def test_day_files_are_one_source_and_its_pattern_names_no_other_file(tmp_path):
    for day in ("2025-01-02", "2025-01-03"):
        (tmp_path / f"sales_{day}.csv").write_text(PLAIN)
    (together,) = propose(tmp_path, sorted(tmp_path.glob("*.csv")))
    assert (together.name, together.path, together.files) == ("sales", "sales_*.csv", 2)
    (tmp_path / "sales_2025-01-04.csv").write_text(PLAIN)
    named = propose(tmp_path, [tmp_path / "sales_2025-01-02.csv", tmp_path / "sales_2025-01-03.csv"])
    assert [(each.name, each.path) for each in named] == [("sales", "sales_2025-01-02.csv"), ("sales_2", "sales_2025-01-03.csv")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("gone.csv", None, "no such file"),
        ("empty.csv", b"", "is empty"),
        ("blank.csv", b"\n\n", "nothing but blanks"),
        ("packed.csv", gzip.compress(PLAIN.encode(), mtime=0), "gzip-compressed but its name does not end in .gz"),
        ("plain.csv.gz", PLAIN.encode(), "cannot be read"),
        ("plain.zip", PLAIN.encode(), "is a broken zip archive"),
        ("two.zip", zipped(PLAIN.encode(), PLAIN.encode()), "holds 2 files"),
        ("headless.csv", b"1,2025-01-02,4.00\n2,2025-01-03,5.00\n", "the first line looks like data ('1')"),
        ("header.csv", b"order_id,order date\n", "has a header and no rows"),
        ("nameless.csv", b"order_id,order date,\n1,2025-01-02,x\n", "column 3 has no name"),
        ("twice.csv", b"order_id,order_id\n1,2\n", "names a column twice: 'order_id'"),
        ("prose.txt", b"once upon a time\nthere was\n", "no mark cuts its lines"),
        ("page.parquet", b"<html></html>", "Parquet"),
        ("quote.csv", b'order_id,order date\n1,"2025-01-02\n' + b"2,2025-01-03\n" * 20_000, "cannot be cut into fields"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_nothing_is_written(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match="nothing was written") as refused:
        write_proposal(tmp_path / "home", [tmp_path / name])
    assert said in str(refused.value)
    assert not (tmp_path / "home").exists()


def test_the_command_says_how_sure_it_is_and_overwrites_nothing(tmp_path):
    run = CliRunner().invoke(app, ["init", str(tmp_path / "home"), "--from", str(EXPORTS / "commandes.csv"), str(EXPORTS / "clients.csv")])
    assert run.exit_code == 0, run.output
    assert "feed nothing: Montant TTC, Mode de paiement, Vendeur" in run.output
    assert "medium" in run.output
    before = (tmp_path / "home" / "sources.yml").read_bytes()
    again = CliRunner().invoke(app, ["init", str(tmp_path / "home"), "--from", str(EXPORTS / "clients.csv")])
    assert isinstance(again.exception, ConfigurationError)
    assert "already there" in str(again.exception)
    assert (tmp_path / "home" / "sources.yml").read_bytes() == before


def test_files_without_the_option_are_refused(tmp_path):
    run = CliRunner().invoke(app, ["init", str(tmp_path / "home"), "orders.csv"])
    assert "--from orders.csv" in str(run.exception)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("values", "shape", "formats"),
    [
        (["2025-01-02", "2025-02-03 10:00"], "time", ()),
        (["31/12/24", "1/1/25"], "time", ("%d/%m/%y",)),
        (["12/31/2024 2:30 PM"], "time", ("%m/%d/%Y %I:%M %p",)),
        (["1.2.2024", "3.2.2024"], "time", ("%d.%m.%Y", "%m.%d.%Y")),
        (["1-Jan-2015", "28-Feb-2015"], "time", ("%d-%b-%Y",)),
        (["2024/1/5"], "time", ("%Y/%m/%d",)),
        (["1289241912", "1289241942"], "time", ("epoch_s",)),
        (["31/12/2024", "12/31/2024"], "text", ()),
        (["40/40/2024"], "text", ()),
        (["1 234,50", "7,00"], "number", ()),
        (["1e3", "4"], "text", ()),
        (["oui", "non", "oui"], "boolean", ()),
        (["a@example.org", ""], "email", ()),
        (["", ""], "empty", ()),
        (["1"] * 3 + [str(n) for n in range(2, 80)] + ["x"], "number", ()),
    ],
)
def test_what_values_look_like(values, shape, formats):
    look = look_at(values)
    assert (look.shape, look.formats) == (shape, formats)


def test_every_name_of_the_bank_is_written_as_it_is_compared():
    bank = read_synonyms()
    words = [
        name
        for key, value in bank.items()
        for name in (value if isinstance(value, list) else [each for names in value.values() for each in names])
    ]
    assert [word for word in words if not isinstance(word, str) or normal(word) != word] == []
    assert [normal(name) for name in ("InvoiceNo", "N° Commande", "customerID", "Date_de-création", "SKU")] == [
        "invoice no", "n commande", "customer id", "date de creation", "sku",
    ]  # fmt: skip


@pytest.mark.shared_data
@needs_shared
def test_real_day_files_of_a_shop(tmp_path):
    with tarfile.open(SHARED / "online_retail" / "by-day-to-2011-08-31.tar.xz") as packed:
        packed.extractall(tmp_path / "days", filter="data")
    _, (proposal,) = write_proposal(tmp_path / "home", sorted((tmp_path / "days").rglob("*.csv")))
    assert (proposal.files, proposal.to_fill) == (219, [])
    assert mapping(proposal, "orders")["net_amount"] == {"total": "UnitPrice", "times": "Quantity"}
    assert {entity.name for entity in proposal.entities} == {"orders", "order_lines", "products", "refunds"}
    load_sources(tmp_path / "home" / "sources.yml")


@pytest.mark.shared_data
@needs_shared
def test_real_files_of_a_warehouse(tmp_path):
    proposals = {proposal.name: proposal for proposal in propose(tmp_path, sorted((SHARED / "adventureworks").glob("*.gz")))}
    assert mapping(proposals["adventure_works_customers"], "contacts")["contact_id"] == "CustomerKey"
    assert proposals["adventure_works_customers"].settings == {"encoding": "latin-1"}
    assert mapping(proposals["adventure_works_products"], "products")["name"] == "ProductName"
    sales = proposals["adventure_works_sales"]
    assert mapping(sales, "orders")["ordered_at"] == {"lowest": "OrderDate", "format": "%d-%b-%Y"}
    assert [line.column for _, line in sales.to_fill] == ["net_amount"]  # the price is in another file
    assert proposals["AdventureWorks_Sales_2015.csv"].problem == "column 9 has no name in the header: name every column in the first line"
