"""A home in which every kind of file tells of Ann, and what is looked for when she is forgotten."""

from __future__ import annotations

import json
import os
from pathlib import Path
from textwrap import dedent

import duckdb
from goodwill.extract import active_batches, land_source
from goodwill.files import digest
from goodwill.forgetting import Request
from goodwill.home import Home
from goodwill.privacy.hashing import hash_keys
from goodwill.publish.publication import build_publication
from goodwill.publish.swap import swap
from goodwill.sources import load_sources

from tests.unit.privacy.test_forgetting_rows import LINES, PEOPLE, SALES, SOURCES, STEWARD

__all__ = ["CANARIES", "FACTS", "WHO", "everything", "hits", "make_home_of_people", "make_warehouse"]

WHO = Request("Ines", "asked by letter")
#: Ann, in every notation that may stand anywhere.
CANARIES = [b"ann@x.org", b"06 12 34 56 78", b"+33612345678", b"Ann Smith"]
FACTS = {"as_of": "2026-01-31", "code_version": "1", "configuration_sha256": "2"}


def make_home_of_people(folder: Path) -> Home:
    """A home in which every kind of file tells of Ann."""
    (folder / "input").mkdir()
    (folder / "goodwill.yml").write_text("identity: {default_region: FR}\nprivacy: {personal_file: owner}")
    (folder / "sources.yml").write_text(dedent(SOURCES))
    for name, text in {"people": PEOPLE, "sales": SALES, "lines": LINES, "steward": STEWARD}.items():
        (folder / "input" / f"{name}.csv").write_text(dedent(text).lstrip())
    home = Home.at(folder)
    for source in load_sources(home.sources_file).sources:
        land_source(home, source, "UTC")
    people = home.root / "input" / "people.csv"
    people.write_text(people.read_text().replace("Ann@X.org", "ann.old@x.org"))
    land_source(home, load_sources(home.sources_file).by_name("people"), "UTC")
    make_warehouse(home)
    folder = home.run("r1")
    folder.mkdir(parents=True)
    batch = active_batches(home, load_sources(home.sources_file).by_name("people"))[0].batch_id
    (folder / "quarantine.csv").write_text(
        "entity,source,file,row_no,column_name,reason,value,batch_id\n"
        f"contacts,people,people.csv,1,birth_year,BAD,born in Lyon,{batch}\ncontacts,people,people.csv,2,birth_year,BAD,n/a,{batch}\n"
    )
    (folder / "stages.jsonl").write_text('{"message": "Could not convert ANN@x.org"}\n')
    (home.logs / "dbt").mkdir(parents=True)
    (home.logs / "dbt" / "dbt.log").write_text("nothing of anybody\nAnn Smith\n")
    build_publication(home, "r1", FACTS, {}, "owner")
    swap(home, "r1")
    places = home.audit / "segment_ledger" / "000001_2026-01-31_r1"
    places.mkdir(parents=True)
    duckdb.sql(f"copy (select 'crm:17' as person_id, 'loyal' as life_cycle_stage) to '{places}/changes.parquet' (format parquet)")
    (places / "night.json").write_text(json.dumps({"run_id": "r1", "files": {"changes.parquet": digest(places / "changes.parquet")}}))
    home.accepted.parent.mkdir(parents=True)
    os.rename(home.working_copy, home.accepted)
    (home.landing / "people" / ".unfinished").mkdir()
    (home.landing / "people" / ".unfinished" / "page-1.json").write_text("ann@x.org")
    return home


def make_warehouse(home):
    home.working_copy.parent.mkdir(parents=True)
    keys = hash_keys(home)
    with duckdb.connect(str(home.working_copy)) as connection:
        connection.execute("create schema control; create schema staging; create schema model; create schema marts; create schema audit")
        connection.execute("create table control.night as select 'r1' as run_id")
        connection.execute("create table control.keys (inner_key varchar, outer_key varchar)")
        connection.execute("insert into control.keys values (?, ?)", [keys.inner, keys.outer])
        connection.execute(
            "create table marts.dim_customers (person_id varchar primary key, city varchar, revenue_amount decimal(18,2));"
            "insert into marts.dim_customers values ('crm:17', 'Lyon', 17), ('crm:18', 'Nice', 20);"
            "create table marts.person_contacts as select * from (values ('crm:17', 'crm:17'), ('crm:20', 'crm:17'), ('crm:18', 'crm:18'), "
            "('crm:19', 'crm:19')) as t (contact_id, person_id);"
            "create table marts.fct_order_lines as select 'crm:17' as person_id, 'crm:17' as product_id, 7.0 as net_amount;"
            "create table marts.fct_refunds as select 'r1' as refund_id, 'crm:17' as person_id, 'she sent it back' as reason, 5.0 as amount "
            "union all select 'r2', 'crm:18', 'broken', 6.0;"
            "create table marts.referral_edges as select 'crm:18' as referred_person_id, 'crm:17' as referrer_person_id, true as is_valid;"
            "create table staging.base_contacts as select 'crm:17' as contact_id, 'Ann' as first_name, 'Lyon' as city, 'ann@x.org' as email, "
            "[{'column_name': 'x', 'value': 'Ann'}] as _problems;"
            "insert into staging.base_contacts select 'crm:18', 'Bob', 'Nice', 'bob@x.org', null;"
            "create view staging.stg_contacts as select * from warehouse.staging.base_contacts;"
            "create table model.phone_numbers as select '06 12 34 56 78' as raw_phone, '+33612345678' as e164;"
            "comment on column marts.dim_customers.city is 'Where.'"
        )


def everything(home):
    """The bytes of every file of the home but the sources' own, and the cells of packed ones."""
    for path in home.root.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.parts[len(home.root.parts)] != "input":
            yield path, path.read_bytes()
            if path.suffix == ".parquet":
                yield path, str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall()).encode()
            elif path.suffix == ".duckdb":
                with duckdb.connect(str(path), read_only=True) as connection:
                    for schema, table in connection.execute("select schema_name, table_name from duckdb_tables()").fetchall():
                        yield path, str(connection.execute(f"from {schema}.{table}").fetchall()).encode()


def hits(home):
    return sorted(
        {str(path.relative_to(home.root)) for path, text in everything(home) for word in CANARIES if word.lower() in text.lower()}
    )
