"""What the generated shop is made of: every number of its population, so that a test can ask a model to find them again."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

__all__ = [
    "CATEGORIES",
    "CHANNELS",
    "CITIES",
    "COUNTRIES",
    "DAYS",
    "DAY_SECONDS",
    "DOMAINS",
    "FIRST_DAY",
    "FIRST_NAMES",
    "FIRST_SECOND",
    "LAST_DAY",
    "LAST_NAMES",
    "Parameters",
]

FIRST_DAY = dt.date(2023, 7, 1)
LAST_DAY = dt.date(2026, 6, 30)
DAYS = (LAST_DAY - FIRST_DAY).days + 1
DAY_SECONDS = 86_400
FIRST_SECOND = int(dt.datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=dt.UTC).timestamp())

FIRST_NAMES = (
    "Ada",
    "Basile",
    "Camille",
    "Diane",
    "Emile",
    "Flora",
    "Gaspard",
    "Hanna",
    "Iris",
    "Jules",
    "Kenza",
    "Leon",
    "Maya",
    "Nils",
    "Olga",
    "Paul",
    "Quentin",
    "Rose",
    "Samir",
    "Tess",
    "Ugo",
    "Vera",
    "Willem",
    "Xenia",
    "Yann",
    "Zelie",
    "Anouk",
    "Bruno",
    "Clara",
    "David",
    "Elsa",
)
LAST_NAMES = (
    "Abeille",
    "Bouleau",
    "Cerisier",
    "Dahlia",
    "Erable",
    "Fougere",
    "Genet",
    "Houx",
    "Iris",
    "Jasmin",
    "Kiwi",
    "Lilas",
    "Muguet",
    "Noyer",
    "Olivier",
    "Platane",
    "Quinoa",
    "Roseau",
    "Saule",
    "Tilleul",
    "Ulmaire",
    "Verveine",
    "Wisteria",
    "Xylia",
    "Yucca",
    "Zinnia",
    "Aulne",
    "Bruyere",
    "Charme",
    "Druide",
    "Epine",
    "Frene",
    "Gui",
    "Hetre",
    "If",
    "Jonc",
    "Laurier",
)
#: Domains reserved for examples (RFC 2606): no letter can ever arrive.
DOMAINS = ("example.com", "example.org", "example.net")
COUNTRIES = ("FR", "BE", "DE", "IT", "ES", "CH")
CITIES = (
    ("Lyon", "69002"),
    ("Nantes", "44000"),
    ("Liege", "4000"),
    ("Gent", "9000"),
    ("Koeln", "50667"),
    ("Bremen", "28195"),
    ("Torino", "10121"),
    ("Bari", "70121"),
    ("Vigo", "36201"),
    ("Sevilla", "41001"),
    ("Geneve", "1201"),
    ("Basel", "4051"),
)
CHANNELS = ("organic", "search", "social", "marketplace", "store", "fair", "referral")
#: Category and the share of its list price that is margin.
CATEGORIES = (
    ("tea", 0.52),
    ("coffee", 0.44),
    ("chocolate", 0.47),
    ("honey", 0.41),
    ("oil", 0.36),
    ("spices", 0.55),
    ("biscuits", 0.39),
    ("preserves", 0.43),
    ("tableware", 0.33),
    ("linen", 0.38),
    ("books", 0.28),
    ("garden", 0.31),
)


@dataclass(frozen=True)
class Parameters:
    """The population of a shop. Rates are per day, shares between 0 and 1, amounts in the reporting currency.

    Purchases follow BG/NBD: a customer buys at a rate L ~ Gamma(r, alpha per day) and drops out after each *repeat* purchase with
    probability p ~ Beta(a, b). Order values follow Gamma-Gamma: n ~ Gamma(q, v), value ~ Gamma(p, n). Cancelled orders and guest
    orders come on top of the process, so the paid orders of known customers are a clean sample of it.

    Fader, Hardie & Lee 2005, Marketing Science 24(2); Fader & Hardie 2013, "The Gamma-Gamma model of monetary value".
    """

    orders: int
    seed: int
    r: float = 0.80
    alpha: float = 26.0
    a: float = 0.60
    b: float = 6.00
    p: float = 6.0
    q: float = 4.0
    v: float = 25.0
    events_per_order: float = 2.5
    guest_share: float = 0.04
    cancelled_share: float = 0.025
    prospects_per_customer: float = 0.20
    duplicate_contact_share: float = 0.004
    referred_share: float = 0.12
    refused_referral_share: float = 0.004
    refund_share: float = 0.06
    unprofitable_share: float = 0.006
    unprofitable_refund_share: float = 0.55
    coupon_share: float = 0.18
    promotion_only_share: float = 0.05
    without_email_share: float = 0.03
    subscriber_share: float = 0.04
    foreign_currency: str = "CHF"
    reporting_currency: str = "EUR"
    late_share: float = 0.02
    changed_contact_share: float = 0.001

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "first_day": FIRST_DAY.isoformat(), "last_day": LAST_DAY.isoformat()}
