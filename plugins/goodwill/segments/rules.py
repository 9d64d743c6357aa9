"""Rules as ordered data: a code, when it holds, and why in words. The first rule that holds wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import Formatter

__all__ = ["Rule", "code_sql", "index_sql", "reason_sql"]


@dataclass(frozen=True)
class Rule:
    """One rule of a division of everyone.

    Parameters
    ----------
    code : what the person is when the rule decides; None: in no class.
    when : an SQL condition over the named facts of `facts.py`. Unknown (NULL) does not hold.
    because : the reason, a sentence with facts in braces: `{name}` as it is, `{name:2}` with two decimals, `{name:%}` as a percentage.
    """

    code: str | None
    when: str
    because: str


def index_sql(rules: Sequence[Rule]) -> str:
    """The number of the first rule that holds. The last rule must hold for everybody."""
    if rules[-1].when != "true":
        raise ValueError("the last rule must be for everybody else: when = 'true'")
    branches = " ".join(f"when {rule.when} then {number}" for number, rule in enumerate(rules))
    return f"case {branches} end"


def code_sql(rules: Sequence[Rule], index: str) -> str:
    """The code of the rule numbered by the column `index`."""
    return _pick(index, ["cast(null as varchar)" if rule.code is None else _literal(rule.code) for rule in rules])


def reason_sql(rules: Sequence[Rule], index: str) -> str:
    """The reason of the rule numbered by the column `index`, with the person's own figures in it."""
    return _pick(index, [_sentence(rule.because) for rule in rules])


def _pick(index: str, choices: Sequence[str]) -> str:
    branches = " ".join(f"when {number} then {choice}" for number, choice in enumerate(choices))
    return f"case {index} {branches} end"


def _sentence(template: str) -> str:
    parts = []
    for text, name, form, _ in Formatter().parse(template):
        if text:
            parts.append(_literal(text))
        if name:
            parts.append(f"coalesce({_figure(name, form or '')}, 'unknown')")
    return " || ".join(parts)


def _figure(name: str, form: str) -> str:
    if form == "%":
        return f"cast(cast(round(100 * {name}, 0) as bigint) as varchar) || ' %'"
    if form:
        return f"cast(cast({name} as decimal(18, {int(form)})) as varchar)"
    return f"cast({name} as varchar)"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
