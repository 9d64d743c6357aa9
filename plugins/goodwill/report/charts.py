"""The charts of the page, as ECharts options: plain data.

Two kinds of text are resolved by `assets/report.js`, so that one option serves light and dark, and no code travels in the data:
`$accent` is a colour of `assets/report.css` (`--chart-accent`), `@money` a way to write numbers.
"""

from __future__ import annotations

from typing import Any

from goodwill.report.changes import Split
from goodwill.report.cohorts import Cohorts
from goodwill.report.facts import Facts
from goodwill.report.forecasts import Tenth, Week
from goodwill.report.formats import DASH, month
from goodwill.report.segments import Breakdown
from goodwill.report.value import Bin, Concentration

__all__ = ["Option", "charts"]

Option = dict[str, Any]

_GRID = {"left": 8, "right": 20, "top": 36, "bottom": 8, "containLabel": True}
_LEGEND = {"top": 0, "left": 0, "icon": "roundRect", "itemWidth": 14, "itemHeight": 8, "textStyle": {"color": "$ink"}}


def _axis(kind: str, **more: Any) -> Option:
    """An axis in the style of the page."""
    return {
        "type": kind,
        "axisLine": {"lineStyle": {"color": "$line"}},
        "axisTick": {"show": False},
        "axisLabel": {"color": "$muted", **more.pop("label", {})},
        "splitLine": {"show": kind == "value", "lineStyle": {"color": "$grid"}},
        "nameTextStyle": {"color": "$muted"},
        **more,
    }


def _named(text: str) -> Option:
    return {"name": text, "nameLocation": "middle", "nameGap": 30}


def _tooltip(trigger: str = "axis", write: str = "@percent") -> Option:
    return {
        "trigger": trigger,
        "confine": True,
        "valueFormatter": write,
        "backgroundColor": "$surface",
        "borderColor": "$line",
        "textStyle": {"color": "$ink", "fontSize": 13},
        "axisPointer": {"type": "line", "lineStyle": {"color": "$line"}},
    }


def _tick(ages: int) -> int:
    """Every age has its mark on the axis while there is room, then every second, third or sixth."""
    return next(step for step in (1, 2, 3, 6, 12, ages) if ages / step <= 13)


def _retention(cohorts: Cohorts) -> Option:
    """Each cohort as a thin line, all of them together as a thick one. Age 0 is everybody by construction and is left out."""
    ages = [point.age for point in cohorts.curve if point.age >= 1]
    thin: list[Option] = [
        {
            "type": "line",
            "name": month(row.month),
            "data": [[cell.age, cell.rate] for cell in row.cells if cell.age >= 1 and cell.rate is not None],
            "showSymbol": False,
            "silent": True,
            "tooltip": {"show": False},
            "lineStyle": {"width": 1, "color": "$faint"},
            "z": 1,
        }
        for row in cohorts.rows
    ]
    thick: list[Option] = [
        {
            "type": "line",
            "name": "Bought again in this window",
            "data": [[point.age, point.rate] for point in cohorts.curve if point.age >= 1],
            "symbolSize": 7,
            "lineStyle": {"width": 3, "color": "$accent"},
            "itemStyle": {"color": "$accent"},
            "z": 3,
        },
        {
            "type": "line",
            "name": "Bought in this window or later",
            "data": [[point.age, point.rolling] for point in cohorts.curve if point.age >= 1 and point.rolling is not None],
            "symbolSize": 6,
            "symbol": "emptyCircle",
            "lineStyle": {"width": 2, "type": "dashed", "color": "$second"},
            "itemStyle": {"color": "$second"},
            "z": 2,
        },
    ]
    return {
        "grid": {**_GRID, "bottom": 30, "top": 44},
        "legend": {**_LEGEND, "data": [series["name"] for series in thick]},
        "tooltip": _tooltip(),
        "xAxis": _axis(
            "value",
            min=1,
            max=max(ages),
            interval=_tick(max(ages)),
            splitLine={"show": False},
            **_named(f"Age, in windows of {cohorts.age_days} days"),
        ),
        "yAxis": _axis("value", min=0, label={"formatter": "@percent0"}),
        "series": [*thin, *thick],
    }


def _bin_label(entry: Bin) -> str:
    if entry.low is None:
        return "below 0"
    return f"{entry.low:,g} +" if entry.high is None else f"{entry.low:,g}{DASH}{entry.high:,g}"


