"""What a night need not build: nothing above it has changed, and the day does nothing to it."""

from __future__ import annotations

import pytest
from goodwill.warehouse.skipping import Changed, unchanged_models


def source(name: str, table: str) -> dict:
    return {"name": table, "resource_type": "source", "source": name, "table": table, "depends_on": []}


def model(name: str, *parents: str, reads_day: bool = False, cuts: tuple[str, ...] = ()) -> dict:
    return {"name": name, "resource_type": "model", "depends_on": list(parents), "reads_day": reads_day, "cuts": list(cuts)}


NODES = {
    "night": source("control", "night"),
    "batches": source("control", "batches"),
    "totals": source("control", "source_totals"),
    "landed orders": source("landed", "orders"),
    "landed contacts": source("landed", "contacts"),
    "phones": source("identity", "phone_numbers"),
    "matches": source("identity", "probable_matches"),
    "scores": source("model", "clv_scores"),
    "recorded": source("model", "recorded_changes"),
    "labels": {"name": "labels", "resource_type": "seed", "depends_on": []},
    "base orders": model("base_orders", "landed orders", "night", "batches"),
    "base contacts": model("base_contacts", "landed contacts", "night"),
    "reconciliation": model("reconciliation", "base orders", "totals"),
    "keyed": model("keyed", "base contacts", "phones", reads_day=True, cuts=("stg_contacts.created_at",)),
    "matched": model("matched", "keyed", "matches"),
    "orders": model("orders", "base orders", "matched"),
    "ages": model("ages", "orders", reads_day=True),
    "scored": model("scored", "scores"),
    "months": model("months", "base orders", "recorded"),
}
NOTHING = Changed(frozenset(), batches=False, day=False)


def built(changed: Changed, moved: bool = False) -> set[str]:
    names = {node["name"] for node in NODES.values() if node["resource_type"] in ("model", "seed")}
    return names - unchanged_models(NODES, changed, lambda columns: moved and columns == ["stg_contacts.created_at"])


@pytest.mark.parametrize(
    ("changed", "moved", "expected"),
    [
        (NOTHING, True, {"scored"}),
        (Changed(frozenset({"orders"}), True, False), False, {"base_orders", "reconciliation", "orders", "ages", "scored", "months"}),
        (Changed(frozenset({"products"}), True, False), False, {"reconciliation", "scored"}),
        (
            Changed(frozenset({"contacts"}), True, False),
            False,
            {"base_contacts", "reconciliation", "keyed", "matched", "orders", "ages", "scored"},
        ),
        (Changed(frozenset(), False, True), False, {"ages", "scored", "months"}),
        (Changed(frozenset(), False, True), True, {"keyed", "matched", "orders", "ages", "scored", "months"}),
        (Changed(frozenset(), False, False, matches=True), False, {"matched", "orders", "ages", "scored"}),
    ],
    ids=["nothing", "orders came", "products came", "contacts came", "a day on", "a day on, with a contact", "statistical matches"],
)
def test_only_what_can_have_changed_is_built(changed, moved, expected):
    assert built(changed, moved) == expected
