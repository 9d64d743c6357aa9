"""RFM: three scores from 1 to 5, and the group they make.

A score is the fifth in which the value lies among the **distinct** values of all identified customers (rank of the value, middle of its
step), so equal inputs always get the equal score, and 5 is the most recent, the most often, the most spent. Of few distinct values the
scores spread evenly: one value scores 3, two score 2 and 4, three score 1, 3 and 5.
"""

from __future__ import annotations

from goodwill.segments.rules import Rule

__all__ = ["BANDS", "RFM_GROUPS", "band_sql"]

BANDS = 5

_SCORES = (
    "recency {recency_score} (last purchase {days_since_last} days ago), frequency {frequency_score} (purchase days: {purchase_days}), "
    "amount {monetary_score} ({revenue_amount}): "
)

RFM_GROUPS: tuple[Rule, ...] = (
    Rule(None, "not has_bought", "no purchase yet: no RFM group"),
    Rule(None, "is_guest", "guest order: nobody to recognise again, so no RFM group"),
    Rule("champions", "recency_score >= 4 and frequency_score >= 4 and monetary_score >= 4", _SCORES + "recent, often and much"),
    Rule("regulars", "recency_score >= 3 and frequency_score >= 4", _SCORES + "often, and not long ago"),
    Rule("big_spenders", "recency_score >= 3 and monetary_score >= 4", _SCORES + "much, not long ago, if not often"),
    Rule("newcomers", "recency_score >= 4 and purchase_days = 1", _SCORES + "a first purchase, recent"),
    Rule("promising", "recency_score >= 4", _SCORES + "back recently, not often or much yet"),
    Rule("slipping", "recency_score <= 2 and (frequency_score >= 3 or monetary_score >= 3)", _SCORES + "was good, has gone quiet"),
    Rule("hibernating", "recency_score <= 2", _SCORES + "long ago, seldom and little"),
    Rule("steady", "true", _SCORES + "in the middle"),
)


def band_sql(rank: str, distinct_values: str) -> str:
    """The band of the `rank`-th of so many distinct values. The quotient is odd over even, never whole, so no rounding decides."""
    return f"cast(ceil({BANDS} * (2 * {rank} - 1) / cast(2 * {distinct_values} as double)) as bigint)"
