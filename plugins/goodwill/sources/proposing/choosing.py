"""What a file is: a preset's export, or the entity its columns fit best; and everything that has to be said about it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from goodwill.entities import ENTITIES
from goodwill.sources.declared import EntityMapping
from goodwill.sources.presets import Preset, preset_names, read_preset, read_synonyms
from goodwill.sources.proposing.amounts import currencies
from goodwill.sources.proposing.entities import grouped_orders, plain
from goodwill.sources.proposing.looks import STYLES, Look, look_at
from goodwill.sources.proposing.matching import Fit, fit
from goodwill.sources.proposing.names import normal
from goodwill.sources.proposing.proposal import EntityProposal, SourceProposal
from goodwill.sources.proposing.refunding import refunds_beside, refunds_of
from goodwill.sources.proposing.sample import Sample

__all__ = ["propose_source"]

#: Currencies proposed where a sign may mean several.
_COMMON = {"USD", "GBP", "JPY", "SEK"}
#: A fit below this is no fit: two sure required columns, or one and the file's name.
ENOUGH = 3.5


def propose_source(name: str, path: str, sample: Sample) -> SourceProposal:
    """Propose how one file is read and what it feeds."""
    looks = {column: look_at(values) for column, values in sample.columns.items()}
    proposal = SourceProposal(name, path, rows=sample.rows, settings=dict(sample.settings))
    _numbers(proposal, looks)
    nothing = sorted({token for look in looks.values() for token in look.nothing})
    if nothing:
        proposal.settings["null_values"] = ["", *nothing]
    preset = _preset_of(sample)
    if preset:
        _follow(proposal, preset, looks)
    else:
        _match(proposal, sample, looks)
    if proposal.preset or proposal.entities:
        _ask(proposal, looks)
    return proposal


def _numbers(proposal: SourceProposal, looks: dict[str, Look]) -> None:
    """The marks in numbers: those most number columns agree with, the plainest first."""
    numbers = [look for look in looks.values() if look.shape == "number" and not look.whole]
    votes = {style: sum(style in look.styles for look in numbers) for style in STYLES}
    decimal, thousands = max(STYLES, key=lambda style: (votes[style], -STYLES.index(style)))
    if not numbers:
        return
    if decimal != ".":
        proposal.settings["decimal"] = decimal
    if thousands:
        proposal.settings["thousands"] = thousands
    if any(look.written for look in looks.values()):
        proposal.settings["amounts"] = "written"
    for other_decimal, other_thousands in STYLES:
        if votes[other_decimal, other_thousands] == votes[decimal, thousands] and other_decimal != decimal:
            example = next((look.example for look in numbers), "")
            line = f"decimal: {other_decimal!r}, thousands: {other_thousands!r}".replace("'", '"')
            proposal.questions.append((line, f"is {example} a number with decimals, or grouped by thousands? No value of the sample tells"))
            return


def _preset_of(sample: Sample) -> Preset | None:
    """The preset whose telling columns the file has; the one with the most of them."""
    header = {column.lower() for column in sample.columns}
    known = [preset for preset in map(read_preset, preset_names()) if {name.lower() for name in preset.known_by} <= header]
    fitting = [preset for preset in known if set(preset.settings["entities"]) - set(_lacking(preset, header))]
    return max(fitting, key=lambda preset: len(preset.known_by), default=None)


def _lacking(preset: Preset, header: set[str]) -> dict[str, list[str]]:
    mappings = {entity: EntityMapping.model_validate(how) for entity, how in preset.settings["entities"].items()}
    return {entity: sorted(missing) for entity, mapping in mappings.items() if (missing := mapping.missing(header))}


def _follow(proposal: SourceProposal, preset: Preset, looks: dict[str, Look]) -> None:
    header = {column.lower(): column for column in looks}
    proposal.preset, proposal.title = preset.name, preset.title
    proposal.lacking = _lacking(preset, set(header))
    read: set[str] = set()
    for entity, how in preset.settings["entities"].items():
        mapping = EntityMapping.model_validate(how)
        if entity in proposal.lacking:
            continue
        read |= {name.lower() for name in mapping.source_columns()}
        for column, mapped in mapping.columns.items():
            first = next((header[name.lower()] for name in mapped.chosen if name.lower() in header), None)
            if first is None or ENTITIES[entity].by_name[column].kind != "timestamp":
                continue
            formats = looks[first].formats
            if len(formats) == 1:
                proposal.settings["timestamp_format"] = formats[0]
            elif len(formats) == 2:
                question = f"is {looks[first].example} ({first}) the day or the month first? No value of the sample tells"
                proposal.questions += [(f'timestamp_format: "{each}"', f"FILL IN: {question}") for each in formats]
    proposal.unplaced = [(column, "") for column in looks if column.lower() not in read]


def _match(proposal: SourceProposal, sample: Sample, looks: dict[str, Look]) -> None:
    stem = sample.sheet or re.sub(
        r"([.](csv|tsv|txt|tab|gz|zip|parquet|pq|xlsx|jsonl|ndjson))+$", "", Path(sample.path).name, flags=re.IGNORECASE
    )
    fits = {entity: fit(entity, stem, looks) for entity in ENTITIES if entity in read_synonyms()}
    best = max(fits.values(), key=lambda each: each.score)
    if best.score < ENOUGH or not _has_key(best):
        missing = f", but has nothing for {', '.join(best.missing)}" if best.missing else ""
        proposal.problem = f"no entity fits; the nearest is {best.entity}{missing}"
        proposal.unplaced = [(column, best.refused.get(column, "")) for column in looks]
        return
    unplaced: list[tuple[str, str]] = []
    used = [best]
    orders, lines = fits["orders"], fits["order_lines"]
    if best.entity in ("orders", "order_lines") and _is_a_line_a_row(orders, lines, looks):
        proposal.entities, unplaced = grouped_orders(orders, lines, sample.columns)
        used = [orders, lines]
        products = fits["products"]
        if {"product_id", "name"} <= set(products.matches) and products.matches["product_id"].source == lines.matches["product_id"].source:
            proposal.entities.append(_products(products))
            used.append(products)
    else:
        proposal.entities = [plain(best)]
    _returns(proposal, looks)
    if best.entity == "orders" and (refunds := refunds_beside(proposal.entities, looks)):
        proposal.entities.append(refunds)
    read = {name for entity in proposal.entities for line in entity.lines for name in _names(line.how)}
    # an amount with VAT that nothing is made of feeds nothing
    placed = {match.source for each in used for name, match in each.matches.items() if name in ENTITIES[each.entity].by_name} | read
    placed -= {column for column, _ in unplaced}
    refused = {column: why for each in used for column, why in each.refused.items()}
    proposal.unplaced = unplaced + [
        (column, refused.get(column, "")) for column in looks if column not in placed and column not in dict(unplaced)
    ]


def _has_key(found: Fit) -> bool:
    """Whether some column tells what a row is about, so that the entity is more than a likeness of common words."""
    return (
        any(name in found.matches for name in ENTITIES[found.entity].key)
        or bool(found.spare_numbers)
        or found.entity in ("orders", "refunds", "contact_events")
    )


def _is_a_line_a_row(orders: Fit, lines: Fit, looks: dict[str, Look]) -> bool:
    """Whether rows are lines of orders: an order on several rows, or a product on each."""
    order = orders.matches.get("order_id")
    if order is None or "ordered_at" not in orders.matches or "order_id" not in lines.matches:
        return False
    several = not looks[order.source].unique and {"quantity", "line_no"} & set(lines.matches)
    return bool(several) or "product_id" in lines.matches


def _products(found: Fit) -> EntityProposal:
    """One product a code; of several names of a code the first."""
    proposal = plain(found)
    proposal.group_by = found.matches["product_id"].source
    proposal.lines = [
        line if line.column == "product_id" else type(line)(line.column, {"first": line.how}, line.sure, line.why)
        for line in proposal.lines
    ]
    return proposal


def _returns(proposal: SourceProposal, looks: dict[str, Look]) -> None:
    """If orders have amounts below nothing, those rows are refunds."""
    first = proposal.entities[0]
    amount = next((line.how for line in first.lines if line.column == "net_amount" and not line.open), None)
    if first.name != "orders" or amount is None:
        return
    sign: Any = amount if isinstance(amount, str) else amount.get("times") or amount.get("total") or amount.get("column")
    if isinstance(sign, str) and looks[sign].negative:
        fed = [each for each in proposal.entities if each.name in ("orders", "order_lines")]
        proposal.entities.append(refunds_of(fed, looks[sign], sign))


def _ask(proposal: SourceProposal, looks: dict[str, Look]) -> None:
    """What only a person knows: the zone of times without one, the currency of amounts without one."""
    read = {name for entity in proposal.entities for line in entity.lines for name in _names(line.how)}
    naive = [column for column, look in looks.items() if look.clock or (look.shape == "time" and look.has_time and not look.has_offset)]
    if naive and all(normal(column).endswith(" utc") for column in naive):
        proposal.settings["time_zone"] = "UTC"
    elif any(column in read or proposal.preset for column in naive):
        proposal.questions.append(
            ("time_zone: Europe/Paris", f"which zone are the times of {naive[0]} in? Without it: the business time zone")
        )
    has_currency = any(line.column == "currency" for entity in proposal.entities for line in entity.lines)
    has_currency = has_currency or (
        proposal.preset is not None and any(column.lower() in ("currency", "order_currency") for column in looks)
    )
    fed = {entity.name for entity in proposal.entities} | set(read_preset(proposal.preset).settings["entities"] if proposal.preset else ())
    signs = {sign for look in looks.values() for sign in look.signs}
    if not has_currency and len(currencies(signs)) == 1:
        (proposal.settings["currency"],) = currencies(signs)
    elif signs and not has_currency:
        question = f"FILL IN: which currency is {', '.join(sorted(signs))}? Until it is said, amounts with such a sign are rejected"
        proposal.questions.append((f"currency: {min(currencies(signs) & _COMMON, default='EUR')}", question))
    elif fed & {"orders", "refunds", "marketing_spend", "subscriptions"} and not has_currency:
        proposal.questions.append(("currency: EUR", "which currency are the amounts in? Without it: the reporting currency"))


def _names(how: Any) -> list[str]:
    if isinstance(how, str):
        return [how]
    return [name for value in how.values() for name in ([value] if isinstance(value, str) else value if isinstance(value, list) else [])]
