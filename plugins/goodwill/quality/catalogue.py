"""The expectation types a suite may use, with their arguments: Great Expectations' own names, tried on DuckDB one by one.

The list is closed because Great Expectations drops a type it does not know without a word, and because some of its types
fail, or stop the others, on DuckDB.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BOUNDARIES", "REFUSED", "TYPES", "UNEXPECTED_ROWS", "ExpectationType"]

#: The gates of the night, in its order.
BOUNDARIES = ("landed", "staged", "marts", "clv", "segments", "published")

UNEXPECTED_ROWS = "unexpected_rows_expectation"


@dataclass(frozen=True)
class ExpectationType:
    """The arguments of a type, and whether it says something about the row count or about a key."""

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    at_least_one_of: frozenset[str] = frozenset()
    checks: str | None = None

    @property
    def arguments(self) -> frozenset[str]:
        return self.required | self.optional | self.at_least_one_of


def _type(required: str = "", *, optional: str = "", one_of: str = "", checks: str | None = None) -> ExpectationType:
    return ExpectationType(frozenset(required.split()), frozenset(optional.split()), frozenset(one_of.split()), checks)


_RANGE = "min_value max_value"

TYPES: dict[str, ExpectationType] = {
    "expect_table_row_count_to_be_between": _type(one_of=_RANGE, checks="row_count"),
    "expect_table_row_count_to_equal": _type("value", checks="row_count"),
    "expect_column_values_to_not_be_null": _type("column", optional="mostly"),
    "expect_column_values_to_be_null": _type("column", optional="mostly"),
    "expect_column_values_to_be_unique": _type("column", checks="key"),
    "expect_compound_columns_to_be_unique": _type("column_list", checks="key"),
    "expect_column_values_to_be_between": _type("column", optional="mostly strict_min strict_max", one_of=_RANGE),
    "expect_column_values_to_be_in_set": _type("column value_set", optional="mostly"),
    "expect_column_pair_values_a_to_be_greater_than_b": _type("column_A column_B", optional="or_equal mostly ignore_row_if"),
    "expect_column_sum_to_be_between": _type("column", optional="strict_min strict_max", one_of=_RANGE),
    "expect_column_min_to_be_between": _type("column", optional="strict_min strict_max", one_of=_RANGE),
    "expect_column_max_to_be_between": _type("column", optional="strict_min strict_max", one_of=_RANGE),
    "expect_column_mean_to_be_between": _type("column", optional="strict_min strict_max", one_of=_RANGE),
    UNEXPECTED_ROWS: _type("unexpected_rows_query"),
}

_NO_PATTERNS = f"it does not run on DuckDB; write an {UNEXPECTED_ROWS} with regexp_matches"

#: Types that exist, and why they may not be used here.
REFUSED: dict[str, str] = {
    "expect_column_values_to_match_regex": _NO_PATTERNS,
    "expect_column_values_to_not_match_regex": _NO_PATTERNS,
    "expect_column_values_to_match_regex_list": _NO_PATTERNS,
    "expect_column_values_to_not_match_regex_list": _NO_PATTERNS,
    "expect_column_values_to_match_like_pattern": _NO_PATTERNS,
    "expect_column_values_to_not_match_like_pattern": _NO_PATTERNS,
    "expect_column_values_to_match_like_pattern_list": _NO_PATTERNS,
    "expect_column_values_to_not_match_like_pattern_list": _NO_PATTERNS,
    "expect_table_row_count_to_equal_other_table": f"it makes the table's other rules fail; write an {UNEXPECTED_ROWS}",
    "expect_column_quantile_values_to_be_between": "it stops the whole validation on DuckDB; write the quantile in a query",
}
