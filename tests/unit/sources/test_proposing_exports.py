"""`goodwill init --from` on exports people have: what is proposed reads them whole, with little or nothing edited."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pytest
import yaml
from goodwill.cli.checking import check_home
from goodwill.cli.starting import write_proposal
from goodwill.extract import land_source
from goodwill.extract.batches import read_manifests
from goodwill.home import Home
from goodwill.sources import load_sources
from goodwill.sources.proposing.amounts import currencies, taken_apart
from goodwill.sources.proposing.looks import look_at

#: Payments of a payment service: one was paid back, one failed, and those without an invoice have none.
PAYMENTS = """id,Created date (UTC),Amount,Amount Refunded,Currency,Fee,PaymentIntent ID,Refunded date (UTC),Status,Customer ID,Customer Email,Invoice ID
ch_1,2024-03-01 10:00:05,12.50,0.00,eur,0.45,pi_1,,Paid,cus_1,a@example.org,
ch_2,2024-03-02 10:00:05,20.00,20.00,eur,0.55,pi_2,2024-03-09 08:00:00,Refunded,cus_2,b@example.org,in_2
ch_3,2024-03-03 10:00:05,7.00,0.00,eur,0.00,pi_3,,Failed,cus_1,a@example.org,
"""
TRANSACTIONS = """Date,Time,Time Zone,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Payment ID,Event Type,Customer ID,Customer Name
2024-03-01,10:05:00,Eastern Time (US & Canada),"$1,012.50",-$2.50,"$1,010.00",$80.80,T1,P1,Payment,C1,Ann Bee
2024-03-02,11:05:00,Eastern Time (US & Canada),-$4.00,$0.00,-$4.00,-$0.32,T2,P2,Refund,,
2024-03-03,12:05:00,Eastern Time (US & Canada),$4.00,$0.00,$4.00,$0.32,T3,P3,Payment,C2,Cy Dee
"""
ITEMS = """Date,Time,Category,Item,Qty,SKU,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Customer ID
2024-03-01,10:05:00,Drinks,Latte,2.0,S1,$9.00,$0.00,$9.00,$0.72,T1,C1
2024-03-01,10:05:00,Drinks,Tea,1.0,S2,$3.00,-$1.00,$2.00,$0.16,T1,C1
2024-03-02,11:05:00,Drinks,Tea,1.0,S2,$3.00,$0.00,$3.00,$0.24,T2,
"""
#: A marketplace's report: two pieces for 20.00, and names with lone quotes.
REPORT = "".join(
    "\t".join(row.split("|")) + "\n"
    for row in (
        "amazon-order-id|purchase-date|buyer-email|sku|product-name|quantity-purchased|currency|item-price|item-tax|shipping-price",
        '402-1|2024-03-01T10:00:00+00:00|a@market.example|S1|Hose 5" long|2|EUR|20.00|0.00|3.99',
        '402-1|2024-03-01T10:00:00+00:00|a@market.example|S2|"Deluxe kettle|1|EUR|30.00|0.00|0.00',
        "402-2|2024-03-02T10:00:00+00:00|b@market.example|S1|Hose|1|EUR|10.00|0.00|3.99",
    )
)
MEMBERS = """Email Address,First Name,Last Name,Phone Number,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,CC,REGION,LAST_CHANGED,LEID,EUID,TAGS
a@example.org,Ann,Bee,+33612345678,2,,2023-05-01 10:05:00,FR,idf,2024-01-01 08:00:00,9001,ab01,VIP
b@example.org,Cy,Dee,,4,2023-05-02 10:00:00,2023-05-02 10:05:00,FR,idf,2024-01-02 08:00:00,9002,ab02,
"""
PEOPLE = """Person - ID,Person - Name,Person - First name,Person - Last name,Person - Organization,Person - Email - Work,Person - Phone - Work,Person - Owner,Person - Person created,Person - Update time
1,Ann Bee,Ann,Bee,Acme,a@example.org,+33612345678,Sam,2023-05-01 10:00:00,2024-05-01 10:00:00
2,Cy Dee,Cy,Dee,Acme,b@example.org,,Sam,2023-05-02 10:00:00,2024-05-02 10:00:00
"""
CONTACTS = {"contacts": (2, 0)}


@pytest.mark.parametrize(
    ("name", "content", "settings", "counts"),
    [
        ("unified_payments.csv", PAYMENTS, {"time_zone": "UTC"}, {"orders": (3, 0), "refunds": (1, 0)}),
        (
            "payments.csv",
            PAYMENTS.replace("Created date (UTC)", "Created (UTC)"),
            {"time_zone": "UTC"},
            {"orders": (3, 0), "refunds": (1, 0)},
        ),
        ("transactions.csv", TRANSACTIONS, {"thousands": ",", "amounts": "written"}, {"orders": (2, 0), "refunds": (1, 0)}),
        ("items.csv", ITEMS, {"amounts": "written"}, {"orders": (2, 0), "order_lines": (3, 0), "products": (2, 0)}),
        ("report.txt", REPORT, {"delimiter": "\t", "quote": "none"}, {"orders": (2, 0), "order_lines": (3, 0), "products": (2, 0)}),
        ("subscribed_members_export.csv", MEMBERS, {}, CONTACTS),
        ("people-17.csv", PEOPLE, {}, CONTACTS),
        ("personnes.csv", PEOPLE.replace("Person - ", ""), {}, CONTACTS),
    ],
)
def test_an_export_is_proposed_whole_and_reads(tmp_path, name, content, settings, counts):
    (tmp_path / name).write_text(content)
    files = [tmp_path / name]
    if "orders" not in counts:
        (tmp_path / "payments.csv").write_text(PAYMENTS)
        files.append(tmp_path / "payments.csv")
    _, proposals = write_proposal(tmp_path / "home", files)
    assert (proposals[0].settings, proposals[0].to_fill) == (settings, [])
    written = tmp_path / "home" / "sources.yml"
    written.write_text(written.read_text().replace("# currency: USD", "currency: USD"))  # the one line a person has to say
    finding = check_home(Home.at(tmp_path / "home"))[0]
    assert (finding.error, finding.problems, finding.counts) == ("", {}, counts)


def mapped(proposal, entity: str) -> dict:
    return {line.column: line.how for each in proposal.entities if each.name == entity for line in each.lines}


def entities(tmp_path, name: str, content: str) -> dict:
    (tmp_path / name).write_text(content)
    write_proposal(tmp_path / "home", [tmp_path / name])
    (source,) = yaml.safe_load((tmp_path / "home" / "sources.yml").read_text())["sources"]
    return source["entities"]


def test_a_payment_is_an_order_under_its_own_number_and_what_was_paid_back_a_refund(tmp_path):
    found = entities(tmp_path, "unified_payments.csv", PAYMENTS)
    assert found["orders"]["columns"]["order_id"] == "id", "an invoice that most have not is no key"
    assert found["orders"]["columns"]["status"] == {"column": "Status", "translate": {"Failed": "cancelled"}}
    assert found["refunds"]["columns"] == {
        "refund_id": "id",
        "order_id": "id",
        "refunded_at": {"column": "Refunded date (UTC)", "otherwise": ["Created date (UTC)"]},
        "amount": "Amount Refunded",
        "currency": "Currency",
    }


def test_the_price_of_an_item_is_that_of_its_pieces_where_a_marketplace_reports_it(tmp_path):
    found = entities(tmp_path, "report.txt", REPORT)
    assert found["orders"]["columns"]["net_amount"] == {"total": "item-price"}
    assert "unit_price" not in found["order_lines"]["columns"]
    other = "order id,order date,sku,qty,item price\nA,2025-01-02,p1,2,5.00\nA,2025-01-02,p2,1,8.00\n"
    (tmp_path / "other").mkdir()
    found = entities(tmp_path / "other", "orders.csv", other)
    assert found["orders"]["columns"]["net_amount"] == {"total": "item price", "times": "qty"}


def test_of_two_columns_called_alike_the_one_that_is_filled_is_read(tmp_path):
    (tmp_path / "members.csv").write_text(MEMBERS)
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "members.csv"])
    assert {line.column: line.how for line in proposal.entities[0].lines}["created_at"] == "CONFIRM_TIME"


def test_what_is_never_above_zero_is_turned_round(tmp_path):
    """Discounts and fees that are written as what they take away."""
    found = entities(tmp_path, "transactions.csv", TRANSACTIONS)
    assert found["orders"]["columns"]["discount_amount"] == {"column": "Discounts", "negate": True}
    other = TRANSACTIONS.replace("-$2.50", "$2.50")
    (tmp_path / "other").mkdir()
    assert entities(tmp_path / "other", "transactions.csv", other)["orders"]["columns"]["discount_amount"] == "Discounts"


def test_a_day_of_refund_that_no_row_of_the_sample_has_is_read_where_it_comes(tmp_path):
    rows = "\n".join(line for line in PAYMENTS.splitlines() if "Refunded," not in line or line.startswith("id")) + "\n"
    refunded = entities(tmp_path, "unified_payments.csv", rows)["refunds"]["columns"]["refunded_at"]
    assert (refunded["column"], refunded["otherwise"]) == ("Refunded date (UTC)", ["Created date (UTC)"])


def test_a_sign_that_means_one_currency_says_it_and_one_that_means_many_is_asked(tmp_path):
    rows = "order id,order date,customer id,net amount\n1,2025-01-02,c,{0}10.50\n2,2025-01-03,d,({0}2.00)\n"
    for number, (sign, said, asked) in enumerate((("€ ", {"amounts": "written", "currency": "EUR"}, 0), ("$", {"amounts": "written"}, 1))):
        path = tmp_path / f"orders_{'ab'[number]}.csv"
        path.write_text(rows.format(sign))
        _, (proposal,) = write_proposal(tmp_path / f"home{number}", [path])
        assert proposal.settings == said
        assert sum("which currency is $?" in question for _, question in proposal.questions) == asked
        assert [entity.name for entity in proposal.entities] == ["orders", "refunds"]


@pytest.mark.parametrize(
    ("value", "number", "sign"),
    [("€ 12,50", "12,50", "€"), ("(12.50)", "-12.50", ""), ("12.50-", "-12.50", ""), ("US$ 5", "5", "US$"), ("12 EUR", "12", "EUR")],
)
def test_an_amount_is_taken_apart(value, number, sign):
    assert taken_apart(value) == (number, frozenset({sign} - {""}))


@pytest.mark.parametrize("value", ["R12", "SK-3", "INV 100", "(555) 1234", "12.50 to 13", "-(3)", "EUR", ""])
def test_what_is_no_amount_is_not(value):
    assert taken_apart(value) is None


def test_numbers_of_things_stay_texts():
    assert [look_at(values).shape for values in (["R12", "R13"], ["SKU 1", "SKU 2"], ["A-1", "A-2"])] == ["text"] * 3
    assert currencies({"$", "CAD"}) == {"CAD"}
    assert currencies({"€", "$"}) == set()


TILL = "Date;Heure;Ticket;Client;Montant HT\n31/03/2024;14:05:09;1;C1;5,00\n01/04/2024;09:30:00;2;C2;7,50\n"


@pytest.mark.parametrize(
    ("text", "how", "first"),
    [
        (TILL, {"column": "Date", "followed_by": "Heure", "format": "%d/%m/%Y %H:%M:%S"}, "2024-03-31 12:05:09"),
        (
            "Receipt No,Date,Time,Till,Net amount\nR1,2024-03-31,9:05 AM,3,5.00\nR2,2024-04-01,11:30 PM,3,7.50\n",
            {"column": "Date", "followed_by": "Time", "format": "%Y-%m-%d %I:%M %p"},
            "2024-03-31 07:05:00",
        ),
        (
            "Receipt No,Date,Time,SKU,Qty,Net amount\nR1,3/13/2024,09:05,A,1,5.00\nR1,3/13/2024,09:06,B,1,7.50\n",
            {"lowest": "Date", "followed_by": "Time", "format": "%m/%d/%Y %H:%M"},
            "2024-03-13 08:05:00",
        ),
    ],
)
def test_a_day_and_a_time_of_their_own_columns_are_one_moment(tmp_path, text, how, first):
    (tmp_path / "ventes.csv").write_text(text)
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "ventes.csv"])
    assert mapped(proposal, "orders")["ordered_at"] == how
    assert any("time_zone" in question for question, _ in proposal.questions)
    sources = load_sources(Home.at(tmp_path / "home").sources_file)
    land_source(Home.at(tmp_path / "home"), sources.sources[0], "Europe/Paris")
    (landed,) = read_manifests(Home.at(tmp_path / "home"), sources.sources[0].name)
    assert landed.totals["orders"].first_event == first


def test_of_a_workbook_too(tmp_path):
    book = openpyxl.Workbook()
    for row in (
        ["Ticket", "Date", "Heure", "Montant HT"],
        ["1", dt.datetime(2024, 3, 31), dt.time(14, 5, 9), 5],
        ["2", dt.datetime(2024, 4, 1), dt.time(9), 7.5],
    ):
        book.active.append(row)
    book.save(tmp_path / "ventes.xlsx")
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "ventes.xlsx"])
    assert mapped(proposal, "orders")["ordered_at"] == {"column": "Date", "followed_by": "Heure", "format": "%Y-%m-%d %H:%M:%S"}
    (finding,) = check_home(Home.at(tmp_path / "home"))
    assert (finding.error, finding.problems, finding.counts) == ("", {}, {"orders": (2, 0)})


def test_a_key_made_of_a_row_tells_two_sales_of_a_day_by_their_time(tmp_path):
    (tmp_path / "ventes.csv").write_text(TILL.replace("Ticket", "Caisse"))
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "ventes.csv"])
    assert mapped(proposal, "orders")["order_id"] == {"hash": ["Client", "Montant HT", "Date", "Heure"]}


def test_two_columns_of_times_of_day_are_left_alone(tmp_path):
    (tmp_path / "ventes.csv").write_text(
        TILL.replace("Heure;", "Heure;Fermeture;").replace(":09;", ":09;18:00:00;").replace("30:00;", "30:00;18:00:00;")
    )
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "ventes.csv"])
    assert mapped(proposal, "orders")["ordered_at"] == {"column": "Date", "format": "%d/%m/%Y"}


def test_a_refund_has_its_own_day_and_not_the_time_of_its_order(tmp_path):
    text = "Ticket;Date;Heure;Client;Montant HT;Amount Refunded;Refunded date\n1;31/03/2024;14:05:09;C1;5,00;;\n2;01/04/2024;09:30:00;C2;7,50;2,50;13/04/2024\n"
    (tmp_path / "ventes.csv").write_text(text)
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "ventes.csv"])
    assert mapped(proposal, "refunds")["refunded_at"] == {"column": "Refunded date", "format": "%d/%m/%Y", "otherwise": ["Date"]}
    (finding,) = check_home(Home.at(tmp_path / "home"))
    assert (finding.error, finding.problems, finding.counts) == ("", {}, {"orders": (2, 0), "refunds": (1, 0)})


SITE = "Commande;Date;Courriel;Statut;Total HT\n" + "".join(
    f"W{n};2024-03-{n:02};a{n}@x.example;{status};10,50\n"
    for n, status in enumerate(("Payée", "Expédiée", "Annulée", "Remboursée", "paid", "En litige"), 1)
)


def test_words_for_what_an_order_is_are_translated_and_others_are_named(tmp_path):
    (tmp_path / "site.csv").write_text(SITE)
    _, (proposal,) = write_proposal(tmp_path / "home", [tmp_path / "site.csv"])
    (line,) = [each for entity in proposal.entities for each in entity.lines if each.column == "status"]
    assert line.how == {
        "column": "Statut",
        "translate": {"Payée": "paid", "Expédiée": "shipped", "Annulée": "cancelled", "Remboursée": "refunded"},
    }
    assert line.sure == "medium"
    assert "counted as sales until they are translated or listed in goodwill.yml: En litige;" in line.why
    assert line.why.endswith("the money back being a refund of its own: Remboursée")
    (tmp_path / "plain.csv").write_text(SITE.replace("Remboursée", "Payée").replace("En litige", "Livrée"))
    (tmp_path / "other").mkdir()
    _, (proposal,) = write_proposal(tmp_path / "other" / "home", [tmp_path / "plain.csv"])
    (line,) = [each for entity in proposal.entities for each in entity.lines if each.column == "status"]
    assert (line.sure, line.why) == ("high", "called so")


PEOPLE_BESIDE = "Client ID;Nom;Courriel;Créé le\n" + "".join(f"K-{n:03};Nom {n};A{n}@x.example;2024-01-{n:02}\n" for n in range(1, 9))
SALES_BESIDE = "Commande;Date;Client;Courriel;Total HT\n" + "".join(
    f"W{n};2024-03-{n:02};Client {n % 4};a{n % 5 + 1}@x.example;10,50\n" for n in range(1, 13)
)


def who(tmp_path, sales: str, *people: str):
    (tmp_path / "ventes.csv").write_text(sales)
    for text in people:
        (tmp_path / "clients.csv").write_text(text)
    files = [tmp_path / "ventes.csv", *([tmp_path / "clients.csv"] if people else [])]
    _, (proposal, *_) = write_proposal(tmp_path / "home", files)
    (line,) = [each for entity in proposal.entities for each in entity.lines if each.column == "contact_ref"]
    return line, proposal


def test_who_ordered_is_read_from_the_column_whose_values_are_the_contacts_of_the_file_beside(tmp_path):
    line, proposal = who(tmp_path, SALES_BESIDE, PEOPLE_BESIDE)
    assert (line.how, line.sure) == ("Courriel", "medium")
    assert line.why == "5 of 5 are contacts of clients, of Client none is"
    assert proposal.unplaced == [("Client", "called like orders.contact_ref, but none of its values is a contact's")]


def test_where_the_column_called_so_meets_the_contacts_it_stays(tmp_path):
    line, _ = who(tmp_path, SALES_BESIDE.replace("Client ", "K-00"), PEOPLE_BESIDE)
    assert line.how == "Client"
    assert line.why.endswith("; 3 of 4 are contacts of clients")


def test_where_nobody_meets_it_is_less_sure(tmp_path):
    line, _ = who(tmp_path, SALES_BESIDE.replace("@x.", "@elsewhere."), PEOPLE_BESIDE)
    assert line.how == "Client"
    assert line.sure == "medium"
    assert line.why.endswith("; none of the sample is a contact of clients")


def test_an_address_that_nothing_reads_is_named_where_no_contacts_are_beside(tmp_path):
    line, _ = who(tmp_path, SALES_BESIDE)
    assert line.how == "Client"
    assert line.sure == "medium"
    assert "; Courriel has e-mail addresses and feeds nothing" in line.why
