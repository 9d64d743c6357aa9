"""Whether a night may go on from the accepted warehouse: each reason why not, and what is no reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from goodwill.settings.business import Warehouse
from goodwill.warehouse.basis import BY_ROW, PROJECT, Batch, State, arrived, changed_sources, why_in_full

FIRST = Batch("shop", "b1", "a1", 1000, False, ("order_lines", "orders"))
SECOND = Batch("shop", "b2", "a2", 500, False, ("order_lines", "orders"))
PEOPLE = Batch("crm", "c1", "a4", 90_000, False, ("contacts",))
BEFORE = State("night-1", "2026-06-29", "2026-06-20", "code", "1.5", "settings", {"orders": "r1", "refunds": "r2"}, (FIRST, SECOND, PEOPLE))
LIMITS = Warehouse(full_build_share=0.1, full_build_rows=1_000, full_build_days=30)


def night(rows: int = 100, **other) -> State:
    """The next night: one batch more, anything else as told."""
    return replace(
        BEFORE, **{"as_of": "2026-06-30", "batches": (FIRST, SECOND, Batch("shop", "b3", "a3", rows, False, FIRST.entities)), **other}
    )


@pytest.mark.parametrize(
    "now",
    [
        night(),
        night(rows=166),
        night(batches=(FIRST, SECOND, PEOPLE)),
        night(as_of="2026-06-29"),
        night(as_of="2026-07-20"),
        night(batches=(FIRST, Batch("shop", "b3", "a3", 10, False, FIRST.entities), SECOND)),
        night(batches=(FIRST, SECOND, replace(PEOPLE, batch_id="c2", rows_sha256="x", rows=99_000))),
        night(readings={"orders": "r1", "refunds": "other"}),
    ],
    ids=[
        "new rows",
        "just few enough",
        "nothing new",
        "the same day",
        "just soon enough",
        "heard between two known ones",
        "a list sent again",
        "a list read otherwise",
    ],
)
def test_the_night_goes_on(now):
    assert why_in_full(BEFORE, now, LIMITS) is None


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (night(code="other"), "the code is another than that of run night-1"),
        (night(engine="1.6"), "the engine is another"),
        (night(configuration="other"), "the configuration is another"),
        (night(as_of="2026-06-28"), "2026-06-28 is before the day of run night-1, 2026-06-29"),
        (night(as_of="2026-07-21"), "the last one in full was for 2026-06-20"),
        (night(batches=(FIRST,)), "batch b2 of shop is read no longer"),
        (night(batches=(FIRST, replace(SECOND, rows_sha256="x"))), "batch b2 of shop was rewritten"),
        (night(batches=(FIRST, SECOND, replace(PEOPLE, rows_sha256="x"))), "batch c1 of crm was rewritten"),
        (night(batches=(SECOND, FIRST)), "the batches are heard in another order"),
        (night(batches=(FIRST, SECOND, Batch("shop", "b3", "a3", 1, True, FIRST.entities))), "rows of earlier batches were corrected"),
        (night(readings={"orders": "other", "refunds": "r2"}), "earlier rows are to be read differently: orders"),
        (night(rows=167), "167 of 1,667 rows are new, more than 10.0%"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_night_builds_in_full_and_says_why(now, words):
    assert words in str(why_in_full(BEFORE, now, LIMITS))


def test_without_a_warehouse_there_is_nothing_to_go_on_from():
    assert why_in_full(None, night(), LIMITS) == "there is no accepted warehouse that says what it was built from"


def test_a_state_is_read_as_it_was_written():
    assert State.from_json(night().to_json()) == night()
    assert [batch.batch_id for batch in arrived(BEFORE, night())] == ["b3"]
    assert changed_sources(BEFORE, night(batches=(FIRST, SECOND, PEOPLE))) == set()
    assert changed_sources(BEFORE, night(batches=(FIRST, SECOND))) == {"crm"}


def test_the_entities_read_by_row_are_those_whose_models_keep_what_was_read():
    kept = {path.stem.removeprefix("base_") for path in (PROJECT / "models/staging/base").glob("*.sql") if "touched=" in path.read_text()}
    assert kept == BY_ROW


def test_a_small_home_is_built_in_full_once_something_is_new():
    small = replace(BEFORE, batches=(replace(FIRST, rows=900),))
    more = replace(small, batches=(*small.batches, Batch("shop", "b3", "a3", 10, False, FIRST.entities)))
    assert why_in_full(small, more, LIMITS) == "something is new, and 910 rows in all are built faster than patched"
    assert why_in_full(small, small, LIMITS) is None
