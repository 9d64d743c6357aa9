"""The generated shop: the same for a seed, whole, true to its stated population, and bad only where it says so."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from goodwill.entities import ENTITIES
from lifetimes import BetaGeoFitter, GammaGammaFitter

from bench.shop import FIRST_DAY, LAST_DAY, Parameters, make_shop
from bench.shop.__main__ import main
from bench.shop.parameters import DAYS
from bench.shop.people import make_people
from bench.shop.relations import CONTROL_SHARES, KINDS

Ask = Callable[[str], list[tuple[Any, ...]]]

#: What a company's systems export; a steward's decisions are made by hand.
GIVEN = {name: entity for name, entity in ENTITIES.items() if name != "identity_decisions"}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("shop")
    return folder, make_shop(Parameters(orders=4_000, seed=11), folder)


@pytest.fixture(scope="module")
def ask(shop: tuple[Path, dict[str, Any]]) -> Ask:
    """Queries over the files as text-typed views, one per entity."""
    connection = duckdb.connect()
    for entity in GIVEN:
        connection.execute(f"create view {entity} as from read_csv('{shop[0]}/{entity}.csv', header = true, all_varchar = true)")
    return lambda query: connection.execute(query).fetchall()


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def test_same_seed_same_bytes_other_seed_others(tmp_path: Path) -> None:
    make_shop(Parameters(500, 3), tmp_path / "first", nights=2, dirt=0.01)
    make_shop(Parameters(500, 3), tmp_path / "second", nights=2, dirt=0.01)
    make_shop(Parameters(500, 4), tmp_path / "other", nights=2, dirt=0.01)
    assert digests(tmp_path / "first") == digests(tmp_path / "second")
    changed = {name for name, value in digests(tmp_path / "first").items() if digests(tmp_path / "other").get(name) != value}
    assert {"orders.csv", "contacts.csv", "contact_events.csv", "refunds.csv"} <= changed


def test_every_entity_has_a_file_with_its_own_columns(shop: tuple[Path, dict[str, Any]]) -> None:
    folder, truth = shop
    for name, entity in GIVEN.items():
        header = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert header.split(",") == [column.name for column in entity.columns], name
        assert truth["rows"][name] > 0, name
    assert json.loads((folder / "truth.json").read_text(encoding="utf-8")) == truth


def test_rows_and_totals_are_what_the_truth_says(shop: tuple[Path, dict[str, Any]], ask: Ask) -> None:
    truth = shop[1]
    for name in GIVEN:
        assert ask(f"select count(*) from {name}") == [(truth["rows"][name],)], name
    assert truth["rows"]["orders"] == 4_000
    assert truth["rows"]["contact_events"] == 10_000
    totals = truth["totals"]
    assert ask(
        "select sum(net_amount::decimal(18,2)) * 100, count(*) filter (contact_ref is null), count(*) filter (status = 'cancelled') from orders"
    ) == [(totals["net_amount_cents"], totals["guest_orders"], totals["cancelled_orders"])]
    assert ask("select sum(amount::decimal(18,2)) * 100 from refunds") == [(totals["refunded_cents"],)]


def test_amounts_agree_to_the_cent(ask: Ask) -> None:
    money = "::decimal(18,2)"
    assert ask(f"""select count(*) from (
        select order_id, sum(net_amount{money}) as net, sum(discount_amount{money}) as discount from order_lines group by order_id)
        full join orders using (order_id)
        where net is distinct from orders.net_amount{money} or discount is distinct from orders.discount_amount{money}
           or gross_amount{money} - orders.discount_amount{money} <> orders.net_amount{money}""") == [(0,)]
    assert ask(f"""select count(*) from order_lines
        where quantity::decimal(18,3) * unit_price::decimal(18,4) - discount_amount{money} <> net_amount{money}""") == [(0,)]
    assert ask(f"""select count(*) from (select order_id, sum(amount{money}) as refunded from refunds group by order_id)
        join orders using (order_id) where refunded > net_amount{money} or status = 'cancelled'""") == [(0,)]


def test_keys_are_unique_and_references_resolve(ask: Ask) -> None:
    for name, entity in GIVEN.items():
        keys = ", ".join(entity.key)
        assert ask(f"select count(*) from (select {keys} from {name} group by all having count(*) > 1)") == [(0,)], name
    for reference in (
        "from order_lines anti join orders using (order_id)",
        "from order_lines anti join products using (product_id)",
        "from products anti join product_costs using (product_id)",
        "from refunds anti join orders using (order_id)",
        "from orders o where contact_ref is not null and not exists (from contacts c where o.contact_ref in (c.contact_id, c.email))",
        "from contact_events e where not exists (from contacts c where e.contact_ref in (c.contact_id, c.email))",
        "from contact_events where campaign_id is not null and campaign_id not in (select campaign_id from campaigns)",
        "from orders where currency = 'CHF' and ordered_at[:10] not in (select day from exchange_rates)",
    ):
        assert ask(f"select count(*) {reference}") == [(0,)], reference


def test_nothing_happens_before_or_after_its_time(ask: Ask) -> None:
    for reference in (
        f"from orders where ordered_at[:10] not between '{FIRST_DAY}' and '{LAST_DAY}'",
        f"from contact_events where occurred_at > '{LAST_DAY}T22'",  # already tomorrow in Paris
        f"from orders where ordered_at > '{LAST_DAY}T22'",
        "from refunds r join orders o using (order_id) where r.refunded_at <= o.ordered_at",
        "from orders o join contacts c on o.contact_ref = c.contact_id where c.created_at > o.ordered_at",
        "from contact_events r join contact_events s on r.message_id = s.message_id and s.kind = 'message_sent' where r.occurred_at < s.occurred_at",
        "from subscriptions where ended_at <= started_at",
    ):
        assert ask(f"select count(*) {reference}") == [(0,)], reference


def test_every_kind_of_event_occurs_and_the_ladder_holds(ask: Ask) -> None:
    counts: dict[str, int] = dict(ask("select kind, count(*) from contact_events group by kind"))
    assert set(counts) == set(KINDS) - {
        kind for kind in ("spam_complaint", "unsubscribed") if kind not in counts
    }  # rare: a share of 0.0006
    assert counts["message_sent"] > counts["delivered"] > counts["opened"] > counts["clicked"] > 0
    for lower, upper in (("clicked", "opened"), ("opened", "delivered"), ("delivered", "message_sent"), ("bounced", "message_sent")):
        assert ask(f"""select count(*) from contact_events a where kind = '{lower}'
            and not exists (from contact_events b where b.kind = '{upper}' and b.message_id = a.message_id)""") == [(0,)], (lower, upper)
    scores = {int(score) for (score,) in ask("select distinct score from contact_events where kind = 'survey_answered'")}
    assert scores <= set(range(11))
    assert len(scores) > 5


def test_control_groups_stay_silent(ask: Ask) -> None:
    assert set(CONTROL_SHARES) == {float(share) for (share,) in ask("select distinct control_share from campaigns")}
    (pairs,) = ask("""select count(*) from (select campaign_id, contact_ref from contact_events where kind = 'message_sent' group by all)
        join campaigns using (campaign_id) join contacts on contact_ref = contact_id
        where ((contact_id[2:]::bigint - 1) * 2654435761 + (campaign_id[2:]::bigint - 1) * 40503) // 128 % 1000 < control_share::double * 1000""")
    assert pairs == (0,)


