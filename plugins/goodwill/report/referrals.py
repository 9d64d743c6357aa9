"""Who brings whom: referral edges by outcome, the programme, and those who brought most. From the marts `referral_…`."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from goodwill.privacy.hashing import KEYS_TABLE, HashKeys
from goodwill.report.reading import Warehouse

__all__ = ["Programme", "Referrals", "Referrer", "read_referrals"]

MOST_REFERRERS = 10


@dataclass(frozen=True)
class Referrer:
    """Somebody who brought others: how many came, how many of them bought, what those are worth, and the referrer's own worth for it."""

    person_id: str | None
    brought: int
    bought: int
    clv_brought: Decimal | None
    referral_value: Decimal | None
    quadrant: str | None


@dataclass(frozen=True)
class Programme:
    """The programme over all months whose figures are final: K of mature cohorts, and what came of invitations whose window is over.

    `k_factor` is customers brought by each; `customers_per_seed` what comes of one customer in the end, 1 / (1 - K), None from K = 1 on.
    """

    seeds: int
    k_factor: float | None
    invited: int
    invited_customers: int
    rewards: Decimal

    @property
    def customers_per_seed(self) -> float | None:
        return 1 / (1 - self.k_factor) if self.k_factor is not None and self.k_factor < 1 else None

    @property
    def conversion(self) -> float | None:
        return self.invited_customers / self.invited if self.invited else None


@dataclass(frozen=True)
class Referrals:
    """Referrals told by the sources: how many hold, how many of those bought, why the others do not hold."""

    valid: int
    converted: int
    others: tuple[tuple[str, str, int], ...]
    referrers: int
    top: tuple[Referrer, ...]
    programme: Programme | None

    @property
    def told(self) -> int:
        return self.valid + sum(edges for _, _, edges in self.others)


def read_referrals(warehouse: Warehouse) -> Referrals | None:
    """The referrals of the night; None when the mart is not built or no source gives any."""
    if not warehouse.has("marts.referral_edges"):
        return None
    outcomes = warehouse.rows("""
        select edge_status, refusal_reason, count(*) as edges, count(*) filter (where is_converted) as converted
        from marts.referral_edges
        group by edge_status, refusal_reason
        order by edges desc, edge_status, refusal_reason
    """)
    if not outcomes:
        return None
    people = warehouse.row("select count(distinct referrer_person_id) as referrers from marts.referral_edges where edge_status = 'valid'")
    return Referrals(
        valid=sum(row["edges"] for row in outcomes if row["edge_status"] == "valid"),
        converted=sum(row["converted"] for row in outcomes if row["edge_status"] == "valid"),
        others=tuple(
            (row["edge_status"], row["refusal_reason"] or "unspecified", row["edges"]) for row in outcomes if row["edge_status"] != "valid"
        ),
        referrers=people["referrers"],
        top=_top(warehouse),
        programme=_programme(warehouse),
    )


def _programme(warehouse: Warehouse) -> Programme | None:
    """The sums over the months that are final; None when the mart is not built or empty."""
    if not warehouse.has("marts.referral_program"):
        return None
    found = warehouse.row("""
        select count(*) as months, coalesce(sum(cohort_customers_count) filter (where is_cohort_mature), 0) as seeds,
            coalesce(sum(brought_customers_count) filter (where is_cohort_mature), 0) as brought,
            coalesce(sum(invited_people_count) filter (where invitation_conversion_rate is not null), 0) as invited,
            coalesce(sum(invited_customers_count) filter (where invitation_conversion_rate is not null), 0) as invited_customers,
            coalesce(sum(rewards_amount), 0) as rewards
        from marts.referral_program
    """)
    if not found["months"]:
        return None
    return Programme(
        seeds=int(found["seeds"]),
        k_factor=float(found["brought"] / found["seeds"]) if found["seeds"] else None,
        invited=int(found["invited"]),
        invited_customers=int(found["invited_customers"]),
        rewards=found["rewards"],
    )


def _top(warehouse: Warehouse) -> tuple[Referrer, ...]:
    """Those whose people bought most, under the keys that the published tables have for them."""
    if not warehouse.has("marts.referral_value"):
        return ()
    # a publication has keys already, and not what they are made with
    key = f"concat('p_', {HashKeys.sql('person_id')})" if warehouse.has(KEYS_TABLE) else "person_id"
    rows = warehouse.rows(
        f"""
        select {key} as person_id, direct_people_count, direct_customers_count, direct_clv_amount, crv_amount, quadrant
        from marts.referral_value
        order by direct_customers_count desc, direct_people_count desc, crv_amount desc nulls last, referral_value.person_id
        limit ?
        """,
        [MOST_REFERRERS],
    )
    return tuple(
        Referrer(
            person_id=row["person_id"],
            brought=row["direct_people_count"],
            bought=row["direct_customers_count"],
            clv_brought=row["direct_clv_amount"],
            referral_value=row["crv_amount"],
            quadrant=row["quadrant"],
        )
        for row in rows
    )
