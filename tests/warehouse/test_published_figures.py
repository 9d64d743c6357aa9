"""Figures that others measured on real data, found again by the models: margins of AdventureWorks, referrals of a web of trust, a cohort."""

from __future__ import annotations

import datetime as dt
import gzip
import shutil
import tarfile
from pathlib import Path

import duckdb
import pytest
from goodwill.home import Home

from tests.warehouse.compiled import Model, build_events, land, rows

pytestmark = pytest.mark.shared_data

#: Customers of December 2010 in the months to August: with a customer-day whose net amount is above zero, and with any line at all.
BUYING = [883, 322, 283, 338, 320, 351, 319, 305, 313]
WITH_ANY_LINE = [948, 362, 317, 367, 341, 376, 360, 336, 336]

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures"


def home_of(fixture: str, folder: Path) -> Home:
    shutil.copytree(FIXTURES / fixture, folder, dirs_exist_ok=True)
    (folder / "input").mkdir()
    return Home.at(folder)


def test_revenue_and_cost_of_adventureworks(shared_data: Path, events: list[Model], tmp_path: Path) -> None:
    """Price and cost of every line by its product: 24.9 million of revenue, 14.5 of cost, 25,164 orders of 17,416 customers."""
    home, data = home_of("adventureworks", tmp_path / "home"), shared_data / "adventureworks"
    with gzip.open(data / "AdventureWorks_Products.csv.gz") as packed:
        (home.root / "input" / "products.csv").write_bytes(packed.read())
    with duckdb.connect() as connection:
        for year in (2015, 2016, 2017):
            connection.execute(f"""
                copy (
                    select sales.OrderDate, OrderNumber, ProductKey, CustomerKey, OrderLineItem, OrderQuantity, ProductPrice
                    from read_csv('{data}/AdventureWorks_Sales_{year}.csv.gz', all_varchar = true) as sales
                    left join read_csv('{data}/AdventureWorks_Products.csv.gz', all_varchar = true) as products using (ProductKey)
                ) to '{home.root}/input/sales_{year}.csv' (header)
            """)
    land(home)
    build_events(home, events, dt.date(2017, 7, 1))
    assert rows(home, "select count(*) from staging.quarantine") == [(0,)]
    revenue, cost, margin, orders, people, assumed = rows(
        home,
        "select sum(revenue_amount), sum(cost_of_goods_amount), sum(margin_by_event_date_amount), count(*), count(distinct person_id), "
        "count_if(margin_is_assumed) from marts.fct_orders",
    )[0]
    assert (round(revenue), round(cost)) == (24_914_567, 14_456_986)
    assert margin == revenue - cost
    assert (orders, people, assumed) == (25_164, 17_416, 0)
    assert rows(home, "select sum(revenue_amount), sum(cost_of_goods_amount) from marts.fct_order_lines") == [(revenue, cost)]


def test_referrals_in_a_web_of_trust(shared_data: Path, events: list[Model], tmp_path: Path) -> None:
    """The first positive rater, if seen before the rated: 5,301 referred by 1,315 in trees of 15 generations, 449 by one of them."""
    home = home_of("bitcoin_otc_trust", tmp_path / "home")
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                with ratings as (from read_csv('{shared_data}/bitcoin_otc_trust/soc-sign-bitcoinotc.csv.gz'))
                select member, min(time) as seen, arg_min(rater, time) filter (where weight > 0) as rater
                from (
                    select v2 as member, v1 as rater, weight, time from ratings
                    union all
                    select v1, null, null, time from ratings
                )
                group by member
            ) to '{home.root}/input/members.csv' (header)
        """)
    (home.root / "input" / "orders.csv").write_text("order_id,ordered_at,net_amount\nguest,2015-01-01T10:00:00Z,1.00\n")
    land(home)
    build_events(home, events, dt.date(2016, 1, 25))
    verdicts = dict(rows(home, "select coalesce(refusal_reason, 'valid'), count(*) from marts.referral_edges group by 1"))
    assert verdicts == {"valid": 5_301, "referrer_younger": 196}
    assert rows(
        home, "select count_if(depth > 0), max(depth), count_if(direct_people_count > 0), max(direct_people_count) from marts.referral_tree"
    ) == [(5_301, 15, 1_315, 449)]
    top = rows(
        home,
        "select sum(direct_people_count) filter (where place <= 13) / sum(direct_people_count) "
        "from (select direct_people_count, row_number() over (order by direct_people_count desc) as place from marts.referral_tree)",
    )[0][0]
    assert round(top, 2) == 0.23


def test_the_december_cohort_of_an_online_shop(shared_data: Path, events: list[Model], tmp_path: Path) -> None:
    """Both figures that studies of these data give: which one it is depends on what a purchase is."""
    home = home_of("online_retail", tmp_path / "home")
    (home.root / "sources_by_day.yml").replace(home.sources_file)
    with tarfile.open(next((shared_data / "online_retail").glob("*.tar.xz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    for file in tmp_path.rglob("*.csv"):
        shutil.move(file, home.root / "input" / file.name)
    land(home)
    build_events(home, events)
    buying = rows(
        home,
        """
        select active_customers
        from marts.cohort_retention_by_month
        where cohort_month = date '2010-12-01' and acquisition_channel = 'all' and is_complete
        order by month
        """,
    )
    assert [count for (count,) in buying] == BUYING
    any_line = rows(
        home,
        """
        select count(distinct contact_ref)
        from landed.orders
        where contact_ref in (select contact_ref from landed.orders where ordered_at < date '2011-01-01')
        group by date_trunc('month', ordered_at)
        order by date_trunc('month', ordered_at)
        """,
    )
    assert [count for (count,) in any_line] == WITH_ANY_LINE
