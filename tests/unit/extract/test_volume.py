"""Volume and calendar: too few rows, too many, a day missing, silence, a clock that goes back."""

from __future__ import annotations

import datetime as dt
import json

import duckdb
import pytest
import yaml
from goodwill.errors import ConfigurationError, SourceError
from goodwill.extract import land_source, landing, stamps
from goodwill.extract.batches import EntityTotals, Manifest, read_manifests
from goodwill.extract.volume import Calendar, rows_findings
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.warehouse.night import Night, prepare_warehouse

TODAY = dt.date(2025, 3, 20)


def day_file(day: str, rows: int = 1) -> str:
    return "order_id,ordered_at,customer_id,amount\n" + "".join(f"{day}-{number},{day} 12:00:00,c,1\n" for number in range(rows))


@pytest.fixture
def shop(make_home, monkeypatch):
    """A home of day files: `home, send, land = shop(**settings)`; it is the 20th of March 2025."""
    monkeypatch.setattr(landing, "today", lambda zone: TODAY)

    def make(**settings: object):
        source = {
            "name": "shop",
            "path": "input/*.csv",
            "currency": "EUR",
            "entities": {
                "orders": {
                    "columns": {"order_id": "order_id", "ordered_at": "ordered_at", "contact_ref": "customer_id", "net_amount": "amount"}
                }
            },
            **settings,
        }
        home = make_home(sources=yaml.safe_dump({"sources": [source]}))

        def send(day: str, rows: int = 1) -> None:
            (home.root / "input" / f"{day}.csv").write_text(day_file(day, rows))

        def land() -> list[str]:
            said: list[str] = []
            land_source(home, load_sources(home.sources_file).sources[0], "UTC", say=said.append)
            return [each for each in said if not each.endswith(" rows")]

        return home, send, land

    return make


def files(home) -> list[str]:
    return sorted(manifest.file for manifest in read_manifests(home, "shop"))


def warnings_of(home, as_of: dt.date = TODAY) -> list[tuple[object, ...]]:
    night = Night(home, "r", load_business(home.business_file), load_sources(home.sources_file), as_of)
    prepare_warehouse(night)
    with duckdb.connect(str(home.working_copy), read_only=True) as connection:
        return connection.execute("select file, code, message from control.warnings order by all").fetchall()


def batch(number: int, day: str | None = "2025-03-01", last: str | None = None, rows: int = 10, **more: object) -> Manifest:
    totals = {"orders": EntityTotals(rows, None, 0, f"{day} 12:00:00", f"{last or day} 12:00:00")} if day else {}
    return Manifest(
        batch_id=f"b{number}",
        source="shop",
        file=f"f{number}",
        file_sha256="",
        file_bytes=1,
        extracted_at="2025-03-31 03:00:00.000",
        rows=rows,
        malformed_rows=0,
        columns={},
        rows_sha256="",
        totals=totals,
        **more,
    )


def declared(make_home, **settings: object):
    source = {
        "name": "shop",
        "path": "x.csv",
        "entities": {"orders": {"columns": {"order_id": "a", "ordered_at": "b", "net_amount": "c"}}},
    }
    return load_sources(make_home(sources=yaml.safe_dump({"sources": [{**source, **settings}]})).sources_file).sources[0]


@pytest.mark.parametrize(("rows", "code"), [(49, "FEW_ROWS"), (50, None), (100, None), (200, None), (201, "MANY_ROWS"), (0, "FEW_ROWS")])
def test_both_edges_of_the_band(make_home, rows, code):
    source = declared(make_home, rows_between=[0.5, 2])
    before = [batch(number, rows=size) for number, size in enumerate([90, 100, 110])]
    found = rows_findings(source, before, "f", rows)
    assert [each.split(":")[0] for each in found] == ([code] if code else [])