def _distribution(bins: tuple[Bin, ...]) -> Option:
    """How many customers are worth how much, and what those hold together."""

    def bars(name: str, colour: str, shares: list[float]) -> Option:
        look = {"color": colour, "borderRadius": [2, 2, 0, 0]}
        return {"type": "bar", "name": name, "data": shares, "barGap": "8%", "barCategoryGap": "22%", "itemStyle": look}

    return {
        "grid": {**_GRID, "bottom": 30, "top": 44},
        "legend": _LEGEND,
        "tooltip": {**_tooltip(), "axisPointer": {"type": "shadow"}},
        "xAxis": _axis(
            "category",
            data=[_bin_label(entry) for entry in bins],
            label={"formatter": "@low", "interval": 0, "hideOverlap": True},
            **_named("CLV 12 of a customer, from"),
        ),
        "yAxis": _axis("value", min=0, label={"formatter": "@percent0"}),
        "series": [
            bars("Share of customers", "$quiet", [entry.share for entry in bins]),
            bars("Share of value they hold", "$accent", [entry.held for entry in bins]),
        ],
    }


def _calibration(tenths: tuple[Tenth, ...]) -> Option:
    """Purchases of a customer by tenths, forecast beside real."""

    def bars(name: str, colour: str, values: list[float]) -> Option:
        look = {"color": colour, "borderRadius": [2, 2, 0, 0]}
        return {"type": "bar", "name": name, "data": values, "barGap": "8%", "barCategoryGap": "22%", "itemStyle": look}

    return {
        "grid": {**_GRID, "bottom": 30, "top": 44},
        "legend": _LEGEND,
        "tooltip": {**_tooltip(), "axisPointer": {"type": "shadow"}},
        "xAxis": _axis("category", data=[str(tenth.decile) for tenth in tenths], **_named("Tenth of customers, by forecast")),
        "yAxis": _axis("value", min=0),
        "series": [
            bars("Real", "$quiet", [round(tenth.actual, 3) for tenth in tenths]),
            bars("Forecast", "$accent", [round(tenth.predicted, 3) for tenth in tenths]),
        ],
    }


def _tracking(weeks: tuple[Week, ...]) -> Option:
    """Purchases of all customers by week, forecast beside real."""

    def line(name: str, colour: str, values: list[float], style: str) -> Option:
        return {
            "type": "line",
            "name": name,
            "showSymbol": False,
            "data": values,
            "lineStyle": {"width": 3, "color": colour, "type": style},
            "itemStyle": {"color": colour},
        }

    return {
        "grid": {**_GRID, "bottom": 30, "top": 44, "right": 24},
        "legend": _LEGEND,
        "tooltip": _tooltip(),
        "xAxis": _axis("category", data=[str(week.week) for week in weeks], **_named("Week after the cut")),
        "yAxis": _axis("value", min=0),
        "series": [
            line("Real", "$quiet", [round(week.actual, 1) for week in weeks], "solid"),
            line("Forecast", "$accent", [round(week.predicted, 1) for week in weeks], "solid"),
        ],
    }


def _concentration(concentration: Concentration) -> Option:
    share = concentration.top[20]
    return {
        "grid": {**_GRID, "top": 44, "bottom": 30, "right": 24},
        "legend": {**_LEGEND, "data": ["Value they hold", "If all were equal"]},
        "tooltip": _tooltip(),
        "xAxis": _axis(
            "value", min=0, max=1, label={"formatter": "@percent0"}, splitLine={"show": False}, **_named("Customers, most valuable first")
        ),
        "yAxis": _axis("value", min=0, max=1, label={"formatter": "@percent0"}),
        "series": [
            {
                "type": "line",
                "name": "Value they hold",
                "showSymbol": False,
                "data": [list(point) for point in concentration.points],
                "lineStyle": {"width": 3, "color": "$accent"},
                "itemStyle": {"color": "$accent"},
                "areaStyle": {"color": "$accent", "opacity": 0.08},
                "markPoint": {
                    "symbol": "circle",
                    "symbolSize": 11,
                    "itemStyle": {"color": "$second"},
                    "label": {
                        "show": True,
                        "position": "right",
                        "distance": 8,
                        "color": "$ink",
                        "fontSize": 13,
                        "fontWeight": 600,
                        "lineHeight": 18,
                        "padding": [2, 6],
                        "backgroundColor": "$surface",
                        "borderRadius": 3,
                        "formatter": f"20 % of customers\nhold {share * 100:.1f} %",
                    },
                    "data": [{"coord": [0.2, share]}],
                },
            },
            {
                "type": "line",
                "name": "If all were equal",
                "showSymbol": False,
                "data": [[0, 0], [1, 1]],
                "lineStyle": {"width": 1.5, "type": "dashed", "color": "$muted"},
                "itemStyle": {"color": "$muted"},
            },
        ],
    }


