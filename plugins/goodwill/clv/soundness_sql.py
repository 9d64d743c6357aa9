"""The SQL that tells histories and amounts that cannot be, over the columns of `facts`: our own SQL makes none, whatever comes is scored."""

from __future__ import annotations

__all__ = ["IMPOSSIBLE", "SOUND_SPEND"]

#: What is wrong with a purchase history, NULL where nothing is: the rules of `tuples.POSSIBLE`, one by one.
IMPOSSIBLE = """case
            when purchase_days is null or t_x_days is null or age_days is null then 'a count or a day is missing'
            when age_days < 0 then 'the first purchase is later than today'
            when t_x_days > age_days then 'the last purchase is later than today (recency above T)'
            when purchase_days < 1 then 'no purchase day'
            when (purchase_days = 1) <> (t_x_days = 0) then 'a last purchase apart from the first without a repeat, or the reverse'
            when purchase_days - 1 > t_x_days then 'more repeat purchase days than days'
        end"""

#: Whether what was spent is known and not below zero.
SOUND_SPEND = "coalesce(first_amount >= 0 and coalesce(repeat_amount, 0) >= 0, false)"
