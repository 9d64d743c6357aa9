"""Rows that are rejected, exported, mended and brought back: what the tests of corrections share."""

from __future__ import annotations

import csv

import duckdb
from goodwill.entities import ENTITIES
from goodwill.extract import active_batches, carry_over, land_source, landed_view
from goodwill.extract.correction_files import export, readmit
from goodwill.extract.corrections import Signed
from goodwill.extract.quarantine import Rejected
from goodwill.sources import load_sources

__all__ = ["LINES", "ORDERS", "SIGNED", "TILL", "back", "counted", "land", "mend", "out", "rejected"]

ORDERS = """
    order_id,ordered_at,customer_id,amount
    a,2025-03-01,c1,10.50
    b,2025-03-02,c2,"1,50"
    c,soon,c3,3
    d,2025-03-04,c4
"""
SIGNED = Signed("Ada", "typing errors of the till")
TILL = """
    sources:
      - name: till
        path: input/till.csv
        entities:
          orders: {group_by: basket, columns: {order_id: basket, ordered_at: {lowest: at}, contact_ref: card, net_amount: {total: total}}}
          order_lines: {columns: {order_id: basket, line_no: {occurrence: basket}, product_id: item, net_amount: total}}
"""
LINES = """
    basket,at,card,item,total
    b1,2025-03-01,k1,milk,1.50
    b1,2025-03-01,k1,bread,oops
    b2,2025-03-01,k2,milk,1.50
    b1,2025-03-01,k1,jam,2.00
"""


def land(home):
    for source in load_sources(home.sources_file).sources:
        land_source(home, source, "UTC")
        carry_over(home, source, "UTC")


def rejected(home, entity="orders"):
    """What the reading itself rejects, as a night lists it: rows that a correction replaced are not judged."""
    sources = load_sources(home.sources_file)
    gone = {key for source in sources.sources for batch in active_batches(home, source) for key in batch.corrects}
    view = landed_view(home, sources, ENTITIES[entity], "UTC")
    found = duckdb.sql(
        f"select _source, _batch_id, _file, _row_no, unnest(_problems, recursive := true) from ({view}) order by _row_no"
    ).fetchall()
    return [
        Rejected(entity, source, batch, file, row, column, reason, value or "")
        for source, batch, file, row, column, reason, value in found
        if (batch, row) not in gone
    ]


def counted(home, columns, entity="orders", order=1):
    """The rows of an entity that count: not replaced, and without a problem."""
    sources = load_sources(home.sources_file)
    gone = {key for source in sources.sources for batch in active_batches(home, source) for key in batch.corrects}
    view = landed_view(home, sources, ENTITIES[entity], "UTC")
    found = duckdb.sql(f"select {columns}, _batch_id, _row_no, len(_problems) from ({view}) order by {order}").fetchall()
    return [row[:-3] for row in found if row[-3:-1] not in gone and not row[-1]]


def out(home, target, entity="orders"):
    source = load_sources(home.sources_file).sources[0]
    done = export(home, source, rejected(home, entity), target)
    with target.open(newline="") as stream:
        return done, list(csv.DictReader(stream))


def back(home, path, rows, signed=SIGNED):
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return readmit(home, load_sources(home.sources_file), "UTC", path, signed)


def mend(rows, **columns):
    """Rows with cells changed: `mend(rows, b={"amount": "1.50"})`, found by their order."""
    return [{**row, **columns.get(row["order_id"], {})} for row in rows]