def _compared(breakdown: Breakdown, people: str, value: str) -> Option:
    """Share of people beside share of value, a pair of bars per group, read from the top."""
    groups = [group for group in breakdown.groups if group.people]

    def bar(share: float | None) -> Option:
        return {"value": share, "label": {"position": "left"}} if share is not None and share < 0 else {"value": share}

    def bars(name: str, colour: str, shares: list[float | None]) -> Option:
        return {
            "type": "bar",
            "name": name,
            "data": [bar(share) for share in shares],
            "barMaxWidth": 16,
            "barGap": "15%",
            "itemStyle": {"color": colour, "borderRadius": [0, 3, 3, 0]},
            "label": {"show": True, "position": "right", "color": "$muted", "fontSize": 12, "formatter": "@label"},
        }

    return {
        "grid": {**_GRID, "right": 56},
        "legend": _LEGEND,
        "tooltip": {**_tooltip(), "axisPointer": {"type": "shadow"}},
        "xAxis": _axis("value", label={"formatter": "@percent0"}, splitNumber=4),
        "yAxis": _axis("category", data=[group.english for group in groups], inverse=True, label={"color": "$ink"}),
        "series": [
            bars(people, "$quiet", [group.people_share for group in groups]),
            bars(value, "$accent", [group.clv_share for group in groups]),
        ],
    }


def _equity(split: Split) -> Option:
    """What came and what went, each from zero: beside the whole equity they would be slivers."""
    entries = [*split.parts, ("In all", split.now - split.before)]

    def bar(amount: float, last: bool) -> Option:
        colour, corners = ("$accent", [0, 3, 3, 0]) if amount >= 0 else ("$second", [3, 0, 0, 3])
        look = {"color": colour, "borderRadius": corners, "opacity": 1 if last else 0.75}
        return {"value": amount, "itemStyle": look, "label": {"position": "right" if amount >= 0 else "left"}}

    return {
        "grid": {**_GRID, "top": 8, "left": 28, "right": 72},
        "tooltip": {"show": False},
        "xAxis": _axis("value", label={"formatter": "@money"}, splitNumber=4),
        "yAxis": _axis("category", data=[name for name, _ in entries], inverse=True, label={"color": "$ink", "margin": 16}),
        "series": [
            {
                "type": "bar",
                "name": "Change of equity",
                "barMaxWidth": 22,
                "data": [bar(float(amount), name == "In all") for name, amount in entries],
                "label": {"show": True, "color": "$ink", "fontSize": 13, "formatter": "@change"},
            }
        ],
    }


def charts(facts: Facts) -> dict[str, Option]:
    """Chart name → option, for what could be measured."""
    found: dict[str, Option] = {}
    if facts.cohorts and any(point.age >= 1 for point in facts.cohorts.curve):
        found["retention"] = _retention(facts.cohorts)
    if facts.value:
        found["distribution"] = _distribution(facts.value.bins)
        if facts.value.concentration:
            found["concentration"] = _concentration(facts.value.concentration)
    split = facts.changes.whole if facts.changes else None
    if split:
        found["equity"] = _equity(split)
    if facts.forecasts and facts.forecasts.tenths:
        found["calibration"] = _calibration(facts.forecasts.tenths)
        found["tracking"] = _tracking(facts.forecasts.tracking)
    if facts.segments:
        if facts.segments.value_class.groups:
            found["classes"] = _compared(facts.segments.value_class, "Share of customers", "Share of value (CLV 12)")
        if facts.segments.life_cycle.groups:
            found["stages"] = _compared(facts.segments.life_cycle, "Share of people", "Share of value (CLV 12)")
    return found
