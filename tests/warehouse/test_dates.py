"""What the date macros say where months are not alike: the end of a month, 29 February, a day between two dates."""

from __future__ import annotations

import duckdb
import pytest
from goodwill.extract.zones import offsets, zone_changes
from goodwill.warehouse.layers import PROJECT
from jinja2 import Environment

MACROS = Environment(extensions=["jinja2.ext.do"], autoescape=False).from_string((PROJECT / "macros" / "dialect" / "dates.sql").read_text())


def said(macro: str, *given: str) -> str | None:
    """What the macro, as DuckDB spells it, makes of SQL expressions."""
    expression = getattr(MACROS.module, f"duckdb__{macro}")(*given)
    (found,) = duckdb.sql(f"select cast({expression} as varchar)").fetchone() or ("",)
    return found


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),  # the 31st becomes the last day of a shorter month
        ("2025-01-31", 1, "2025-02-28"),
        ("2025-03-31", 1, "2025-04-30"),
        ("2025-01-31", 2, "2025-03-31"),  # counted from the day itself, not from the shorter month between
        ("2025-02-28", 1, "2025-03-28"),  # a last day does not stay one
        ("2024-02-29", 12, "2025-02-28"),  # an anniversary of 29 February is the 28th of a year without one
        ("2024-02-29", 48, "2028-02-29"),
        ("2024-02-29", -12, "2023-02-28"),
        ("2025-03-31", -1, "2025-02-28"),
        ("2025-12-31", -12, "2024-12-31"),
    ],
)
def test_months_later(day, months, expected):
    assert said("add_months", f"date '{day}'", str(months)) == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2024-02-28", "2024-03-01", "2"),
        ("2025-02-28", "2025-03-01", "1"),
        ("2025-01-31", "2025-02-01", "1"),
        ("2024-02-29", "2025-02-28", "365"),
    ],
)
def test_days_between(first, last, expected):
    assert said("days_between", f"date '{first}'", f"date '{last}'") == expected


@pytest.mark.parametrize(("day", "expected"), [("2024-02-28", "2024-02-29"), ("2025-02-28", "2025-03-01"), ("2024-12-31", "2025-01-01")])
def test_the_next_day(day, expected):
    assert said("add_days", f"date '{day}'", "1") == expected


@pytest.mark.parametrize(
    ("moment", "zone", "expected"),
    [
        ("2025-01-31 22:59:59", "Europe/Paris", "2025-01-31"),
        ("2025-01-31 23:00:00", "Europe/Paris", "2025-02-01"),
        ("2025-06-30 22:00:00", "Europe/Paris", "2025-07-01"),
        ("2025-07-01 03:59:59", "America/New_York", "2025-06-30"),
    ],
)
def test_the_day_of_a_moment_is_the_zones(moment, zone, expected):
    least, most = (1_000_000 * each for each in offsets(zone))
    assert said("local_date", f"timestamp '{moment}'", f"'{zone}'", str(least), str(most)) == expected


@pytest.mark.parametrize(
    "zone",
    [
        "UTC",
        "Europe/Paris",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Pacific/Apia",
        "America/Caracas",
    ],
)
def test_every_day_is_the_one_of_the_zones_calendar(zone):
    """Also around its changes of clocks, and in years of which nothing is known beforehand; `Pacific/Apia` went over the date line in 2011."""
    least, most = (1_000_000 * each for each in offsets(zone))
    day = MACROS.module.duckdb__local_date("moment", f"'{zone}'", str(least), str(most))
    instants = [change.instant for change in zone_changes(zone)]
    (moments, wrong) = duckdb.execute(
        f"""
        with moments as (
            select timestamp '1960-01-01' + to_minutes(cast(97 * i as bigint)) as moment from range(700_000) as t(i)
            union all
            select make_timestamp(1_000_000 * (instant + around)) from unnest($instants::bigint[]) as c(instant), range(-90_000, 90_000, 600) as r(around)
            union all
            select cast(edge as timestamp) + to_hours(cast(h as bigint)) from (values ('1990-01-01'), ('2050-01-01')) as e(edge), range(-30, 30) as r(h)
        )
        select count(*), count(*) filter (where {day} is distinct from cast(timezone('{zone}', timezone('UTC', moment)) as date)) from moments
        """,
        {"instants": instants},
    ).fetchall()[0]
    assert moments > 700_000
    assert wrong == 0


def test_without_bounds_the_calendar_is_asked():
    assert said("local_date", "timestamp '2025-01-31 23:00:00'", "'Europe/Paris'", "null", "null") == "2025-02-01"
    assert said("local_date", "cast(null as timestamp)", "'Europe/Paris'", "0", "0") is None
