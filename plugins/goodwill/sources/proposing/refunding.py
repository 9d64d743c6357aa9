"""Refunds that stand in a file of orders: rows below nothing, or what was paid back in a column beside what was paid."""

from __future__ import annotations

from goodwill.sources.presets import read_synonyms
from goodwill.sources.proposing.looks import Look
from goodwill.sources.proposing.names import meant
from goodwill.sources.proposing.proposal import EntityProposal, Line

__all__ = ["refunds_beside", "refunds_of"]


def refunds_of(proposals: list[EntityProposal], look: Look, sign: str) -> EntityProposal:
    """Rows below nothing are refunds: they leave the orders and lines, and feed the refunds."""
    orders = proposals[0]
    by_column = {line.column: line for line in orders.lines if not line.open}
    for proposal in proposals:
        proposal.where.append({"column": sign, "at_least": 0})
    amount = by_column["net_amount"].how
    amount = dict(amount) if isinstance(amount, dict) else {"column": amount}
    amount.pop("once", None)
    order = by_column["order_id"]
    at = by_column.get("ordered_at")
    time = dict(at.how) if at and isinstance(at.how, dict) else {"column": at.how if at else "?"}
    if "lowest" in time:
        time = {"column": time.pop("lowest"), **time}
    key = [order.how, time["column"], *(line.how for proposal in proposals for line in proposal.lines if line.column == "product_id"), sign]
    why = f"values of {sign} below 0, such as {look.example}" if look.example.startswith("-") else f"values of {sign} below 0"
    lines = [
        Line("refund_id", {"hash": [each for each in dict.fromkeys(key) if isinstance(each, str)]}, "medium", "made of the row's content"),
        Line("order_id", order.how, "low", "the document of the refund itself, unless it names the order it pays back"),
        Line("refunded_at", time if len(time) > 1 else time["column"], "medium", why, open=at is None),
        Line("amount", {**amount, "negate": True}, "medium", why),
    ]
    return EntityProposal("refunds", lines, where=[{"column": sign, "below": 0}])


def _called(looks: dict[str, Look], column: str, *shapes: str) -> str | None:
    """The first column that is surely called like one of a refund, and like nothing else (`amount` alone is what was paid)."""
    names, _ = meant(looks)
    sure = read_synonyms()["refunds"][column]
    return next((source for source, look in looks.items() if names[source] in sure and look.shape in shapes), None)


def refunds_beside(proposals: list[EntityProposal], looks: dict[str, Look]) -> EntityProposal | None:
    """What was paid back of each order, where a column beside its amount surely says so (`Amount Refunded`)."""
    orders = {line.column: line.how for line in proposals[0].lines if not line.open}
    order, ordered = orders.get("order_id"), orders.get("ordered_at")
    amount, at = _called(looks, "amount", "number"), _called(looks, "refunded_at", "time", "empty")
    if len(proposals) > 1 or amount is None or amount in orders.values() or not isinstance(order, str) or not ordered:
        return None
    time = dict(ordered) if isinstance(ordered, dict) else {"column": ordered}
    # nothing was paid back in the sample, or no day is said: such days will be written as the others
    if at and (looks[at].shape == "empty" or looks[at].formats == looks[time["column"]].formats):
        if time.pop("followed_by", None):  # the time of day is that of the order: of a refund the day is known
            time = {"column": time["column"], **({"format": each} if (each := next(iter(looks[time["column"]].formats), "")) else {})}
        time = {**time, "column": at, "otherwise": [time["column"]]}
    lines = [
        Line("refund_id", order, "medium", "one refund an order"),
        Line("order_id", order, "high", "the order itself"),
        Line("refunded_at", time if len(time) > 1 else time["column"], "medium", "when it was paid back, else when it was ordered"),
        Line("amount", amount, "medium", "called so; values are numbers: see that it is without VAT"),
    ]
    if "currency" in orders:
        lines.append(Line("currency", orders["currency"], "high", "as for the order"))
    return EntityProposal("refunds", lines, where=[{"column": amount, "empty": False}, {"column": amount, "at_least": 0.01}])