def test_referrals_form_a_forest_but_for_the_refused_ones(shop: tuple[Path, dict[str, Any]], ask: Ask) -> None:
    stated = shop[1]["totals"]["referrals"]
    found: dict[str, int] = dict(
        ask("""select case
            when referred_by = c.contact_id then 'self'
            when referred_by like 'C9%' then 'unknown'
            when referred_by like 'GIVE%' then 'by_code'
            when referred_by like '%@%' then 'by_email' else 'by_id' end, count(*)
        from contacts c where referred_by is not null group by 1""")
    )
    assert found == {
        "self": stated["self"],
        "unknown": stated["unknown"],
        "by_code": stated["by_code"],
        "by_email": stated["by_email"],
        "by_id": stated["by_id"] + stated["cycle"],
    }
    assert stated["cycle"] > 0
    people = make_people(Parameters(4_000, 11))
    assert (people.referred_by < np.arange(people.count)).all()
    brought = people.referred_by >= 0
    assert (people.first_moment[people.referred_by[brought]] <= people.first_moment[brought]).all()
    assert ask("""select count(*) from contacts c where referred_by like 'GIVE%'
        and referred_by not in (select referral_code from contacts where referral_code is not null)""") == [(0,)]


def test_population_is_the_stated_one() -> None:
    """lifetimes finds the parameters again from the histories: the generator draws what it says it draws."""
    at = Parameters(orders=60_000, seed=5)
    people = make_people(at)
    bought = people.purchases
    count = np.bincount(bought.person, minlength=people.customers)
    first = people.first_moment[: people.customers]
    last = first.copy()
    np.maximum.at(last, bought.person, bought.moment)
    model = BetaGeoFitter().fit(count - 1, last - first, DAYS - first)
    assert model.params_["r"] == pytest.approx(at.r, rel=0.10)
    assert model.params_["alpha"] == pytest.approx(at.alpha, rel=0.10)
    assert model.params_["a"] / (model.params_["a"] + model.params_["b"]) == pytest.approx(at.a / (at.a + at.b), rel=0.15)


