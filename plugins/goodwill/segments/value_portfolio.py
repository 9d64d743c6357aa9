"""The value portfolio: below zero (CNR), most valuable (CPP), most growable (CCM), or to maintain (metrics, section 13).

A class has limits that can be moved. Tonight alone, a customer is in the first class whose limits hold. A class that a customer holds is
left only when its limits are passed by the hysteresis share, those of a class above by as much, or when they have been passed for the
hysteresis months: so a value that swings about a limit changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.segments.rules import Rule

__all__ = ["BORDERS", "PEER_GROUPS", "POSITIONING_NAME", "TENURE_BAND", "VALUE_CLASSES", "Border", "stays_sql"]

#: Bands of tenure for comparing like with like, in days since the first purchase.
TENURE_BAND = """case
            when age_days < 91 then 'under 3 months'
            when age_days < 365 then '3 to 12 months'
            when age_days < 1096 then '1 to 3 years'
            else '3 years and more'
        end"""

#: From the narrowest to the widest: the first with enough peers gives the potential value. Who buys a low-cost brand is not held against
#: those who buy a premium one, unless there are too few to compare with.
PEER_GROUPS: tuple[tuple[str, ...], ...] = (
    ("positioning", "tenure_band", "first_category", "acquisition_channel"),
    ("positioning", "tenure_band", "first_category"),
    ("positioning", "tenure_band"),
    ("positioning",),
    (),
)
#: How a positioning is named before the rest of its group; without one nothing is said.
POSITIONING_NAME = "case {column} when 'premium' then 'premium brands, ' when 'low_cost' then 'low-cost brands, ' else '' end"

_ACTUAL = (
    "actual value {actual_value_amount} = {trailing_value_amount} in the last twelve months + {clv_12} expected in the next{value_note}; "
)
_POTENTIAL = "the {value_potential_quantile:%} quantile of {peers} peers ({peer_group}) is {potential_value_amount}"


@dataclass(frozen=True)
class Border:
    """A value class with the limits it begins at.

    Parameters
    ----------
    when : the limits, as SQL over the facts, in which `{over}` multiplies a limit and `{zero}` stands for a limit of zero.
    enter : what must hold besides to come in, but not to stay.
    stay : the limits to stay, where they are others: what is not known on a night puts nobody out.
    because : the reason, as in `Rule`.
    """

    code: str
    when: str
    because: str
    enter: str = "true"
    stay: str | None = None

    @property
    def rule(self) -> Rule:
        """In the class by tonight's figures alone."""
        return Rule(self.code, f"{self.when.format(over='1', zero='0')} and {self.enter}", self.because)

    @property
    def firmly(self) -> str:
        """In the class by more than the hysteresis share."""
        return f"{self.when.format(over='(1 + value_hysteresis_share)', zero='-zero_band')} and {self.enter}"

    @property
    def nearly(self) -> str:
        """In the class, or short of it by no more than the hysteresis share."""
        return (self.stay or self.when).format(over="(1 - value_hysteresis_share)", zero="zero_band")


#: From the class that wins over the others to the one that loses.
BORDERS: tuple[Border, ...] = (
    Border(
        "below_zero",
        "actual_value_amount < {zero} and clv_12_high_80 < {zero}",
        _ACTUAL + "that, and the upper 80 % bound of what is expected ({clv_12_high_80}), are below zero, and were on {month_end} and on "
        "{month_end_before}; {age_days} days after the first purchase (at least {value_below_zero_tenure_days:0})",
        enter="age_days >= value_below_zero_tenure_days and was_loss_on_month_end and was_loss_on_month_end_before",
        stay="actual_value_amount < {zero} and coalesce(clv_12_high_80 < {zero}, true)",
    ),
    Border(
        "most_valuable",
        "actual_value_amount >= {over} * most_valuable_cut",
        _ACTUAL + "among the fewest customers who hold {value_most_valuable_share:%} of all positive value, "
        "those with at least {most_valuable_cut}",
    ),
    Border(
        "most_growable",
        "value_gap_amount >= {over} * growable_cut and potential_value_amount > 0 "
        "and potential_value_amount >= {over} * value_growable_ratio * greatest(actual_value_amount, 0)",
        _ACTUAL + _POTENTIAL + ", a gap of {value_gap_amount}, in the top {growable_top_share:%} of gaps (at least {growable_cut:2}) "
        "and at least {value_growable_ratio:1} times the actual value",
    ),
)

VALUE_CLASSES: tuple[Rule, ...] = (
    Rule(None, "not has_bought and has_active_subscription is not true", "no purchase yet, and no contract that runs: no value class"),
    Rule("maintain", "is_guest", "guest order: nobody to recognise again, so neither to keep nor to grow"),
    *(border.rule for border in BORDERS),
    Rule(
        "maintain",
        "is_loss",
        _ACTUAL
        + "that, and the upper 80 % bound of what is expected ({clv_12_high_80}), are below zero tonight, but not yet below zero by "
        "rule: {loss_note}, {age_days} days after the first purchase (at least {value_below_zero_tenure_days:0})",
    ),
    Rule("maintain", "true", _ACTUAL + _POTENTIAL + "; neither below zero, nor most valuable, nor most growable"),
)


def stays_sql(held: str) -> str:
    """Whether the class in the column `held` still holds with its limits moved by the hysteresis share in its favour, and those of the
    classes above it against them; unknown for somebody in none of the classes."""
    firmly = [f"coalesce({border.firmly}, false)" for border in BORDERS]
    branches = []
    for place, border in enumerate(BORDERS):
        above = "".join(f"not {each} and " for each in firmly[:place])
        branches.append(f"when '{border.code}' then {above}coalesce({border.nearly}, false)")
    branches.append(f"when 'maintain' then {' and '.join(f'not {each}' for each in firmly)}")
    return f"case {held} {' '.join(branches)} end"
