"""What is watched of each entity, as SQL over its rows as they landed (`staging.base_<entity>`)."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True)
class Measure:
    """A quantity. `column` must be there; `sql` is its value, the column itself where none is given; a `mix` is of words, the rest of numbers."""

    entity: str
    name: str
    kind: str
    column: str
    sql: str = ""

    @property
    def expression(self) -> str:
        return self.sql or self.column


def _mixes(entity: str, *columns: str) -> tuple[Measure, ...]:
    return tuple(Measure(entity, column, "mix", column) for column in columns)


def _numbers(entity: str, *columns: str) -> tuple[Measure, ...]:
    return tuple(Measure(entity, column, "distribution", column) for column in columns)


def _given(entity: str, name: str, column: str) -> Measure:
    return Measure(entity, name, "mix", column, f"case when {column} is null then 'no' else 'yes' end")


def _quarter(entity: str, column: str) -> Measure:
    """The part of the day (UTC): hours that are off by a time zone show there, and four classes need few rows."""
    parts = "case when hour({0}) < 6 then '00-05' when hour({0}) < 12 then '06-11' when hour({0}) < 18 then '12-17' else '18-23' end"
    return Measure(entity, "part_of_day", "mix", column, f"case when {column} is not null then {parts.format(column)} end")


#: Nothing here tells who somebody is: words are those of a trade (a channel, a status), of people only whether something is given.
MEASURES: tuple[Measure, ...] = (
    *_numbers("orders", "net_amount", "discount_amount"),
    *_mixes("orders", "currency", "status", "channel", "brand"),
    _quarter("orders", "ordered_at"),
    _given("orders", "buyer_known", "contact_ref"),
    *_numbers("order_lines", "quantity", "unit_price", "net_amount"),
    _given("order_lines", "product_known", "product_id"),
    _given("order_lines", "unit_cost_known", "unit_cost"),
    *_numbers("refunds", "amount"),
    *_mixes("refunds", "currency"),
    *_mixes("contacts", "acquisition_channel", "country"),
    _given("contacts", "email_known", "email"),
    _given("contacts", "phone_known", "phone"),
    _given("contacts", "referrer_known", "referred_by"),
    *_mixes("contact_events", "kind", "channel"),
    _quarter("contact_events", "occurred_at"),
    *_numbers("contact_events", "score"),
    *_mixes("consents", "channel", "purpose", "granted"),
    *_mixes("subscriptions", "plan", "period"),
    *_numbers("subscriptions", "amount"),
    *_mixes("marketing_spend", "channel", "purpose"),
    *_numbers("marketing_spend", "amount"),
    *_mixes("products", "category"),
    *_numbers("product_costs", "unit_cost"),
)
