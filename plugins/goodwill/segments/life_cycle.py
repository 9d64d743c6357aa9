"""The stages of the life cycle, in order of precedence: the first rule that holds places the person.

Windows are half-open: "the first 60 days" are the days 0 to 59. P(alive) is read only where MBG/NBD gave it: BG/NBD says 1 for every
one-time buyer, and the fallbacks do not know. `usual_gap_days` is the person's own 90th-percentile gap, shrunk to everybody's.
A second life begins with the first purchase after a gap that is long by both measures.
"""

from __future__ import annotations

from goodwill.segments.rules import Rule

__all__ = ["LIFE_CYCLE"]

_OWN_GAP = "{usual_gap_days:1} days, the usual gap (from {x} own gaps and everybody's)"

LIFE_CYCLE: tuple[Rule, ...] = (
    Rule(
        "lost",
        "deleted_on is not null and (last_purchase_on is null or last_purchase_on <= deleted_on)",
        "asked to go: the contact was deleted on {deleted_on}, and nothing was bought since",
    ),
    Rule(
        "lost",
        "not has_active_subscription and (last_purchase_on is null or last_purchase_on <= last_subscription_ended_on)",
        "contract ended on {last_subscription_ended_on}, and nothing was bought since",
    ),
    Rule(
        "won_back",
        "days_since_second_life < life_cycle_won_back_days",
        "came back {days_since_second_life} days ago, on {second_life_on}, after {broken_gap_days} days away, more than "
        "{life_cycle_lapsed_gap_factor:1} times the usual gap until then ({usual_gap_before_days:1} days) and everybody's ({everybodys_gap_days:1}); "
        "the first {life_cycle_won_back_days:0} days of a second life count",
    ),
    Rule(
        "welcome",
        "purchase_days = 1 and days_since_first < life_cycle_welcome_days and not is_left_censored",
        "first purchase {days_since_first} days ago, within {life_cycle_welcome_days:0} days, and no second one yet",
    ),
    # with a contract, leaving is a fact and not a guess: silence says nothing while it runs
    Rule("active", "has_active_subscription and not has_bought", "a contract runs; nothing else was bought yet"),
    Rule(
        "active",
        "has_active_subscription and (p_alive < life_cycle_at_risk_p_alive or days_since_last > usual_gap_days)",
        "a contract runs, so still a customer, though the last purchase was {days_since_last} days ago",
    ),
    Rule(
        "lapsed",
        "p_alive < life_cycle_lapsed_p_alive",
        "probability of still being a customer {p_alive:2}, below {life_cycle_lapsed_p_alive:2}; last purchase {days_since_last} days ago",
    ),
    Rule(
        "lapsed",
        "days_since_last > life_cycle_lapsed_gap_factor * usual_gap_days",
        "last purchase {days_since_last} days ago, more than {life_cycle_lapsed_gap_factor:1} times " + _OWN_GAP,
    ),
    Rule(
        "at_risk",
        "p_alive < life_cycle_at_risk_p_alive",
        "probability of still being a customer {p_alive:2}, below {life_cycle_at_risk_p_alive:2}; last purchase {days_since_last} days ago",
    ),
    Rule(
        "at_risk",
        "days_since_last > usual_gap_days",
        "last purchase {days_since_last} days ago, more than " + _OWN_GAP,
    ),
    Rule(
        "loyal",
        "purchase_days >= life_cycle_loyal_purchase_days and days_since_last <= usual_gap_days",
        "{purchase_days} purchase days, at least {life_cycle_loyal_purchase_days:0}; "
        "last purchase {days_since_last} days ago, within " + _OWN_GAP,
    ),
    Rule(
        "active",
        "has_bought",
        "purchase days: {purchase_days}, the last one {days_since_last} days ago; no other stage applies",
    ),
    Rule(
        "prospect_in_decision",
        "days_since_signal < life_cycle_decision_days",
        "no purchase yet, but {signal} {days_since_signal} days ago, within {life_cycle_decision_days:0} days",
    ),
    Rule("prospect", "true", "no purchase yet, and no quote, cart or fair in the last {life_cycle_decision_days:0} days"),
)
