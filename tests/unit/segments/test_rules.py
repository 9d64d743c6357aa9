"""Rules as data: the first that holds wins, unknown does not hold, and reasons carry the figures."""

from __future__ import annotations

import duckdb
import pytest
from goodwill.segments.assigning import DIVISIONS
from goodwill.segments.rules import Rule, code_sql, index_sql, reason_sql

RULES = (
    Rule("big", "size > 10", "size {size:1} is above 10, it's {share:%} of all"),
    Rule("red", "colour = 'red'", "colour is {colour}"),
    Rule(None, "true", "nothing known"),
)


def placed(size: float | None, colour: str | None) -> tuple[str | None, str]:
    row = (
        duckdb.connect()
        .execute(
            f"select {code_sql(RULES, 'i')}, {reason_sql(RULES, 'i')} from (select *, {index_sql(RULES)} as i from "
            "(select cast(? as double) as size, cast(? as varchar) as colour, cast(null as double) as share) as facts) as decided",
            [size, colour],
        )
        .fetchone()
    )
    assert row is not None
    return row


def test_first_rule_that_holds_wins() -> None:
    assert placed(11, "red")[0] == "big"
    assert placed(10, "red")[0] == "red"
    assert placed(10, "blue")[0] is None


def test_unknown_holds_nowhere_and_leaves_no_hole_in_a_reason() -> None:
    assert placed(None, None) == (None, "nothing known")
    assert placed(12.34, None) == ("big", "size 12.3 is above 10, it's unknown of all")


def test_a_division_must_place_everybody() -> None:
    with pytest.raises(ValueError, match="everybody else"):
        index_sql(RULES[:2])


@pytest.mark.parametrize("rules", [rules for _, _, rules in DIVISIONS], ids=[code for code, _, _ in DIVISIONS])
def test_every_division_ends_with_everybody_and_says_why(rules: tuple[Rule, ...]) -> None:
    assert rules[-1].when == "true"
    assert all(rule.because for rule in rules)
    assert len({rule.when for rule in rules}) == len(rules)
