"""The value portfolio: below zero (CNR), most valuable (CPP), most growable (CCM), or to maintain.

First rules of metrics section 13. Left for later: the 80 % bound of next year's net value, the second month-end and the hysteresis;
until then the expected net value of the next twelve months itself must be negative for *below zero*.
"""

from __future__ import annotations

from goodwill.segments.rules import Rule

__all__ = ["PEER_GROUPS", "TENURE_BAND", "VALUE_CLASSES"]

#: Bands of tenure for comparing like with like, in days since the first purchase.
TENURE_BAND = """case
            when age_days < 91 then 'under 3 months'
            when age_days < 365 then '3 to 12 months'
            when age_days < 1096 then '1 to 3 years'
            else '3 years and more'
        end"""

#: From the narrowest to the widest: the first with enough peers gives the potential value.
PEER_GROUPS: tuple[tuple[str, ...], ...] = (
    ("tenure_band", "first_category", "acquisition_channel"),
    ("tenure_band", "first_category"),
    ("tenure_band",),
    (),
)

_ACTUAL = (
    "actual value {actual_value_amount} = {trailing_value_amount} in the last twelve months + {clv_12} expected in the next{value_note}; "
)
_POTENTIAL = "the {value_potential_quantile:%} quantile of {peers} peers ({peer_group}) is {potential_value_amount}"

VALUE_CLASSES: tuple[Rule, ...] = (
    Rule(None, "not has_bought", "no purchase yet: no value class"),
    Rule("maintain", "is_guest", "guest order: nobody to recognise again, so neither to keep nor to grow"),
    Rule(
        "below_zero",
        "actual_value_amount < 0 and clv_12 < 0 and age_days >= value_below_zero_tenure_days",
        _ACTUAL + "both what was and what is expected are below zero, {age_days} days after the first purchase "
        "(at least {value_below_zero_tenure_days:0})",
    ),
    Rule(
        "most_valuable",
        "actual_value_amount >= most_valuable_cut",
        _ACTUAL + "among the fewest customers who hold {value_most_valuable_share:%} of all positive value, "
        "those with at least {most_valuable_cut}",
    ),
    Rule(
        "most_growable",
        "value_gap_amount >= growable_cut and potential_value_amount > 0 "
        "and potential_value_amount >= value_growable_ratio * greatest(actual_value_amount, 0)",
        _ACTUAL + _POTENTIAL + ", a gap of {value_gap_amount}, in the top {growable_top_share:%} of gaps (at least {growable_cut:2}) "
        "and at least {value_growable_ratio:1} times the actual value",
    ),
    Rule("maintain", "true", _ACTUAL + _POTENTIAL + "; neither below zero, nor most valuable, nor most growable"),
)
