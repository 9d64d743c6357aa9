"""Rows that break a rule are counted, and not fetched too: Great Expectations' own class runs the query of such a rule twice, and throws the rows away."""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["count_only"]


@cache
def count_only() -> None:
    """Declare the expectation anew, under its own name, without the metric that fetches the rows; those of a broken rule are looked up apart.

    Great Expectations must be there to be imported, and quiet: it warns of what is declared anew.
    """
    import great_expectations.expectations as gxe

    class UnexpectedRowsExpectation(gxe.UnexpectedRowsExpectation):  # type: ignore[misc]
        metric_dependencies = ("unexpected_rows_query.row_count",)

        def _validate(self, metrics: dict[str, Any], *arguments: Any, **named: Any) -> Any:
            # what is fetched is only told where results are complete, which ours are not
            return super()._validate({"unexpected_rows_query.table": [], **metrics}, *arguments, **named)

    assert UnexpectedRowsExpectation.expectation_type == gxe.UnexpectedRowsExpectation.expectation_type
