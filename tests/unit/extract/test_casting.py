"""Wall clocks: the SQL says what the tz database says, on every day of change and between, by both rules."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal
from zoneinfo import ZoneInfo

import duckdb
import pytest
from goodwill.extract.casting import Caster
from goodwill.extract.zones import in_gap, in_overlap, to_utc, zone_changes
from goodwill.sources.connectors import CONNECTORS

EPOCH = dt.datetime(1970, 1, 1)
AROUND = (-61, -60, -31, -30, -1, 0, 1, 29, 30, 59, 60, 61, 90)


@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca", "Pacific/Apia"]
)
def test_wall_clocks_read_as_the_tz_database_says(zone):
    chance = random.Random(1)
    walls = [dt.datetime(1991, 1, 1) + dt.timedelta(minutes=chance.randrange(60 * 24 * 365 * 58)) for _ in range(500)]
    for change in zone_changes(zone):
        walls += [EPOCH + dt.timedelta(seconds=change.instant + change.before + 60 * minutes) for minutes in AROUND]
    walls = [wall for wall in walls if 1990 <= wall.year < 2038]
    # fold 0 reads a missing hour later and a double one earlier, fold 1 the other way round
    with duckdb.connect() as connection:
        connection.execute("create table walls as select unnest(?) as l", [walls])
        rows = connection.execute(
            f"select l, {to_utc('l', zone)}, {to_utc('l', zone, 'earlier', 'later')}, {in_gap('l', zone)}, {in_overlap('l', zone)} from walls"
        ).fetchall()
    assert len(rows) == len(walls)
    for wall, default, other, gap, overlap in rows:
        first, second = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(dt.UTC).replace(tzinfo=None) for fold in (0, 1))
        assert (default, other) == (first, second), wall
        assert (gap, overlap) == (first > second, first < second), wall


@pytest.mark.parametrize("machine", ["UTC", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_day_of_an_instant_is_the_sources_wherever_the_machine_stands(machine):
    entities = {"orders": {"columns": ["order_id", "ordered_at", "net_amount"]}}
    source = CONNECTORS["file"].settings.model_validate({"name": "shop", "path": "orders.parquet", "entities": entities})
    with duckdb.connect() as connection:
        connection.execute(f"set TimeZone = '{machine}'")
        connection.execute("create table instants as select timestamptz '2025-03-01 23:30:00+00' as i")
        day = Caster(source, "Europe/Paris").cast("i", "TIMESTAMP WITH TIME ZONE", "date")
        assert connection.execute(f"select {day} from instants").fetchone() == (dt.date(2025, 3, 2),)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("money", "0.30000000000000004", "0.30"),  # 0.1 + 0.2
        ("money", "-12.989999999999998", "-12.99"),
        ("money", "0.9999999999999999", "1.00"),  # ten times 0.1
        ("money", "123456.78999999999", "123456.79"),
        ("money", "860.300000000127", "860.30"),  # 8,603 times 0.1
        ("price", "0.10250000000000001", "0.1025"),
        ("quantity", "1.1000000000000001", "1.100"),
        ("money", "0.00000000000000005551115123125783", "0.00"),  # 0.1 + 0.2 - 0.3
        ("money", "0.30500000000000005", None),  # a third decimal of its own
        ("money", "0.3333333333333333", None),
        ("money", "0.30000004", None),  # no float is printed so
        ("money", "0.3000000000123456789", None),
    ],
)
def test_a_number_that_a_program_printed_from_a_float_loses_its_noise_and_nothing_else(kind, text, value):
    for decimal in (".", ","):
        settings = {
            "name": "shop",
            "path": "orders.csv",
            "decimal": decimal,
            "entities": {"orders": {"columns": ["order_id", "ordered_at", "net_amount"]}},
        }
        source = CONNECTORS["file"].settings.model_validate(settings)
        with duckdb.connect() as connection:
            connection.execute("create table given as select ? as g", [text.replace(".", decimal)])
            (found,) = connection.execute(f"select {Caster(source, 'UTC').cast('g', 'VARCHAR', kind)} from given").fetchone()
        assert found == (None if value is None else Decimal(value))
