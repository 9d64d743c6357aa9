"""The source entities: what may come in, column by column. One table, read by mapping, staging contracts and `goodwill check`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, cast

__all__ = ["ENTITIES", "PLUMBING", "WORDS", "About", "Column", "Entity", "Kind"]

Kind = Literal["id", "ref", "text", "money", "price", "quantity", "integer", "number", "timestamp", "date", "boolean"]

#: What a column tells of a person: which contact (its id), whom (an id, an address or a code), how to reach them, anything else of theirs, what
#: somebody wrote about them, which order of theirs; nothing.
About = Literal["contact", "ref", "code", "email", "phone", "value", "text", "order", ""]

SQL_TYPES: dict[str, str] = {
    "id": "varchar",
    "ref": "varchar",
    "text": "varchar",
    "money": "decimal(18,2)",
    "price": "decimal(18,4)",
    "quantity": "decimal(18,3)",
    "integer": "bigint",
    "number": "double",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
}

#: Columns every landed row carries besides its own: where it came from, what could not be read in it, and whether it is an exact copy
#: of an earlier row that its source's rule drops.
PLUMBING: dict[str, str] = {
    "_source": "varchar",
    "_system": "varchar",
    "_batch_id": "varchar",
    "_file": "varchar",
    "_row_no": "bigint",
    "_extracted_at": "timestamp",
    "_problems": "struct(column_name varchar, reason varchar, value varchar)[]",
    "_raw": "varchar",
    "_is_repeat": "boolean",
}

#: Entity → its column whose words mean something, the words, and the reason with which staging sets a row with another apart.
WORDS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "contact_events": (
        "kind",
        (
            *("message_sent", "delivered", "opened", "clicked", "unsubscribed", "spam_complaint", "bounced", "complaint_opened"),
            *("complaint_resolved", "survey_answered", "quote_requested", "cart_abandoned", "visit", "fair_met", "referral_invited"),
            *("referral_shared", "service_call"),
        ),
        "UNKNOWN_KIND",
    ),
    "identity_decisions": ("decision", ("same", "different"), "UNKNOWN_DECISION"),
}


@dataclass(frozen=True)
class Column:
    """One column of an entity.

    `kind` is how it is read: an `id` lives in the name space of its system; a `ref` is an id or an e-mail address;
    `money` has two decimals, `price` four; a `timestamp` is stored in UTC. `about` is what it tells of a person.
    """

    name: str
    kind: Kind
    required: bool = False
    description: str = ""
    about: About = ""

    @property
    def sql_type(self) -> str:
        return SQL_TYPES[self.kind]


@dataclass(frozen=True)
class Entity:
    """One kind of thing a source may tell us about; `key` names the columns that identify a row, `amount` its control total."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    amount: str | None = None
    event_time: str | None = None
    description: str = ""
    by_name: dict[str, Column] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {column.name: column for column in self.columns})


def _columns(specification: str) -> tuple[Column, ...]:
    """`"order_id* id:order, city text:value"`: a required id of an order, and an optional text about a person."""
    columns = []
    for spec in specification.split(","):
        name, kind = spec.split()
        kind, _, about = kind.partition(":")
        columns.append(Column(name.rstrip("*"), cast(Kind, kind), required=name.endswith("*"), about=cast(About, about)))
    return tuple(columns)


