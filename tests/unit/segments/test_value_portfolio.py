"""Below zero, most valuable, most growable, maintain: both sides of each rule, and the peers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from goodwill.settings.business import BusinessSettings, Value

from tests.unit.segments.people import Person, placed

OLD = (400, 300)


def worth(name: str, margin: float, clv: float = 0.0, **more: Any) -> Person:
    return Person(name, **({"bought": OLD, "margin": margin, "clv": clv} | more))


def classes(*people: Person, **value: Any) -> dict[str, str | None]:
    rows = placed(*people, settings=BusinessSettings(value=Value(**value)))
    return {name: row["value_class"] for name, row in rows.items()}


def test_most_valuable_are_the_fewest_who_hold_half() -> None:
    # 100 in all: 40 is not half, 40 + 16.5 is; the third is not needed
    people = [worth("a", 40), worth("b", 15), worth("c", 14), worth("d", 14), worth("e", 16.5), worth("f", 0.5)]
    found = classes(*people, growable_ratio=1000)
    assert [name for name, value_class in found.items() if value_class == "most_valuable"] == ["a", "e"]


def test_exactly_half_is_enough() -> None:
    found = classes(worth("a", 50), worth("b", 30), worth("c", 20), growable_ratio=1000)
    assert found == {"a": "most_valuable", "b": "maintain", "c": "maintain"}


def test_equal_values_get_the_equal_class() -> None:
    found = classes(*(worth(f"p{i}", 10) for i in range(9)))
    assert set(found.values()) == {"most_valuable"}


def test_losses_are_not_held_against_the_most_valuable() -> None:
    found = classes(worth("a", 60), worth("b", 50), worth("loss", -1000, -5), potential_quantile=0.0)
    assert (found["a"], found["b"], found["loss"]) == ("most_valuable", "maintain", "maintain")


def test_most_growable_are_far_below_the_best_of_their_peers() -> None:
    people = [worth(f"p{i:02}", float(i)) for i in range(1, 41)]
    rows = placed(*people, settings=BusinessSettings(value=Value(peers_minimum=30)))
    # the 90 % quantile of 1 to 40 is 36.1; the top fifth of the 36 positive gaps are those of 1 to 8 (cut 28.1)
    assert {row["potential_value_amount"] for row in rows.values()} == {Decimal("36.10")}
    growable = sorted(name for name, row in rows.items() if row["value_class"] == "most_growable")
    assert growable == [f"p{i:02}" for i in range(1, 9)]
    assert "a gap of 35.10" in rows["p01"]["value_class_reason"]
    assert "40 peers" in rows["p01"]["value_class_reason"]


def test_growable_ratio_on_both_sides() -> None:
    """Potential 100 against 60 and 70 at a ratio of 1.5."""
    best = [worth(f"best{i}", 100) for i in range(20)]
    found = classes(*best, worth("far", 60), worth("near", 70), growable_quantile=0.0, most_valuable_share=0.1)
    assert (found["far"], found["near"]) == ("most_growable", "maintain")


def test_nobody_grows_towards_a_potential_below_zero() -> None:
    found = classes(*(worth(f"p{i}", -10.0 - i, 1) for i in range(20)), growable_quantile=0.0)
    assert set(found.values()) == {"maintain"}


def test_peers_are_the_narrowest_group_that_is_large_enough() -> None:
    books = [worth(f"book{i}", 100.0, category="books", channel="web") for i in range(3)]
    toys = [worth(f"toy{i}", 10.0, category="toys", channel="web") for i in range(2)]
    young = [worth(f"young{i}", 1000.0, bought=(20, 10), category="toys", channel="web") for i in range(2)]
    rows = placed(*books, *toys, *young, settings=BusinessSettings(value=Value(peers_minimum=3, potential_quantile=1.0)))
    assert rows["book0"]["potential_value_amount"] == Decimal("100.00")
    # two toy buyers are too few, so all of that tenure: five people
    assert rows["toy0"]["potential_value_amount"] == Decimal("100.00")
    # two young ones are too few in any group but everybody
    assert rows["young0"]["potential_value_amount"] == Decimal("1000.00")
    assert rows["toy0"]["actual_value_amount"] == Decimal("10.00")
    assert "quantile of 5 peers (1 to 3 years) is 100.00" in rows["toy0"]["value_class_reason"]


def test_low_cost_brands_are_not_held_against_premium_ones() -> None:
    """By the policy of the brand; where there are too few of them, with everybody after all."""
    premium = [worth(f"premium{i}", 100.0, positioning="premium") for i in range(4)]
    low = [worth(f"low{i}", 10.0 + i, positioning="low_cost") for i in range(3)]
    young = [worth("young", 1.0, bought=(20, 10), positioning="low_cost")]
    other = [worth(f"other{i}", 50.0) for i in range(2)]
    rows = placed(*premium, *low, *young, *other, settings=BusinessSettings(value=Value(peers_minimum=3, potential_quantile=1.0)))
    potential = {name: row["potential_value_amount"] for name, row in rows.items()}
    assert {potential[f"low{i}"] for i in range(3)} == {potential["young"]} == {Decimal("12.00")}
    assert "quantile of 3 peers (low-cost brands, 1 to 3 years, no category, no channel)" in rows["low0"]["value_class_reason"]
    assert "quantile of 4 peers (low-cost brands, all customers)" in rows["young"]["value_class_reason"]
    assert potential["premium0"] == 100
    assert "quantile of 10 peers (all customers) is 100.00" in rows["other0"]["value_class_reason"]


def test_actual_value_is_the_year_behind_less_its_cost_and_the_year_ahead() -> None:
    row = placed(Person("p", bought=OLD, margin=20, cost=3, clv=7.5))["p"]
    assert row["actual_value_amount"] == Decimal("24.50")
    assert "24.50 = 17.00 in the last twelve months + 7.50 expected" in row["value_class_reason"]


def test_unknown_margins_are_estimated_or_counted_on_revenue_and_say_so() -> None:
    estimated = placed(Person("p", bought=OLD, margin=None, clv=7.5, revenue=50, cost=3, basis="assumed_margin"))["p"]
    assert estimated["actual_value_amount"] == Decimal("14.50")
    assert "on an assumed margin" in estimated["value_class_reason"]
    revenue = placed(Person("p", bought=OLD, margin=None, clv=7.5, revenue=50, cost=3, basis="revenue"))["p"]
    assert revenue["actual_value_amount"] == Decimal("57.50")
    assert "counted on revenue" in revenue["value_class_reason"]


def test_a_subscriber_who_never_bought_is_worth_what_the_contract_is() -> None:
    people = [Person(f"p{i}", bought=(200, 10), margin=10.0, clv=10.0) for i in range(9)]
    rows = placed(
        *people, Person("subscriber", subscribed=True, clv=400.0), Person("ended", subscribed=False, seen={"subscription_ended": 9})
    )
    found = rows["subscriber"]
    assert (found["value_class"], found["actual_value_amount"]) == ("most_valuable", 400)
    assert "0.00 in the last twelve months + 400.00 expected in the next, of a contract" in found["value_class_reason"]
    assert (found["distance"], found["rfm_group"]) == ("existing", None)
    assert (rows["ended"]["value_class"], rows["ended"]["life_cycle_stage"], rows["ended"]["distance"]) == (None, "lost", "new")


def test_prospects_have_no_class_and_guests_are_left_alone() -> None:
    rows = placed(Person("prospect"), Person("guest", bought=(3,), guest=True, model="guest", margin=1e6), worth("p", 5))
    assert (rows["prospect"]["value_class"], rows["prospect"]["actual_value_amount"]) == (None, None)
    assert "no value class" in rows["prospect"]["value_class_reason"]
    assert (rows["guest"]["value_class"], rows["p"]["value_class"]) == ("maintain", "most_valuable")
    assert "guest order" in rows["guest"]["value_class_reason"]
