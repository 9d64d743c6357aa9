"""Columns of which it is known while they are written that their text needs no healing."""

from __future__ import annotations

import pyarrow as pa
import pytest
from goodwill.extract import land_source
from goodwill.extract.batches import active_batches
from goodwill.sources import load_sources
from goodwill.sources.connectors.file.rows import _is_plain
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.lists(st.none() | st.text(alphabet=st.sampled_from("ab\t \né\u200b\x1f~"), max_size=4))


@given(TEXTS, TEXTS)
def test_a_plain_array_is_told_whatever_stands_before_it_in_memory(before, texts):
    given_ones = [text for text in texts if text]
    plain = all(text.isascii() and text[0] > " " and text[-1] > " " for text in given_ones)
    assert _is_plain(pa.array([*before, *texts], pa.string()).slice(len(before))) is plain


SOURCES = """
sources:
  - name: shop
    path: input/orders.csv
    time_zone: Europe/Paris
    entities: {orders: {columns: {order_id: id, ordered_at: at, contact_ref: who, net_amount: amount, status: note, channel: way}}}
"""
HEADER = "id,at,who,amount,note,way\n"


@pytest.mark.parametrize("where", ["first", "last", "with care"])
def test_one_odd_value_anywhere_is_counted(make_home, where):
    rows = [f"{number},2025-03-01 10:00:00,c{number},1.50,paid,web" for number in range(2000)]
    odd = "odd,2025-03-30 02:30:00,c,1.50, paid ,web"
    rows.insert(0 if where == "first" else 1999, odd)
    if where == "with care":
        rows.append('x,2025-03-01 10:00:00,c,1.50,"never closed,web')
    home = make_home(SOURCES, **{"orders.csv": HEADER + "\n".join(rows) + "\n"})
    (source,) = load_sources(home.sources_file).sources
    land_source(home, source, "UTC")
    (batch,) = active_batches(home, source)
    assert batch.totals["orders"].notes == {"status:TRIMMED": 1, "ordered_at:DST_GAP": 1}