def test_only_the_last_ten_of_their_kind_count(make_home):
    source = declared(make_home, rows_between=[0.5, 2])
    old = [batch(number, rows=1) for number in range(20)]
    recent = [batch(100 + number, rows=100) for number in range(10)]
    assert rows_findings(source, [*old, *recent], "f", 100) == ()
    assert rows_findings(source, [*recent, *old], "f", 100) != ()
    news = [batch(200 + number, rows=1, whole=False) for number in range(10)]
    assert rows_findings(source, [*recent, *news], "f", 100) == ()
    assert rows_findings(source, [*recent, *news], "f", 100, whole=False) != ()


def test_a_file_that_is_sent_anew_each_night_has_its_usual_size_too(shop):
    _, send, land = shop(rows_between=[0.5, 2])
    for rows in (10, 11, 12):
        send("2025-03-19", rows)
        assert land() == []
    send("2025-03-19", 1)
    assert any("FEW_ROWS" in each for each in land())


def test_two_batches_are_no_habit_and_no_band_is_no_rule(make_home):
    before = [batch(number, rows=100) for number in range(3)]
    assert rows_findings(declared(make_home, rows_between=[0.5, 2]), before[:2], "f", 1) == ()
    assert rows_findings(declared(make_home), before, "f", 1) == ()


def test_an_odd_volume_is_a_warning_on_record(shop):
    home, send, land = shop(rows_between=[0.5, 2])
    for day in ("2025-03-10", "2025-03-11", "2025-03-12"):
        send(day, 10)
    assert land() == []
    send("2025-03-13", 1)
    said = "FEW_ROWS: 1 rows, where the last 3 batches had 10 in the median; 0.5 to 2 times that is expected"
    assert land() == [f"input/2025-03-13.csv: {said}"]
    assert [manifest.warnings for manifest in read_manifests(home, "shop")] == [(), (), (), (said,)]
    assert warnings_of(home) == [("input/2025-03-13.csv", *said.split(": ", 1))]


def test_an_odd_volume_blocks_where_it_should(shop):
    home, send, land = shop(rows_between=[0.5, 2], volume="block")
    for day in ("2025-03-10", "2025-03-11", "2025-03-12"):
        send(day, 10)
    land()
    send("2025-03-13", 100)
    with pytest.raises(SourceError, match=r"2025-03-13.csv: 100 rows, where") as error:
        land()
    assert "widen 'rows_between'" in error.value.remedy
    assert len(files(home)) == 3
    send("2025-03-13", 11)  # sent again, right
    land()
    assert len(files(home)) == 4


def test_an_older_manifest_has_no_warnings(shop):
    home, send, land = shop()
    send("2025-03-10")
    land()
    (path,) = (home.landing / "shop").glob("*/manifest.json")
    raw = json.loads(path.read_text())
    assert raw.pop("warnings") == []
    path.write_text(json.dumps(raw))
    assert read_manifests(home, "shop")[0].warnings == ()


def test_a_missing_day_is_named_until_it_comes(shop):
    home, send, land = shop(expected_every_days=1)
    for day in ("2025-03-17", "2025-03-19"):
        send(day)
    gap = "MISSING_DAYS: nothing of 2025-03-18, between 2025-03-17 and 2025-03-19"
    assert land() == [f"input/2025-03-19.csv: {gap}"]
    assert warnings_of(home, dt.date(2025, 3, 19)) == [(None, *gap.split(": ", 1))]
    send("2025-03-18")  # late, and in whatever order
    assert land() == []
    assert warnings_of(home, dt.date(2025, 3, 19)) == []


def test_a_missing_day_holds_the_next_back_where_it_should(shop):
    home, send, land = shop(expected_every_days=1, freshness="block")
    for day in ("2025-03-17", "2025-03-19"):
        send(day)
    with pytest.raises(SourceError, match="nothing of 2025-03-18, between 2025-03-17 and 2025-03-19"):
        land()
    assert files(home) == ["input/2025-03-17.csv"]
    send("2025-03-18")
    assert land() == []
    assert len(files(home)) == 3