def test_spend_is_the_stated_one(tmp_path: Path) -> None:
    at = Parameters(orders=60_000, seed=5)
    make_shop(at, tmp_path)
    with duckdb.connect() as connection:
        count, mean = (
            np.asarray(values)
            for values in zip(
                *connection.execute(f"""
            select count(*), avg(net_amount) from read_csv('{tmp_path}/orders.csv', header = true, types = {{'net_amount': 'double'}})
            where status <> 'cancelled' and contact_ref like 'C%' group by contact_ref having count(*) > 1""").fetchall(),
                strict=True,
            )
        )
    model = GammaGammaFitter().fit(count, mean)
    assert model.params_["p"] * model.params_["v"] / (model.params_["q"] - 1) == pytest.approx(at.p * at.v / (at.q - 1), rel=0.03)
    assert model.params_["q"] == pytest.approx(at.q, rel=0.15)


def test_nights_add_up_to_the_whole(tmp_path: Path) -> None:
    make_shop(Parameters(3_000, 2), tmp_path / "whole")
    truth = make_shop(Parameters(3_000, 2), tmp_path / "split", nights=5)
    with duckdb.connect() as connection:

        def ids(pattern: str) -> list[tuple[Any, ...]]:
            source = f"read_csv('{pattern}', header = true, all_varchar = true)"
            found: list[tuple[Any, ...]] = connection.execute(f"select order_id, ordered_at from {source} order by all").fetchall()
            return found

        night = tmp_path / "split" / "nights"
        assert ids(str(tmp_path / "split" / "orders.csv")) != ids(str(tmp_path / "whole" / "orders.csv"))
        assert sorted(ids(str(tmp_path / "split" / "orders.csv")) + ids(f"{night}/*/orders.csv")) == ids(
            str(tmp_path / "whole" / "orders.csv")
        )
        late = connection.execute(f"""select count(*) from read_csv('{night}/*/orders.csv', header = true, all_varchar = true, filename = true)
            where ordered_at[:10] < regexp_extract(filename, 'nights/([0-9-]+)/', 1)""").fetchone()
        changed = connection.execute(f"""select count(*) from read_csv('{night}/*/contacts.csv', header = true, all_varchar = true) n
            semi join read_csv('{tmp_path}/split/contacts.csv', header = true, all_varchar = true) b using (contact_id)""").fetchone()
    assert sorted(path.name for path in night.iterdir()) == ["2026-06-26", "2026-06-27", "2026-06-28", "2026-06-29", "2026-06-30"]
    assert late is not None
    assert late[0] > 0
    assert changed == (5,)
    assert truth["nights"] == 5


