"""The columns of the scores that go by horizon, as SQL expressions, in the order of the steps of `scores_sql`."""

from __future__ import annotations

from goodwill.clv.horizons import DAY_HORIZONS, MONTH_HORIZONS
from goodwill.clv.intervals import LEVELS, interval_ends

__all__ = ["bounded", "bounds", "ends", "expected", "nothing", "of_subscribers", "purchases", "valued", "values"]

#: Half-widths of a normal's 80 and 95 % intervals, in standard deviations.
_Z = {80: 1.2815515655446004, 95: 1.959963984540054}


def _money(value: str, name: str) -> str:
    """Money to the cent: the cast rounds."""
    return f"cast({value} as decimal(18, 2)) as {name}"


def expected(rates: int, with_intervals: bool) -> list[str]:
    """What is looked up by history and by contract; `plain` are purchases to a horizon, `share` what is left of one after discounting."""
    columns = [f"coalesce(said.at_{days}, rated.constant_rate * {days}) as at_{days}" for days in DAY_HORIZONS]
    columns += [f"coalesce(contracts.value_{days}_days, 0) as contract_{days}_days" for days in DAY_HORIZONS]
    for months in MONTH_HORIZONS:
        shares = [f"said.share_{months}_{rate}" for rate in range(rates)]
        share = (
            shares[0]
            if rates == 1
            else f"case calendar.rate {' '.join(f'when {rate} then {each}' for rate, each in enumerate(shares))} end"
        )
        columns += [
            f"coalesce(said.plain_{months}, rated.constant_rate * calendar.plain_{months}) as plain_{months}",
            f"coalesce({share}, calendar.share_{months}) as share_{months}",
            f"calendar.plain_{months} * calendar.share_{months} as discounted_days_{months}",
            f"coalesce(contracts.value_{months}, 0) as contract_{months}",
        ]
        if with_intervals:
            columns += [f"said.units_{months}_{end}" for end in interval_ends()]
            columns += [f"coalesce(contracts.value_{months}_{end}, 0) as contract_{months}_{end}" for end in interval_ends()]
    if with_intervals:
        columns += [f"said.purchases_{days}_{end}" for days in DAY_HORIZONS for end in interval_ends()]
    return [*columns, "contracts.value_ever as contract_ever"]


def valued() -> list[str]:
    """Discounted value and cost of the purchases to the horizons of months."""
    columns = ["margin_rate * counted as counted_rate", "margin_deviation * counted as counted_deviation"]
    for months in MONTH_HORIZONS:
        columns += [
            f"plain_{months} * share_{months} * value_of_a_purchase * counted as value_{months}",
            f"cost_per_day * discounted_days_{months} as cost_{months}",
        ]
    return columns


def ends() -> list[str]:
    """By bound the spend it stands for: where the margin is below zero, the lower value is that of the higher spend."""
    return [
        f"spend_unit * share_{months} * (case when margin_rate >= 0 then units_{months}_{side}_{level} "
        f"else units_{months}_{other}_{level} end) as end_{months}_{side}_{level}"
        for months in MONTH_HORIZONS
        for level in LEVELS
        for side, other in (("low", "high"), ("high", "low"))
    ]


def bounded() -> list[str]:
    """By bound its value, moved outwards by what is not known of the margin rate."""
    columns = []
    for months in MONTH_HORIZONS:
        for end in interval_ends():
            side, level = end.split("_")
            spend, sign = f"end_{months}_{end}", "-" if side == "low" else "+"
            gap, apart = f"({spend} * counted_rate - value_{months})", f"({_Z[int(level)]!r} * {spend} * counted_deviation)"
            columns.append(f"{spend} * counted_rate {sign} (sqrt({gap} * {gap} + {apart} * {apart}) - abs({gap})) as bound_{months}_{end}")
    return columns


def purchases() -> list[str]:
    """The published expectations."""
    return [f"at_{days} as expected_purchases_{days}" for days in DAY_HORIZONS]


def values() -> list[str]:
    """The published values."""
    columns = [
        _money(f"at_{days} * value_of_a_purchase * counted - cost_per_day * {days} + contract_{days}_days", f"expected_value_{days}")
        for days in DAY_HORIZONS
    ]
    columns += [_money(f"value_{months} - cost_{months} + contract_{months}", f"clv_{months}") for months in MONTH_HORIZONS]
    columns += [_money(f"contract_{months}", f"subscription_value_{months}") for months in MONTH_HORIZONS]
    by_policy = " ".join(f"when {months} then value_{months} - cost_{months} + contract_{months}" for months in MONTH_HORIZONS)
    return [*columns, _money("contract_ever", "subscription_value_ever"), _money(f"case horizon_months {by_policy} end", "clv")]


def bounds(with_intervals: bool) -> list[str]:
    """The published bounds: purchases to the day horizons, value to the month horizons."""
    if not with_intervals:
        counts = [f"cast(null as integer) as purchases_{days}_{end}" for days in DAY_HORIZONS for end in interval_ends()]
        return counts + [_money("null", f"clv_{months}_{end}") for months in MONTH_HORIZONS for end in interval_ends()]
    counts = [f"purchases_{days}_{end}" for days in DAY_HORIZONS for end in interval_ends()]
    return counts + [
        _money(f"{_outer(months, end)} - cost_{months} + contract_{months}_{end}", f"clv_{months}_{end}")
        for months in MONTH_HORIZONS
        for end in interval_ends()
    ]


def _outer(months: int, end: str) -> str:
    """A bound that no interval of a lower level reaches beyond: where little is known of the margin rate, a bound near 0 is the surer one."""
    side, level = end.split("_")
    inner = [f"bound_{months}_{side}_{other}" for other in LEVELS if other <= int(level)]
    return inner[0] if len(inner) == 1 else f"{'least' if side == 'low' else 'greatest'}({', '.join(inner)})"


def nothing() -> list[str]:
    """Of somebody who never bought."""
    columns = [f"cast(0 as double) as expected_purchases_{days}" for days in DAY_HORIZONS]
    columns += ["cast(0 as double) as expected_spend"]
    return columns + [f"cast(0 as integer) as purchases_{days}_{end}" for days in DAY_HORIZONS for end in interval_ends()]


def of_subscribers() -> list[str]:
    """Of somebody who has contracts alone: what these are still worth, less the cost to serve."""
    by_policy: list[str] = []
    columns = [_money(f"served.value_{days}_days - served.cost_per_day * {days}", f"expected_value_{days}") for days in DAY_HORIZONS]
    for months in MONTH_HORIZONS:
        cost = f"served.cost_per_day * calendar.plain_{months} * calendar.share_{months}"
        columns += [
            _money(f"served.value_{months} - {cost}", f"clv_{months}"),
            _money(f"served.value_{months}", f"subscription_value_{months}"),
        ]
        columns += [_money(f"served.value_{months}_{end} - {cost}", f"clv_{months}_{end}") for end in interval_ends()]
        by_policy.append(f"when {months} then served.value_{months} - {cost}")
    columns.append(_money(f"case served.horizon_months {' '.join(by_policy)} end", "clv"))
    return [*columns, _money("served.value_ever", "subscription_value_ever")]