def test_a_day_in_the_middle_of_a_gap_is_welcome(shop):
    """What makes a gap smaller is not refused for what is still missing."""
    home, send, land = shop(expected_every_days=1)
    for day in ("2025-03-10", "2025-03-19"):
        send(day)
    land()
    (home.root / "sources.yml").write_text((home.root / "sources.yml").read_text() + "  freshness: block\n")
    send("2025-03-14")
    assert land() == []
    assert len(files(home)) == 3


@pytest.mark.parametrize(
    ("every", "closed", "missing"),
    [
        (1, [], ["2025-03-15 to 2025-03-16 (2 days)", "2025-03-18"]),
        (2, [], ["2025-03-15 to 2025-03-16 (2 days)"]),
        (3, [], []),
        (1, ["saturday"], ["2025-03-16", "2025-03-18"]),
        (1, ["saturday", "sunday"], ["2025-03-18"]),
        (1, ["saturday", "sunday", dt.date(2025, 3, 18)], []),
        (1, [dt.date(2025, 3, 15)], ["2025-03-16", "2025-03-18"]),
    ],
)
def test_gaps_are_counted_in_open_days(make_home, every, closed, missing):
    """Friday the 14th, Monday the 17th, Wednesday the 19th."""
    source = declared(make_home, expected_every_days=every, closed_on=closed)
    found = Calendar(source, [batch(day, f"2025-03-{day}") for day in (14, 17, 19)], "UTC").gaps()
    assert [each.split("nothing of ")[1].split(", between")[0] for each in found] == missing


def test_a_weekday_that_is_usually_missing_is_not_missed(make_home):
    source = declared(make_home, expected_every_days=1)
    start = dt.date(2025, 3, 3)  # a Monday
    days = [start + dt.timedelta(days=number) for number in range(26)]
    workdays = [batch(number, str(day)) for number, day in enumerate(days) if day.weekday() < 5]
    assert len(Calendar(source, workdays[:10], "UTC").gaps()) == 1  # one weekend is no habit yet
    assert Calendar(source, workdays, "UTC").gaps() == ()
    without = [each for each in workdays if each.totals["orders"].first_event != "2025-03-18 12:00:00"]
    (found,) = Calendar(source, without, "UTC").gaps()
    assert found.startswith("MISSING_DAYS: nothing of 2025-03-18,")


@pytest.mark.parametrize(("as_of", "stale"), [("2025-03-14", False), ("2025-03-16", False), ("2025-03-17", True)])
def test_silence_is_told_from_the_day_that_should_be_in(make_home, as_of, stale):
    """The newest event is of Friday the 14th; nobody works on Saturdays and Sundays."""
    source = declared(make_home, expected_every_days=1, closed_on=["saturday", "sunday"])
    found = Calendar(source, [batch(1, "2025-03-14")], "UTC").silence(dt.date.fromisoformat(as_of))
    assert bool(found) == stale
    assert all(each.startswith("STALE: the newest event is of 2025-03-14; nothing of 2025-03-17,") for each in found)


def test_silence_of_a_source_without_events_is_that_of_its_batches(make_home):
    source = declared(make_home, expected_every_days=7)
    calendar = Calendar(source, [batch(1, None)], "UTC")
    assert calendar.silence(dt.date(2025, 4, 6)) == ()
    assert calendar.silence(dt.date(2025, 4, 7))[0].startswith("STALE: the newest batch is of 2025-03-31")


def test_a_stray_date_in_the_future_is_no_news(make_home):
    source = declared(make_home, expected_every_days=1)
    calendar = Calendar(source, [batch(1, "2025-03-14", "2999-01-01")], "UTC")
    assert calendar.newest == dt.date(2025, 3, 31)  # the day it was extracted: nothing later can be known of


