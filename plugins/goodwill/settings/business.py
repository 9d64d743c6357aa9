"""The business settings: every number the company may change, with its default, in one validated place."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

__all__ = ["BusinessSettings", "flat_settings"]

Share = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Positive = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A part of `goodwill.yml`: unknown keys are refused, so a typing error cannot silently keep a default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Company(Section):
    name: str = "My company"
    business_time_zone: str = "UTC"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "EUR"
    language: Literal["en", "fr"] = "en"

    @field_validator("business_time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Europe/Paris") from None
        return value


class Calendar(Section):
    as_of: Literal["yesterday", "last_event_day"] = "yesterday"
    schedule: str = "0 3 * * *"
    deadline_minutes: Annotated[int, Field(ge=1)] | None = None
    history_complete_from: dt.date | None = None
    warm_up_days: Annotated[int, Field(ge=0)] = 0


class Orders(Section):
    cancelled_statuses: tuple[str, ...] = ("cancelled", "canceled", "void", "voided", "annulled")
    known_statuses: tuple[str, ...] = (
        *("paid", "partially_paid", "authorized", "pending", "open", "new", "on-hold", "processing", "invoiced", "confirmed"),
        *("shipped", "partially_shipped", "fulfilled", "delivered", "completed", "complete", "closed", "archived"),
        *("refunded", "partially_refunded", "returned"),
    )


class Identity(Section):
    match_by_email: bool = True
    match_by_phone: bool = True
    ignore_plus_tags: bool = False
    default_region: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    largest_person: Annotated[int, Field(ge=2)] = 10
    probabilistic: bool = False
    match_probability: Annotated[float, Field(gt=0.5, le=1)] = 0.99


class Margin(Section):
    assumed_rate: Share | None = None


class Cohorts(Section):
    age_days: Days = 30


class LifeCycle(Section):
    welcome_days: Days = 60
    won_back_days: Days = 90
    decision_days: Days = 60
    loyal_purchase_days: Annotated[int, Field(ge=1)] = 3
    gap_quantile: Share = 0.9
    at_risk_p_alive: Share = 0.5
    lapsed_p_alive: Share = 0.2
    lapsed_gap_factor: Positive = 2.0
    warning_days: Days = 28
    warning_p_alive_drop: Share = 0.2
    warning_gap_share: Positive = 0.8


class Value(Section):
    most_valuable_share: Share = 0.5
    growable_quantile: Share = 0.8
    growable_ratio: Positive = 1.5
    potential_quantile: Share = 0.9
    peers_minimum: Annotated[int, Field(ge=1)] = 30
    below_zero_tenure_days: Days = 182
    hysteresis_share: Annotated[float, Field(ge=0, lt=1)] = 0.1
    hysteresis_months: Annotated[int, Field(ge=0, le=24)] = 2
    month_end_days: Annotated[int, Field(ge=1, le=28)] = 7


class Policy(Section):
    """How value is counted for the customers of a brand; what is left out is as for everybody."""

    horizon_months: Literal[12, 24, 36] = 12
    annual_discount_rate: Share | None = None
    margin_rate: Share | None = None
    business_model: Literal["unit_sale", "subscription"] = "unit_sale"
    positioning: Literal["premium", "low_cost"] | None = None


class Clv(Section):
    models: tuple[Literal["mbg_nbd", "bg_nbd", "pareto_nbd"], ...] = ("mbg_nbd", "bg_nbd", "pareto_nbd")
    scoring_model: Literal["auto", "mbg_nbd", "bg_nbd", "pareto_nbd"] = "auto"
    prior: bool = True
    annual_discount_rate: Share = 0.10
    minimum_repeat_customers: Annotated[int, Field(ge=1)] = 30
    minimum_interval_customers: Annotated[int, Field(ge=1)] = 30
    holdout_weeks: Annotated[int, Field(ge=2, le=104)] = 13
    holdout_origins: Annotated[int, Field(ge=1, le=4)] = 2
    holdout_every_days: Days = 7
    review: Literal["with_the_night", "apart"] = "with_the_night"
    gate_ratio: Annotated[float, Field(gt=1)] = 2.0
    stale_days_limit: Days = 14
    spend_correlation_limit: Share = 0.3
    dominance_share: Share = 0.33
    groups: Literal["none", "acquisition_channel", "first_category"] = "none"
    policies: dict[str, Policy] = {}


class Referrals(Section):
    window_days: Days = 365
    type_one_probability: Share = 0.5
    reward_amount: Annotated[float, Field(ge=0)] = 0.0
    minimum_holdout: Annotated[int, Field(ge=1)] = 100
    order_grace_hours: Annotated[int, Field(ge=0, le=24)] = 1


class Acquisition(Section):
    unstated_purpose: Literal["acquisition", "none"] = "acquisition"
    payback_months: Annotated[int, Field(ge=1, le=120)] = 24


class Subscriptions(Section):
    switch_days: Annotated[int, Field(ge=0, le=366)] = 7


class Satisfaction(Section):
    answer_every_days: Days = 90
    response_days: Days = 30
    repurchase_days: Days = 90


class Reactions(Section):
    ignored_after_hours: Annotated[int, Field(ge=1, le=8_760)] = 72


class Folklore(Section):
    tolerance: Share = 0.1
    minimum_count: Annotated[int, Field(ge=2)] = 30


class Quality(Section):
    quarantine_share: Share = 0.05
    refund_patience_days: Days = 30
    rate_patience_days: Days = 31
    events_per_second: Annotated[int, Field(ge=1)] = 10
    drift_nights: Annotated[int, Field(ge=1, le=400)] = 28
    drift_watch: Annotated[float, Field(gt=0)] = 0.1
    drift_moved: Annotated[float, Field(gt=0)] = 0.25

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.drift_watch > self.drift_moved:
            raise ValueError("drift_watch is above drift_moved; what has moved was watched first")
        return self


PersonalFile = Literal["none", "owner", "group"]


class Privacy(Section):
    personal_file: PersonalFile = "none"


#: The entities whose rows have a time of their own; people, with their contacts and consents, are kept or forgotten whole.
RetainedEntity = Literal["orders", "refunds", "contact_events", "subscriptions", "identity_decisions"]


class Retention(Section):
    publications_kept: Annotated[int, Field(ge=1)] = 7
    superseded_batches_days: Days | None = None
    run_documents_days: Days = 400
    customers_days: Days | None = None
    prospects_days: Days | None = None
    entities_days: dict[RetainedEntity, Days] = {}


class Warehouse(Section):
    full_build_share: Share = 0.03
    full_build_rows: Annotated[int, Field(ge=0)] = 1_000_000
    full_build_days: Days = 30


class BusinessSettings(Section):
    """The whole of `goodwill.yml`. A missing section means its defaults."""

    company: Company = Company()
    calendar: Calendar = Calendar()
    orders: Orders = Orders()
    identity: Identity = Identity()
    margin: Margin = Margin()
    cohorts: Cohorts = Cohorts()
    life_cycle: LifeCycle = LifeCycle()
    value: Value = Value()
    clv: Clv = Clv()
    referrals: Referrals = Referrals()
    acquisition: Acquisition = Acquisition()
    subscriptions: Subscriptions = Subscriptions()
    satisfaction: Satisfaction = Satisfaction()
    reactions: Reactions = Reactions()
    folklore: Folklore = Folklore()
    quality: Quality = Quality()
    privacy: Privacy = Privacy()
    retention: Retention = Retention()
    warehouse: Warehouse = Warehouse()


def flat_settings(settings: BusinessSettings) -> dict[str, Any]:
    """Section and key joined by `_` → scalar, as the `control.night` row holds them (`life_cycle_welcome_days`).

    A list is joined by commas, a mapping is JSON.
    """
    flat: dict[str, Any] = {}
    for section, values in settings.model_dump().items():
        for key, value in values.items():
            text = json.dumps(value, sort_keys=True) if isinstance(value, dict) else value
            flat[f"{section}_{key}"] = ",".join(value) if isinstance(value, tuple) else text
    return flat