_ALL = (
    Entity(
        "orders",
        ("order_id",),
        _columns(
            "order_id* id:order, ordered_at* timestamp, contact_ref ref:ref, net_amount* money, currency text, gross_amount money, "
            "discount_amount money, tax_amount money, shipping_amount money, shipping_cost money, payment_fee money, "
            "status text, channel text, brand text, campaign_id id, coupon_code text, partner_id id, payment_fingerprint text:value, "
            "updated_at timestamp"
        ),
        amount="net_amount",
        event_time="ordered_at",
        description="One row per order: what was paid, without VAT, after discounts.",
    ),
    Entity(
        "order_lines",
        ("order_id", "line_no"),
        _columns(
            "order_id* id:order, line_no* text, product_id id, quantity quantity, unit_price price, discount_amount money, "
            "net_amount money, unit_cost price, updated_at timestamp"
        ),
        amount="net_amount",
        description="One row per line of an order.",
    ),
    Entity(
        "refunds",
        ("refund_id",),
        _columns(
            "refund_id* id, order_id id:order, contact_ref ref:ref, refunded_at* timestamp, amount* money, currency text, reason text:text, "
            "updated_at timestamp"
        ),
        amount="amount",
        event_time="refunded_at",
        description="One row per refund, dated by itself, of an order or else of a contact (a credit note); the amount is positive.",
    ),
    Entity(
        "products",
        ("product_id",),
        _columns("product_id* id, name text, category text, updated_at timestamp"),
        description="One row per product.",
    ),
    Entity(
        "product_costs",
        ("product_id", "valid_from"),
        _columns("product_id* id, valid_from* date, unit_cost* price, updated_at timestamp"),
        description="What a product cost from a date on.",
    ),
    Entity(
        "contacts",
        ("contact_id",),
        _columns(
            "contact_id* id:contact, created_at* timestamp, email text:email, phone text:phone, first_name text:value, last_name text:value, company text:value, "
            "postcode text:value, city text:value, country text, birth_year integer:value, acquisition_channel text, campaign_id id, "
            "referred_by ref:ref, referral_code text:code, owner text:value, address_fingerprint text:value, updated_at timestamp, merged_into id:contact, "
            "deleted_at timestamp"
        ),
        event_time="created_at",
        description="One row per contact as its system knows it.",
    ),
    Entity(
        "consents",
        ("contact_id", "channel", "purpose", "changed_at"),
        _columns("contact_id* id:contact, channel* text, purpose* text, changed_at* timestamp, granted* boolean"),
        event_time="changed_at",
        description="One row per change of a consent.",
    ),
    Entity(
        "contact_events",
        ("event_id",),
        _columns(
            "event_id* id, contact_ref* ref:ref, occurred_at* timestamp, kind* text, channel text, campaign_id id, message_id id, "
            "variant text, score number, text_ref text:value, cost money, product_id id, updated_at timestamp"
        ),
        amount="cost",
        event_time="occurred_at",
        description="One row per thing that happened between a contact and us: sent, opened, clicked, complained, answered.",
    ),
    Entity(
        "campaigns",
        ("campaign_id",),
        _columns(
            "campaign_id* id, name text, technique text, reward_cost money, stance text, purpose text, weight number, "
            "offer_cost money, starts_at timestamp, ends_at timestamp, control_share number, updated_at timestamp"
        ),
        description="One row per campaign.",
    ),
    Entity(
        "marketing_spend",
        ("day", "channel", "campaign_id"),
        _columns("day* date, channel* text, campaign_id id, purpose text, amount* money, currency text"),
        amount="amount",
        event_time="day",
        description="What was spent, by day, channel and campaign.",
    ),
    Entity(
        "subscriptions",
        ("subscription_id",),
        _columns(
            "subscription_id* id, contact_ref* ref:ref, plan text, period text, amount* money, currency text, started_at* "
            "timestamp, ended_at timestamp, end_reason text:text, updated_at timestamp"
        ),
        amount="amount",
        event_time="started_at",
        description="One row per subscription.",
    ),
    Entity(
        "exchange_rates",
        ("day", "currency"),
        _columns("day* date, currency* text, rate* number"),
        event_time="day",
        description="One unit of `currency` in the reporting currency, by day.",
    ),
    Entity(
        "identity_decisions",
        ("contact_id", "other_contact_id", "decided_at"),
        # contact ids as the marts write them, name space included: a decision may be about contacts of two systems
        _columns(
            "contact_id* text:contact, other_contact_id* text:contact, decided_at* timestamp, decision* text, decided_by text, reason text:text"
        ),
        event_time="decided_at",
        description="What a data steward decided about two contacts, by date: the `same` person, or `different` people.",
    ),
)

#: Entity name → entity, in the order in which they are landed and staged.
ENTITIES: dict[str, Entity] = {entity.name: entity for entity in _ALL}
