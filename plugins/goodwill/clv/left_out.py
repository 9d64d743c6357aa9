"""Who has no part in the fits, and is scored all the same: histories that cannot be, and a few who would decide the fit of everybody.

A till or a reseller on one account buys on every day there is. The purchase models know no such person: the parameters bend towards them
until the forecast of everybody else is off, or a guard refuses the fit. So a few customers (`FEW`) are left out where they hold more than
a share of all repeat purchase days **and** have more of them than the others make plausible: among so many customers fewer than `LIMITS`
are expected with as many. The more of the whole they hold, the less it takes. They go one number of purchase days after the other, from
the top, until those that are left hold no such share: who buys hundreds of times among ordinary people stays.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import numpy as np
from scipy.special import betainc

from goodwill.clv.maximising import Peak, climb, weak_prior
from goodwill.clv.models.beta_geometric import BetaGeometric
from goodwill.clv.tuples import POSSIBLE, PurchaseTuples

__all__ = ["LeftOut", "dominant_from", "left_out"]

#: A few customers: so many, or so large a share of the repeat customers.
FEW, FEW_SHARE = 3, 0.01
#: Fewer repeat purchase days than that are nobody's till, and with fewer customers beside them nobody knows what is ordinary.
LEAST_DAYS, ORDINARY_CUSTOMERS = 50, 30
#: Share of all repeat purchase days → customers expected with as many of them, below which they are no part of the same population.
LIMITS = ((0.5, 1e-3), (0.0, 1e-9))


@dataclass(frozen=True)
class LeftOut:
    """`impossible` customers whose history cannot be; `dominant` ones with at least `from_x` repeat purchase days, `share` of all of them."""

    impossible: int = 0
    dominant: int = 0
    from_x: int | None = None
    share: float = 0.0

    def __str__(self) -> str:
        said = []
        if self.dominant:
            who = "1 customer" if self.dominant == 1 else f"{self.dominant:,} customers"
            said.append(f"{who} with {self.from_x:,} or more repeat purchase days, {self.share:.0%} of all of them")
        if self.impossible:
            said.append(f"{self.impossible:,} whose history cannot be")
        return f"left out: {', '.join(said)}" if said else ""


def left_out(connection: duckdb.DuckDBPyConnection, purchases: PurchaseTuples, share: float) -> LeftOut:
    """Who is left out tonight.

    Parameters
    ----------
    purchases : the possible histories of everybody.
    share : of all repeat purchase days, which a few may hold without being looked at.
    """
    counted = f"select coalesce(sum(customers), 0) from intermediate.int_rfm_tuples where not coalesce({POSSIBLE}, false)"
    ((impossible,),) = connection.execute(counted).fetchall()
    found = dominant_from(purchases, share)
    if found is None:
        return LeftOut(int(impossible))
    rest, repeats = purchases.below(found), purchases.customers @ purchases.x
    held = 1 - float(rest.customers @ rest.x) / float(repeats)
    return LeftOut(int(impossible), purchases.customer_count - rest.customer_count, found, held)


def dominant_from(purchases: PurchaseTuples, share: float) -> int | None:
    """The number of repeat purchase days from which on customers are left out; None where everybody takes part.

    Where too few came back for a model to score, too: the averages that score instead must not be those of a till either.
    """
    few = max(FEW, int(FEW_SHARE * purchases.repeat_customer_count))
    if int(purchases.x.max(initial=0)) < LEAST_DAYS or not _held_by(purchases, few) > share:
        return None
    ordinary = _without_the_top(purchases, few)
    if ordinary.customer_count < ORDINARY_CUSTOMERS:
        return None
    likelihood = BetaGeometric("mbg_nbd", ordinary)
    found = climb(likelihood, weak_prior(likelihood))
    if not isinstance(found, Peak):
        return None
    r, alpha = found.parameters[:2]
    rest, limit = purchases, None
    while (held := _held_by(rest, few)) > share and (top := int(rest.x[-1])) >= LEAST_DAYS:
        # nobody buys more often than by never leaving: then the number of purchases is a negative binomial one
        age = float(rest.age[rest.x == top].max())
        expected = purchases.customer_count * float(betainc(top, r, age / (alpha + age)))
        if expected >= next(enough for least, enough in LIMITS if held > least):
            break
        rest, limit = rest.below(top), top
    return limit


def _held_by(purchases: PurchaseTuples, few: int) -> float:
    """Share of all repeat purchase days that the few hold who have most of them."""
    before = np.cumsum(purchases.customers[::-1]) - purchases.customers[::-1]
    counted = np.clip(few - before, 0, purchases.customers[::-1])
    return float(counted @ purchases.x[::-1]) / max(float(purchases.customers @ purchases.x), 1.0)


def _without_the_top(purchases: PurchaseTuples, few: int) -> PurchaseTuples:
    """Everybody with fewer repeat purchase days than each of the few, and all one-time buyers."""
    reached = np.cumsum(purchases.customers[::-1])
    place = min(int(np.searchsorted(reached, few)), len(reached) - 1)
    return purchases.below(max(int(purchases.x[::-1][place]), 1))