def test_parquet_holds_the_same_rows_typed(tmp_path: Path, shop: tuple[Path, dict[str, Any]]) -> None:
    make_shop(Parameters(4_000, 11), tmp_path, form="parquet")
    with duckdb.connect() as connection:
        for name, entity in GIVEN.items():
            types = dict(
                connection.execute(f"select column_name, lower(column_type) from (describe from '{tmp_path}/{name}.parquet')").fetchall()
            )
            assert types == {column.name: column.sql_type for column in entity.columns}, name
            typed = ", ".join(f"{column.name}::{column.sql_type}" for column in entity.columns)
            csv = f"read_csv('{shop[0]}/{name}.csv', header = true, all_varchar = true)"
            both = (f"from '{tmp_path}/{name}.parquet'", f"select {typed} from {csv}")
            for one, other in (both, both[::-1]):
                assert connection.execute(f"select count(*) from ({one} except all {other})").fetchone() == (0,), name


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_bad_rows_are_where_the_truth_says(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--orders", "2000", "--seed", "9", "--format", form]
    assert main([*options, "--out", str(tmp_path / "clean")]) == 0
    capsys.readouterr()
    assert main([*options, "--dirt", "0.02", "--out", str(tmp_path / "bad")]) == 0
    printed = json.loads(capsys.readouterr().out)
    truth = json.loads((tmp_path / "bad" / "truth.json").read_text(encoding="utf-8"))
    assert printed["injected"] == dict(sorted(Counter(f"{bad['entity']}: {bad['error']}" for bad in truth["injected"]).items()))
    assert truth["injected_rows"] == len(truth["injected"]) > 100
    assert {bad["error"] for bad in truth["injected"]} == {
        "unparsable date",
        "unparsable amount",
        "empty key",
        "negative amount",
        "unknown kind",
    }

    def rows(folder: str, entity: str) -> list[dict[str, Any]]:
        with duckdb.connect() as connection:
            source = f"'{tmp_path}/{folder}/{entity}.{form}'"
            source = f"read_csv({source}, header = true, all_varchar = true)" if form == "csv" else source
            answer = connection.execute(f"select columns(*)::varchar from {source}")
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    for entity in {bad["entity"] for bad in truth["injected"]}:
        good, bad_rows = rows("clean", entity), rows("bad", entity)
        stated = {(bad["row"], bad["column"]) for bad in truth["injected"] if bad["entity"] == entity}
        if form == "csv":
            differing = {
                (number, name)
                for number, (one, other) in enumerate(zip(good, bad_rows, strict=True), start=1)
                for name in one
                if one[name] != other[name]
            }
            assert differing == stated, entity
        for number, name in stated:
            assert bad_rows[number - 1][name] != good[number - 1][name], (entity, number, name)


def test_unprofitable_customers_stand_out(shop: tuple[Path, dict[str, Any]], ask: Ask) -> None:
    people = make_people(Parameters(4_000, 11))
    ids = [f"C{number + 1:07d}" for number in np.flatnonzero(people.is_unprofitable)]
    assert ids
    assert shop[1]["totals"]["unprofitable_customers"] == len(ids)
    ((theirs, others),) = (
        ask(f"""select avg(calls) filter (contact_id in {(*ids, "")}), avg(calls) filter (contact_id not in {(*ids, "")}) from (
        select contact_id, count(event_id) filter (kind = 'service_call') as calls
        from contacts left join contact_events on contact_ref = contact_id group by contact_id)""")
    )
    assert theirs > 20 * others


@pytest.mark.parametrize("wrong", [["--orders", "5"], ["--dirt", "2"], ["--nights", "-1"], ["--format", "xml"]])
def test_impossible_options_are_refused(tmp_path: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--out", str(tmp_path / "shop"), *wrong])
    assert stopped.value.code == 2
    assert wrong[0] in capsys.readouterr().err
    assert not (tmp_path / "shop").exists()
