"""When it began to go wrong, and who is about to: the onset of churn and the early warning (metrics, section 17).

Both look at the customer's own measure: the usual gap, which is the own 90th-percentile gap shrunk to everybody's, and P(alive) where
MBG/NBD or Pareto/NBD gave it.
"""

from __future__ import annotations

from goodwill.segments.rules import Rule

__all__ = ["EARLY_WARNINGS", "GONE_STAGES", "HAS_HELD_ONSET", "ONSETS", "ONSET_ON"]

#: The stages that have an onset.
GONE_STAGES = ("at_risk", "lapsed", "lost")
_STAGES = ", ".join(f"'{stage}'" for stage in GONE_STAGES)

#: An onset that an earlier night decided stands, as long as the customer is not back: it is restored, not found anew with new parameters.
HAS_HELD_ONSET = (
    f"coalesce(life_cycle_stage in ({_STAGES}) and held_life_cycle_stage in ({_STAGES}) and held_churn_onset_on is not null "
    "and (last_purchase_on is null or last_purchase_on <= held_churn_onset_on), false)"
)

_GAP_BROKEN_ON = "case when days_since_last > usual_gap_days then last_purchase_on + cast(floor(usual_gap_days) as integer) + 1 end"
_BELOW_ON = "case when p_alive < life_cycle_at_risk_p_alive then p_alive_below_on end"
#: A contract that ended before a later purchase is of an earlier time: it is not what they left by.
_LEFT_ON = (
    "case when life_cycle_stage = 'lost' then least("
    "case when last_purchase_on is null or deleted_on >= last_purchase_on then deleted_on end, "
    "case when not has_active_subscription and (last_purchase_on is null or last_subscription_ended_on >= last_purchase_on) "
    "then last_subscription_ended_on end) end"
)

#: The day on which the customer first crossed a limit of their own, or left.
ONSET_ON = f"case when life_cycle_stage in ({_STAGES}) then least({_GAP_BROKEN_ON}, {_BELOW_ON}, {_LEFT_ON}) end"

#: Why that day: facts as in the other rules, and `onset_on` itself.
ONSETS: tuple[Rule, ...] = (
    Rule(None, "onset_on is null", "nothing has gone wrong by a limit of their own"),
    Rule(
        "silence",
        f"onset_on = ({_GAP_BROKEN_ON})",
        "no purchase since {last_purchase_on}, and on {onset_on} that became longer than {usual_gap_days:1} days, the usual gap "
        "(from {x} own gaps and everybody's)",
    ),
    Rule(
        "p_alive",
        f"onset_on = ({_BELOW_ON})",
        "no purchase since {last_purchase_on}, and on {onset_on} the probability of still being a customer fell below "
        "{life_cycle_at_risk_p_alive:2}",
    ),
    Rule("left", "true", "asked to go, or the contract ended, on {onset_on}"),
)

EARLY_WARNINGS: tuple[Rule, ...] = (
    Rule(None, "coalesce(life_cycle_stage not in ('active', 'loyal', 'won_back') or is_guest, true)", "no customer to be warned of"),
    Rule("complaint", "complaint_open_since is not null", "a complaint is open since {complaint_open_since}"),
    Rule(
        "falling",
        "p_alive_before - p_alive >= life_cycle_warning_p_alive_drop",
        "the probability of still being a customer fell from {p_alive_before:2} to {p_alive:2} in {life_cycle_warning_days:0} days "
        "without a purchase, by at least {life_cycle_warning_p_alive_drop:2}",
    ),
    Rule(
        "nearly_overdue",
        "days_since_last >= life_cycle_warning_gap_share * usual_gap_days",
        "last purchase {days_since_last} days ago, at least {life_cycle_warning_gap_share:%} of {usual_gap_days:1} days, the usual gap",
    ),
    Rule(None, "true", "nothing to be warned of"),
)
