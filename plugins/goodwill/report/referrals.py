"""Who brings whom: referral edges by outcome, and those who brought most. From `marts.referral_edges`."""

from __future__ import annotations

from dataclasses import dataclass

from goodwill.report.reading import Row, Warehouse

__all__ = ["Referrals", "Referrer", "read_referrals"]

MOST_REFERRERS = 10


@dataclass(frozen=True)
class Referrer:
    person_id: str
    brought: int
    clv_brought: float | None


@dataclass(frozen=True)
class Referrals:
    """Referrals told by the sources: how many hold, why the others are refused."""

    valid: int
    refused: tuple[tuple[str, int], ...]
    referrers: int
    top: tuple[Referrer, ...]

    @property
    def told(self) -> int:
        return self.valid + sum(edges for _, edges in self.refused)


def read_referrals(warehouse: Warehouse) -> Referrals | None:
    """The referrals of the night; None when the mart is not built or no source gives any."""
    if not warehouse.has("marts.referral_edges"):
        return None
    outcomes = warehouse.rows("""
        select is_valid, coalesce(refusal_reason, 'unspecified') as reason, count(*) as edges
        from marts.referral_edges
        group by is_valid, reason
        order by edges desc, reason
    """)
    if not outcomes:
        return None
    scores = warehouse.first("marts.clv_customers", "model.clv_scores")
    worth = "sum(scores.clv_12)::double" if scores else "null"
    joined = f"left join {scores} as scores on scores.person_id = edges.referred_person_id" if scores else ""
    top = warehouse.rows(
        f"""
        select edges.referrer_person_id as person_id, count(*) as brought, {worth} as clv_brought
        from marts.referral_edges as edges {joined}
        where edges.is_valid
        group by edges.referrer_person_id
        order by brought desc, clv_brought desc nulls last, person_id
        limit ?
        """,
        [MOST_REFERRERS],
    )
    people: Row = warehouse.row("select count(distinct referrer_person_id) as referrers from marts.referral_edges where is_valid")
    return Referrals(
        valid=sum(row["edges"] for row in outcomes if row["is_valid"]),
        refused=tuple((row["reason"], row["edges"]) for row in outcomes if not row["is_valid"]),
        referrers=people["referrers"],
        top=tuple(Referrer(row["person_id"], row["brought"], row["clv_brought"]) for row in top),
    )
