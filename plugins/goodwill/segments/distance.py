"""How far from the company a person stands today: existing, network or new. (Distance at acquisition is a fact of dbt's.)"""

from __future__ import annotations

from goodwill.segments.rules import Rule

__all__ = ["DISTANCE"]

DISTANCE: tuple[Rule, ...] = (
    Rule("existing", "has_bought", "has bought: first on {first_purchase_on}, last on {last_purchase_on}"),
    Rule("existing", "has_active_subscription", "has not bought, but a contract runs"),
    Rule(
        "existing",
        "days_since_signal < life_cycle_decision_days",
        "has not bought, but is far into deciding: {signal} {days_since_signal} days ago, within {life_cycle_decision_days:0} days",
    ),
    Rule("network", "referred_on is not null", "has not bought; introduced by a customer on {referred_on}"),
    Rule("network", "first_invited_on is not null", "has not bought; invited by a customer on {first_invited_on}"),
    Rule("new", "true", "has not bought, and nobody introduced them"),
)
