"""Canaries in every column that tells of a person: where they turn up after a night, and that an erasure leaves none anywhere."""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.forgetting import Asked, Request, erase
from goodwill.home import Home
from goodwill.privacy.keys import VARIABLE as SECRET
from goodwill.sources import load_sources

EMAIL, PHONE, NAME = "canary.zq7@nowhere.example", "+33655501234", "Quetzalina"
#: Told apart from anything the shop makes up.
CANARIES = (EMAIL, PHONE, NAME, "Xanthippopolis", "canary-print", "canary-code", "canary-text", "C-canary")
PLANTED = {
    "email": EMAIL,
    "phone": PHONE,
    "first_name": NAME,
    "last_name": f"{NAME}-Zq",
    "company": f"{NAME} & sons",
    "postcode": "Xanthippopolis 1",
    "city": "Xanthippopolis",
    "owner": f"{NAME}'s aunt",
    "referral_code": "canary-code",
    "address_fingerprint": "canary-print",
    "payment_fingerprint": "canary-print",
    "text_ref": "canary-text",
}
FIGURES = """
    select (select sum(net_amount) from marts.fct_orders), (select count(*) from marts.fct_orders), (select sum(refunded_amount) from marts.fct_refunds),
        (select count(*) from marts.dim_customers), (select count(*) from marts.dim_customers where is_customer),
        (select sum(revenue_amount) from marts.dim_customers), (select sum(customers_count) from marts.cohort_retention),
        (select count(*) from marts.referral_edges where edge_status = 'valid')
"""


def rewrite(path: Path, change) -> None:
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def shop(shop_home) -> Home:
    """A shop in which one customer with orders, events and a bad row is the canary; the secret is its own, in a file."""
    home = shop_home(orders=500)
    data = home.root / "input"
    orders = list(csv.DictReader((data / "orders.csv").open(newline="")))
    refunded = {row["order_id"] for row in csv.DictReader((data / "refunds.csv").open(newline=""))}
    whose = next(row["contact_ref"] for row in orders if row["order_id"] in refunded and row["contact_ref"].startswith("C"))

    for path in data.glob("*.csv"):  # an id is a canary too, in whatever column it turns up
        rewrite(path, lambda rows: [row.update({key: "C-canary-1" for key, value in row.items() if value == whose}) for row in rows])
    whose = "C-canary-1"

    def contacts(rows):
        for row in rows:
            if row["contact_id"] == whose:
                row.update({key: value for key, value in PLANTED.items() if key in row})
                again = dict(row, contact_id="C-canary-bad", created_at=f"not a day, says {NAME}", email=EMAIL, referral_code="")
        rows.append(again)
        rows.append(dict(again, contact_id="C-canary-2", created_at=rows[0]["created_at"], phone=""))
        rows.append(
            dict(
                again,
                contact_id="C-friend",
                created_at=rows[0]["created_at"],
                email="",
                phone="",
                first_name="Bo",
                last_name="Li",
                company="",
                postcode="",
                city="",
                owner="",
                address_fingerprint="",
                referred_by=EMAIL,
                merged_into="",
                deleted_at="",
            )
        )

    def trade(rows):
        mine = [row for row in rows if row["contact_ref"] == whose]
        for row in mine:
            row.update({key: value for key, value in PLANTED.items() if key in row})
        mine[0]["contact_ref"] = EMAIL.upper()
        rows.append(
            dict(
                mine[0], **{next(iter(mine[0])): "canary-row"}, **{"net_amount" if "net_amount" in mine[0] else "cost": f"owed by {EMAIL}"}
            )
        )

    def refunds(rows):
        for row in rows:
            row["reason"] = (
                f"{EMAIL} was not amused"
                if row["order_id"] in {each["order_id"] for each in orders if each["contact_ref"] == whose}
                else row["reason"]
            )

    rewrite(data / "contacts.csv", contacts)
    rewrite(data / "orders.csv", trade)
    rewrite(data / "contact_events.csv", trade)
    rewrite(data / "refunds.csv", refunds)
    (home.root / "goodwill.yml").write_text(
        (home.root / "goodwill.yml").read_text() + "identity: {default_region: FR}\nquality: {quarantine_share: 0.5}\n"
    )
    return home


@pytest.fixture(scope="module")
def nights(run_night, shop, airflow):
    """A night, the files in which canaries were found after it, an erasure, and the night after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(SECRET)
        first = run_night(shop)
        assert first.verdict == "published", first.record
        found = dict(canaries(shop, airflow))
        figures = first.rows(FIGURES)
        done = erase(shop, Asked(email=EMAIL), Request("Ines", "asked by letter"))
        after = dict(canaries(shop, airflow))
        second = run_night(shop)
        assert second.verdict == "published", second.record
        yield shop, found, figures, done, after, second


def texts(path: Path) -> Iterator[str]:
    """A file as text, and what is packed in it."""
    content = path.read_bytes()
    yield content.decode("utf-8", "ignore")
    if path.suffix == ".gz":
        yield gzip.decompress(content).decode("utf-8", "ignore")
    elif path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name).decode("utf-8", "ignore") for name in archive.namelist())
    elif path.suffix == ".parquet":
        yield str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall())
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                yield str(connection.execute(f"from {schema}.{table}").fetchall())


def canaries(home: Home, *more: Path) -> Iterator[tuple[str, set[str]]]:
    """Files of the home but the sources' own, and of other folders (Airflow's), that hold a canary in any letter case."""
    for root in (home.root, *more):
        for path in root.rglob("*"):
            if path.is_file() and not path.is_symlink() and path.relative_to(root).parts[0] != "input":
                held = "\n".join(texts(path)).lower()
                hits = {word for word in CANARIES if word.lower() in held}
                if hits:
                    yield str(path.relative_to(root)), hits


def test_canaries_stand_only_where_they_are_declared(nights):
    _, found, *_ = nights
    places = {(Path(path).parts[0], Path(path).name) for path in found}
    segments = {(folder, name) for folder in ("audit", "runs") for name in ("changes.parquet", "values.parquet")}
    assert places == {("landing", "rows.parquet"), ("warehouse", "warehouse.duckdb"), ("runs", "quarantine.csv")} | segments, found
    words = {word for path, hits in found.items() if Path(path).name in ("changes.parquet", "values.parquet") for word in hits}
    assert words == {"C-canary"}, "the decisions about customers name them by the ids of their sources, and say nothing else of them"


def test_every_column_that_tells_of_a_person_was_planted():
    told = {column.name for entity in ENTITIES.values() for column in entity.columns if column.about in ("email", "phone", "value", "code")}
    assert told - {"birth_year"} == set(PLANTED)


def test_after_an_erasure_there_is_none_anywhere(nights):
    _, _, _, done, after, _ = nights
    assert after == {}
    assert done.left == ()


def test_the_night_after_has_the_same_figures_and_no_canary(nights):
    home, _, figures, _, _, second = nights
    assert dict(canaries(home)) == {}
    assert second.rows(FIGURES) == figures


def test_files_with_people_in_them_are_for_their_owner(nights):
    home, *_ = nights
    for private in (home.landing, home.warehouse, home.privacy):
        assert private.stat().st_mode & 0o077 == 0, private
    for path in (home.root / "runs").glob("*/quarantine.csv"):
        assert path.stat().st_mode & 0o077 == 0, path
    assert home.secret_file.stat().st_mode & 0o777 == 0o600
    assert {source.name for source in load_sources(home.sources_file).sources} >= {"contacts", "orders"}
