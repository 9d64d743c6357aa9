"""What is landed depends on what was sent last of each file, not on the order in which the files came, nor on what was sent before."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
from goodwill.entities import ENTITIES
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.home import Home
from goodwill.sources import load_sources
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

SOURCES = """
sources:
  - name: shop
    path: "input/*.csv"
    newest: name
    entities: {orders: {columns: {order_id: id, ordered_at: day, net_amount: amount}}}
"""
#: Version of a file → its rows: corrected, shorter, longer; the last also says again what another day said.
VERSIONS = {
    1: "id,day,amount\n{f}1,2025-03-01,1.00\n{f}2,2025-03-01,2.00\n",
    2: "id,day,amount\n{f}1,2025-03-01,1.50\n{f}2,2025-03-01,2.00\n",
    3: "id,day,amount\n{f}2,2025-03-01,2.00\n",
    4: "id,day,amount\n{f}1,2025-03-01,9.00\na1,2025-03-02,4.00\n{f}3,2025-03-02,3.00\n",
}
DELIVERIES = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(sorted(VERSIONS))), min_size=1, max_size=7)


def after(nights: list[list[tuple[str, int]]]) -> tuple[list[tuple[str, str]], list[tuple]]:
    """The batches that are read, in order, and their rows, after these deliveries, night by night."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "input").mkdir()
        (root / "goodwill.yml").write_text("company: {currency: EUR}\n")
        (root / "sources.yml").write_text(SOURCES)
        home = Home.at(root)
        sources = load_sources(home.sources_file)
        for night in nights:
            for file, version in night:
                (root / "input" / f"{file}.csv").write_text(VERSIONS[version].format(f=file))
            land_source(home, sources.sources[0], "UTC")
        view = landed_view(home, sources, ENTITIES["orders"], "UTC")
        rows = duckdb.sql(f"select _batch_id, _row_no, order_id, ordered_at, net_amount from ({view}) order by all").fetchall()
        return [(batch.file, batch.batch_id) for batch in active_batches(home, sources.sources[0])], rows


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([("a", 1), ("a", 2), ("a", 1)], 1)
@example([("b", 4), ("a", 1), ("b", 1), ("b", 4)], 1)
@given(DELIVERIES, st.integers(1, 3))
def test_only_what_was_sent_last_of_each_file_counts(deliveries, a_night):
    nights = [deliveries[start : start + a_night] for start in range(0, len(deliveries), a_night)]
    last = dict(deliveries)
    found = after([*nights, []])
    assert found == after([list(last.items())])
    assert found == after([[each] for each in sorted(last.items(), reverse=True)])
    assert [file for file, _ in found[0]] == [f"input/{file}.csv" for file in sorted(last)]
