"""From a fit to lines: how each column of an entity is read, with formats, groups, and what a person has to say."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from goodwill.entities import ENTITIES
from goodwill.settings.business import Orders
from goodwill.sources.presets import read_synonyms
from goodwill.sources.proposing.matching import Fit, Match
from goodwill.sources.proposing.names import normal
from goodwill.sources.proposing.proposal import EntityProposal, Line, Sure

__all__ = ["grouped_orders", "plain"]

LESS: dict[Sure, Sure] = {"high": "medium", "medium": "low", "low": "low"}
#: A contact whose export says no date was there before everything we know.
LONG_AGO = "2000-01-01"
#: What goodwill.yml knows of statuses before anybody changes it.
_STATUSES = frozenset((*Orders().known_statuses, *Orders().cancelled_statuses))


def _times(column: str, match: Match, way: str = "column") -> list[Line]:
    """A date or time, with its format; two lines to choose from where no value tells the day from the month."""
    read, formats = {way: match.source}, match.look.formats
    if match.clock:
        read |= {"followed_by": match.clock}
        formats = tuple(f"{each} {match.clock_format}" for each in formats or ("%Y-%m-%d",))
    if len(formats) == 2:
        why = f"FILL IN: is {match.look.example} the day or the month first? No value of the sample tells: uncomment the right line"
        return [Line(column, read | {"format": each}, "low", why, open=True) for each in formats]
    if not formats:
        return [Line(column, match.source if way == "column" else read, match.sure, match.why)]
    told = f"{match.why}; {match.look.example!r} tells the format"
    return [Line(column, read | {"format": formats[0]}, match.sure, told)]


def _words(column: str, match: Match) -> Any:
    """The column itself, with words of its own translated: what orders are, yes and no."""
    bank = read_synonyms()
    if column == "status":
        meant = {word: status for status, words in (bank["statuses"] | {"cancelled": bank["cancelled"]}).items() for word in words}
        plain = {value: meant[normal(value)] for value in match.look.few if value.lower() not in _STATUSES and normal(value) in meant}
    elif match.look.shape == "boolean":
        plain = {value: "yes" if value.lower() in bank["yes"] else "no" for value in match.look.few
                 if value.lower() in (*bank["yes"], *bank["no"])}  # fmt: skip
    else:
        plain = {}
    return {"column": match.source, "translate": plain} if plain else match.source


def _said_of(column: str, match: Match) -> Line:
    """One value of the column, and of a status what its words would mean for revenue."""
    how = _words(column, match)
    if column != "status":
        return Line(column, how, match.sure, match.why)
    words = how["translate"] if isinstance(how, dict) else {}
    unknown = [value for value in match.look.few if value.lower() not in _STATUSES and value not in words]
    given_back = [value for value in match.look.few if words.get(value, value.lower()) in ("refunded", "partially_refunded", "returned")]
    why = [match.why]
    if not match.look.few:
        why.append("too many words to look at: see that they are statuses")
    if unknown:
        why.append(f"unknown, and counted as sales until they are translated or listed in goodwill.yml: {', '.join(unknown[:8])}")
    if given_back:
        why.append(f"counted as sales too, the money back being a refund of its own: {', '.join(given_back)}")
    return Line(column, how, LESS[match.sure] if len(why) > 1 else match.sure, "; ".join(why))


def _line(entity: str, column: str, match: Match) -> list[Line]:
    if ENTITIES[entity].by_name[column].kind in ("timestamp", "date"):
        return _times(column, match)
    if ENTITIES[entity].by_name[column].kind == "money" and match.look.negative and not match.look.positive:
        why = f"{match.why}, and none is above zero: turned round"
        return [Line(column, {"column": match.source, "negate": True}, LESS[match.sure], why)]
    return [_said_of(column, match)]


def _net_amount(found: Fit) -> list[Line]:
    """What was paid without VAT: called so, or made of the amount with VAT and the VAT, or asked for."""
    match, gross, tax = (found.matches.get(name) for name in ("net_amount", "gross_paid", "tax_amount"))
    if match and match.kin == "sure":
        return [Line("net_amount", match.source, match.sure, match.why)]
    if gross and tax:
        return [Line("net_amount", {"total": gross.source, "minus": tax.source}, "medium", "what was paid less the VAT in it")]
    if match:
        return [Line("net_amount", match.source, match.sure, f"{match.why}: see that it is without VAT and after discounts")]
    if gross:
        return [Line("net_amount", gross.source, "low", "WITH VAT: no column says the VAT in it")]
    return [Line("net_amount", "?", "low", "FILL IN: no column looks like an amount without VAT, after discounts", open=True)]


def _made(entity: str, column: str, found: Fit) -> list[Line]:
    """A required column that no column of the file is called like, made of others; nothing where a person has to say."""
    if entity == "order_lines" and column == "line_no" and (order := found.matches.get("order_id")):
        return [Line(column, {"occurrence": order.source}, "high", "no line numbers: the lines of an order are counted")]
    if entity == "contacts" and column == "created_at":
        why = "no column says when a contact began: a day before everything; write the column if there is one"
        return [Line(column, {"value": LONG_AGO}, "low", why)]
    columns = ENTITIES[entity].by_name
    kind = columns[column].kind
    if kind == "id" and (alike := found.spare_numbers):
        return [Line(column, alike[0], "medium" if len(alike) == 1 else "low", "called like a number of something; no value twice")]
    if kind == "timestamp" and len(found.spare_times) == 1:
        source = found.spare_times[0]
        return _times(column, Match(source, found.spare[source], "near", "low", "the only dates that nothing else reads"))
    if column in ("order_id", "refund_id", "event_id"):
        # what may change later is no part of a key: a paid order that is cancelled would be another order
        lasting = {name: match.source for name, match in found.matches.items() if name not in ("status", "updated_at", "deleted_at")}
        filled = [found.matches[name] for name in lasting if found.matches[name].look.shape != "empty"][:5]
        key = [source for match in filled for source in (match.source, match.clock) if source]
        # without a date and somebody, two sales of one amount would be one
        if {"contact_ref", "order_id"} & set(lasting) and any(columns[name].kind == "timestamp" for name in lasting if name in columns):
            return [Line(column, {"hash": key}, "low", "no id in the file: made of the row's content")]
    return []


def plain(found: Fit) -> EntityProposal:
    """The entity, a row of the file a row of the entity."""
    lines: list[Line] = []
    for column in ENTITIES[found.entity].columns:
        match = found.matches.get(column.name)
        if found.entity == "orders" and column.name == "net_amount":
            lines += _net_amount(found)
        elif match:
            lines += _line(found.entity, column.name, match)
        elif column.required:
            made = _made(found.entity, column.name, found)
            lines += made or [Line(column.name, "?", "low", "FILL IN: no column looks like it", open=True)]
    return EntityProposal(found.entity, lines)


def _agreement(orders: list[str], values: list[str]) -> tuple[int, int]:
    """(groups of several rows, those of them in which the values differ)."""
    groups: dict[str, set[str]] = defaultdict(set)
    rows: dict[str, int] = defaultdict(int)
    for order, value in zip(orders, values, strict=True):
        rows[order] += 1
        if value:
            groups[order].add(value)
    several = [order for order, count in rows.items() if count > 1]
    return len(several), sum(1 for order in several if len(groups[order]) > 1)


def _amount(orders: Fit, lines: Fit, values: dict[str, list[str]]) -> tuple[Any, Sure, str]:
    """How an order's amount comes from its lines: (how, how sure, why)."""
    key = values[orders.matches["order_id"].source]
    match = orders.matches.get("net_amount")
    price, quantity = (lines.matches.get(name) for name in ("unit_price", "quantity"))
    if match and not (match.kin != "sure" and price and price.source == match.source):
        several, differing = _agreement(key, values[match.source])
        if several and not differing:
            return {"total": match.source, "once": True}, LESS[match.sure], f"{match.why}; the same on every line of an order"
        why = f"{match.why}; added up over the lines of an order"
        return {"total": match.source}, match.sure, why
    gross, tax = orders.matches.get("gross_paid"), orders.matches.get("tax_amount")
    if gross and tax:
        several, differing = _agreement(key, values[gross.source])
        once = {"once": True} if several and not differing else {}
        return {"total": gross.source, "minus": tax.source, **once}, "medium", "what was paid less the VAT in it"
    if price and quantity:
        why = "price times quantity: see that the price is without VAT and after discounts"
        return {"total": price.source, "times": quantity.source}, "medium", why
    return None, "low", ""


