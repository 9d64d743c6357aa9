"""How far a stretch of weeks is in season: what the same weeks brought a year before, over what a year of even weeks would have brought.

The models know no season. Their forecast of a year may be right where that of a quarter is not: a charity that asks once a year, a shop
that lives by Christmas. Rates are counted by customer and day, so that a shop that grows is not taken for one in season.
"""

from __future__ import annotations

import datetime as dt

import duckdb

from goodwill.clv.tuples import PAYERS

__all__ = ["FEWEST_IN_A_YEAR", "season"]

#: Repeat purchase days in the year looked at, below which nothing is said of its seasons.
FEWEST_IN_A_YEAR = 50
#: A year of whole weeks: the same weekdays.
_YEAR = 52 * 7

_RATES = f"""
with

firsts as (

    select
        person_id,
        min(purchased_on) as first_on
    from intermediate.int_purchase_days
    anti join {PAYERS} as payers using (person_id)
    where not is_guest
    group by person_id

),

repeats as (

    select
        count(*) filter (where days.purchased_on > $from and days.purchased_on <= $until) as in_weeks,
        count(*) filter (where days.purchased_on > $from and days.purchased_on <= $cut) as in_year
    from intermediate.int_purchase_days as days
    inner join firsts
        on days.person_id = firsts.person_id
    where days.purchased_on > firsts.first_on

),

seen as (

    select
        coalesce(sum(least(greatest($until - first_on, 0), $until - $from)), 0) as in_weeks,
        coalesce(sum(least(greatest($cut - first_on, 0), $cut - $from)), 0) as in_year,
        coalesce(min(first_on) <= $from, false) as is_whole
    from firsts

)

select
    repeats.in_weeks,
    seen.in_weeks,
    repeats.in_year,
    seen.in_year,
    seen.is_whole
from repeats
cross join seen
"""


def season(connection: duckdb.DuckDBPyConnection, cut: dt.date, weeks: int) -> float | None:
    """The season of the `weeks` after the end of `cut`: 1 where the year is even, 0 where nobody buys in them.

    Returns
    -------
    Repeat purchase days by customer and day in the same weeks of the year before the cut, over those in the whole of that year; None where
    the history does not reach back so far, where a year is not longer than the weeks, or where fewer than 50 people came back in it.
    """
    if weeks * 7 >= _YEAR:
        return None
    begin = cut - dt.timedelta(days=_YEAR)
    days = {"from": begin, "until": begin + dt.timedelta(weeks=weeks), "cut": cut}
    ((in_weeks, seen_in_weeks, in_year, seen_in_year, is_whole),) = connection.execute(_RATES, days).fetchall()
    if not is_whole or in_year < FEWEST_IN_A_YEAR or not seen_in_weeks:
        return None
    return round(float(in_weeks) / float(seen_in_weeks) / (float(in_year) / float(seen_in_year)), 4)