def test_days_are_those_of_the_source(make_home):
    totals = {"orders": EntityTotals(1, None, 0, "2025-03-14 23:30:00", "2025-03-14 23:30:00")}
    manifest = Manifest.from_json(batch(1).to_json())
    manifest.totals.update(totals)
    assert Calendar(declared(make_home, time_zone="Europe/Paris"), [manifest], "UTC").newest == dt.date(2025, 3, 15)
    assert Calendar(declared(make_home), [manifest], "UTC").newest == dt.date(2025, 3, 14)


def test_silence_warns_or_blocks_even_when_nothing_lands(shop):
    home, send, land = shop(expected_every_days=1)
    send("2025-03-17")
    stale = "STALE: the newest event is of 2025-03-17; nothing of 2025-03-18 to 2025-03-19 (2 days), where something comes every 1 days"
    assert land() == [stale]
    assert land() == [stale]
    assert warnings_of(home, dt.date(2025, 3, 18))[0][1] == "STALE"
    assert warnings_of(home, dt.date(2025, 3, 17)) == []
    (home.root / "sources.yml").write_text((home.root / "sources.yml").read_text() + "  freshness: block\n")
    with pytest.raises(SourceError, match="source 'shop': STALE"):
        land()


def test_a_clock_that_goes_back_does_not_reorder_batches(shop, monkeypatch):
    home, send, land = shop()
    clock = [dt.datetime(2025, 3, 18, 3, 0, 0, 500)]
    monkeypatch.setattr(stamps, "now", lambda: clock[0])
    send("2025-03-17")
    land()
    clock[0] = dt.datetime(2025, 3, 10, 3)
    send("2025-03-09")
    (said,) = land()
    assert "CLOCK_BACKWARDS: the clock says 2025-03-10 03:00:00 and the newest batch was extracted at 2025-03-18 03:00:00" in said
    found = read_manifests(home, "shop")
    assert [manifest.file for manifest in found] == ["input/2025-03-17.csv", "input/2025-03-09.csv"]
    assert [manifest.extracted_at for manifest in found] == ["2025-03-18 03:00:00.000", "2025-03-18 03:00:00.001"]
    assert [code for _, code, _ in warnings_of(home)] == ["CLOCK_BACKWARDS"]
    clock[0] = dt.datetime(2025, 3, 20, 3)
    send("2025-03-19")
    assert land() == []
    assert read_manifests(home, "shop")[-1].extracted_at == "2025-03-20 03:00:00.000"


def test_batches_of_one_moment_keep_their_order(shop, monkeypatch):
    home, send, land = shop()
    monkeypatch.setattr(stamps, "now", lambda: dt.datetime(2025, 3, 18, 3))
    days = [f"2025-03-{day}" for day in (15, 16, 17)]
    for day in days:
        send(day)
    assert land() == []
    assert [manifest.file for manifest in read_manifests(home, "shop")] == [f"input/{day}.csv" for day in days]


@pytest.mark.parametrize(
    "settings", [{"rows_between": [2, 0.5]}, {"expected_every_days": 0}, {"closed_on": ["someday"]}, {"volume": "shout"}, {"freshness": 1}]
)
def test_settings_that_cannot_be(make_home, settings):
    with pytest.raises(ConfigurationError):
        declared(make_home, **settings)


def test_policies_read_nothing_again(make_home):
    plain = declared(make_home).reading()
    policies = {"rows_between": [0.5, 2], "volume": "block", "expected_every_days": 1, "freshness": "block", "closed_on": ["sunday"]}
    assert declared(make_home, **policies).reading() == plain


def test_a_file_of_no_bytes_at_all_is_few_rows_too(shop):
    home, send, land = shop(rows_between=[0.5, 2], empty_allowed=True)
    for day in range(14, 19):
        send(f"2025-03-{day}", 3)
    land()
    (home.root / "input" / "2025-03-19.csv").write_text("")
    assert any("FEW_ROWS" in each for each in land())
