"""The first and the last event of a part: its control totals ask the zone for few times, and say what asking for all would."""

from __future__ import annotations

import random

import duckdb
import pytest
from goodwill.extract.casting import Caster
from goodwill.sources.connectors.file.settings import FileSource

#: Around the changes of Paris: an hour skipped, the hour behind it, an hour shown twice; with offsets; years whose changes are not listed.
TIMES = (
    *("2024-03-31 01:59:59", "2024-03-31 02:00:00", "2024-03-31 02:30:00", "2024-03-31 03:00:00", "2024-03-31 03:10:00"),
    *("2024-10-27 01:59:00", "2024-10-27 02:30:00", "2024-10-27 03:00:00", "2024-03-31T00:30:00Z", "2024-03-31 02:40:00+0200"),
    *("1976-03-28 01:30:00", "1976-03-28 00:30:00", "2060-03-28 02:30:00", "2024-03-31", "no time"),
)


@pytest.mark.parametrize("zone", ["Europe/Paris", "UTC", "Australia/Lord_Howe"])
@pytest.mark.parametrize(("gap", "overlap"), [("later", "earlier"), ("earlier", "later")])
def test_the_span_is_that_of_all_times(zone, gap, overlap):
    orders = {"columns": {"order_id": "id", "ordered_at": "at", "net_amount": "amount"}}
    source = FileSource(name="shop", path="x.csv", currency="EUR", entities={"orders": orders}, dst_gap=gap, dst_overlap=overlap)
    caster = Caster(source, zone)
    typed, local = caster.timestamp("stamp", "VARCHAR", None), caster.local("stamp", "VARCHAR", None)
    chance = random.Random(7)
    with duckdb.connect() as connection:
        for _ in range(60):
            times = chance.choices(TIMES, k=chance.choice((1, 2, 3)))
            rows = f"(select stamp, {local} as clock from (select unnest(?) as stamp))"
            found = connection.execute(f"select {caster.span('clock', typed)} from {rows}", [times]).fetchone()
            wanted = connection.execute(
                f"select cast(min(v) as varchar), cast(max(v) as varchar) from (select {typed} as v from {rows})", [times]
            )
            assert found == wanted.fetchone(), times