def _chosen(column: str, match: Match, order: Match, values: dict[str, list[str]]) -> Line | None:
    """One value for an order from its lines; none where the lines of most orders differ."""
    several, differing = _agreement(values[order.source], values[match.source])
    if differing > several / 2:
        return None
    if differing:
        how = {"first": match.source}
        return Line(column, how, LESS[match.sure], f"{match.why}; differs within {differing} of {several} orders: the first counts")
    return _said_of(column, match)


def grouped_orders(orders: Fit, lines: Fit, values: dict[str, list[str]]) -> tuple[list[EntityProposal], list[tuple[str, str]]]:
    """Orders, their lines and their products from a file that has a row a line; and what could not be placed."""
    order = orders.matches["order_id"]
    how, sure, why = _amount(orders, lines, values)
    grouped: list[Line] = [Line("order_id", order.source, order.sure, f"{order.why}; on several lines: a group an order".lstrip("; "))]
    unplaced: list[tuple[str, str]] = []
    for column in ENTITIES["orders"].columns:
        match = orders.matches.get(column.name)
        if column.name == "net_amount":
            none = Line("net_amount", "?", "low", "FILL IN: no column looks like an amount without VAT, after discounts", open=True)
            grouped.append(Line("net_amount", how, sure, why) if how else none)
        elif column.name == "ordered_at":
            grouped += _times(column.name, match, "lowest") if match else [Line(column.name, "?", "low", "FILL IN: no date", open=True)]
        elif match and column.name != "order_id" and column.kind != "timestamp":
            line = None
            if column.kind == "money":
                several, differing = _agreement(values[order.source], values[match.source])
                line = Line(column.name, match.source if several and not differing else {"total": match.source}, match.sure, match.why)
            else:
                line = _chosen(column.name, match, order, values)
            if line:
                grouped.append(line)
            else:
                unplaced.append((match.source, f"called like orders.{column.name}, but it differs within most orders"))
    proposals = [EntityProposal("orders", grouped, group_by=order.source), plain(lines)]
    own = proposals[1].lines
    if isinstance(how, dict) and "once" not in how and not any(line.column == "net_amount" for line in own):
        own.append(Line("net_amount", how, sure, "as for the order"))
    if isinstance(how, dict) and "once" in how:
        proposals[1].lines = [line for line in own if line.column != "net_amount"]
    return proposals, unplaced
