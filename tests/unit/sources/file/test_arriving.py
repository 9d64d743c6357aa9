"""A file that is being written, that shrank, or whose header is spelled otherwise: waited for, refused, or said in the manifest."""

from __future__ import annotations

import os
import threading
import time

import pytest
from goodwill.errors import SourceError
from goodwill.extract import landing
from goodwill.extract.vanished import Vanished, vanished_warnings
from goodwill.settings import load_business
from goodwill.sources import load_sources
from goodwill.sources.connectors.file import finding
from goodwill.warehouse.night import Night, prepare_warehouse

SOURCES = """
sources:
  - name: shop
    path: "input/{path}"
    {more}
    entities: {{orders: {{columns: {{order_id: id, ordered_at: at, net_amount: amount, status: État civil}}}}}}
"""
HEADER = "id,at,amount,État civil\n"
ROW = "{n},2025-03-01,1.00,open\n"
GOOD = HEADER + "".join(ROW.format(n=number) for number in range(3))


@pytest.fixture
def shop(make_home):
    return lambda content=GOOD, more="", path="orders.csv", **files: make_home(
        sources=SOURCES.format(more=more, path=path), **{"orders.csv": content, **files}
    )


def older(path, seconds: float) -> None:
    """Let a file be as old as that."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_file_lands_when_its_marker_is_there(shop, land, manifests):
    home = shop(path="*.csv", more="ready_marker: '{file}.done'")
    assert any("orders.csv: not ready" in line for line in land(home))
    assert manifests(home) == []
    (home.root / "input" / "orders.csv.done").touch()
    land(home)
    assert [manifest.rows for manifest in manifests(home)] == [3]


def test_a_file_that_grows_while_it_settles_is_refused_and_lands_when_it_is_whole(shop, land, manifests):
    home = shop(more="settle_seconds: 0.5")
    path = home.root / "input" / "orders.csv"
    writer = threading.Timer(0.1, lambda: path.write_text(GOOD + ROW.format(n=3)))
    writer.start()
    try:
        with pytest.raises(SourceError, match=r"still being written \(\d+ bytes, then \d+\)") as error:
            land(home)
    finally:
        writer.join()
    assert "ready_marker" in error.value.remedy
    assert manifests(home) == []
    land(home)
    assert [manifest.rows for manifest in manifests(home)] == [4]


def test_only_a_file_that_changed_a_moment_ago_is_waited_for(shop, land, manifests, monkeypatch):
    waits = []
    monkeypatch.setattr(finding.time, "sleep", waits.append)
    home = shop(more="settle_seconds: 30")
    older(home.root / "input" / "orders.csv", 40)
    land(home)
    assert (waits, len(manifests(home))) == ([], 1)
    (home.root / "input" / "orders.csv").write_text(GOOD + ROW.format(n=3))
    land(home)
    assert (waits, len(manifests(home))) == ([30.0], 2)


def test_a_file_that_shrank_a_moment_ago_and_goes_on_changing_is_refused(shop, land, manifests):
    home = shop()
    land(home)
    path = home.root / "input" / "orders.csv"
    path.write_text(HEADER + ROW.format(n=0))
    writer = threading.Timer(0.05, lambda: path.write_text(HEADER + ROW.format(n=0) + ROW.format(n=1)))
    writer.start()
    try:
        with pytest.raises(SourceError, match="still being written"):
            land(home)
    finally:
        writer.join()
    assert len(manifests(home)) == 1


def test_a_file_that_changes_between_reading_and_landing_is_refused(shop, land, manifests, monkeypatch):
    home = shop()
    measure = landing.measure
    path = home.root / "input" / "orders.csv"
    monkeypatch.setattr(landing, "measure", lambda *given: path.write_text(HEADER) and measure(*given))
    with pytest.raises(SourceError, match="changed while it was read"):
        land(home)
    assert manifests(home) == []


def test_a_smaller_file_under_a_known_name_is_said_and_a_larger_one_is_not(shop, land, manifests):
    home = shop()
    path = home.root / "input" / "orders.csv"
    land(home)
    path.write_text(GOOD + ROW.format(n=3))
    land(home)
    path.write_text(HEADER + ROW.format(n=0))
    older(path, 90)
    said = land(home)
    grown = len((GOOD + ROW.format(n=3)).encode())
    shrunk = f"SHRUNK: {len((HEADER + ROW.format(n=0)).encode())} bytes, where {grown} had landed under this name"
    assert [manifest.warnings for manifest in manifests(home)] == [(), (), (shrunk, *vanished_warnings({"orders": Vanished(3, of=4)}))]
    assert f"input/orders.csv: {shrunk}" in said


@pytest.mark.parametrize(
    ("header", "healed"),
    [
        ("id,at,amount,État civil", None),
        ("ID,at,amount,État civil", "'ID' is read as 'id'"),
        ("id ,at,amount,État civil", "'id ' is read as 'id'"),
        ("id,at,amount,etat  civil", "'etat  civil' is read as 'État civil'"),
        ("id,at,amount,E\u0301tat civil", "'E\u0301tat civil' is read as 'État civil'"),
        ("Id,AT,amount,État civil", "'Id' is read as 'id', 'AT' is read as 'at'"),
    ],
)
def test_a_header_that_was_healed_is_in_the_manifest(shop, land, manifests, header, healed):
    home = shop(GOOD.replace(HEADER.strip(), header))
    land(home)
    (landed,) = manifests(home)
    assert landed.warnings == ((f"HEALED_HEADER: {healed}",) if healed else ())
    assert landed.totals["orders"].rows == 3


def test_columns_that_nothing_reads_are_nobodys_business(shop, land, manifests):
    home = shop("\n".join(line + f",{place}" for place, line in enumerate(GOOD.replace("civil", "civil, Other ").splitlines()) if line))
    land(home)
    assert manifests(home)[0].warnings == ()


def test_the_night_says_a_healed_header_once(shop, land):
    home = shop(GOOD.replace("id,", "ID,"), path="*.csv", **{"later.csv": GOOD.replace("id,", "ID,").replace("0,", "9,")})
    land(home)
    night = Night(home, "r", load_business(home.business_file), load_sources(home.sources_file))
    prepare_warehouse(night)
    import duckdb

    with duckdb.connect(str(home.working_copy), read_only=True) as connection:
        found = connection.execute("select file, code, message from control.warnings").fetchall()
    assert found == [("input/later.csv", "HEALED_HEADER", "'ID' is read as 'id'")]


@pytest.mark.parametrize(
    ("more", "share", "refused"),
    [("", 0.05, True), ("", 0.5, False), ("quarantine_share: 0.5", 0.05, False), ("quarantine_share: 0.05", 0.5, True)],
)
def test_the_share_of_rows_that_are_not_text_is_the_sources_or_the_businesss(shop, land, manifests, more, share, refused):
    rows = "".join(ROW.format(n=number) for number in range(8)).encode()
    home = shop(HEADER.encode() + rows + b"8,2025-03-01,1.00,\xe9\n", more=more)
    if refused:
        with pytest.raises(SourceError, match=r"is not utf-8 text near line 10 \(1 of 9 rows\)"):
            land(home, share=share)
    else:
        land(home, share=share)
        assert manifests(home)[0].malformed_rows == 1


@pytest.mark.parametrize(("first", "second"), [("État civil", "État civil"), ("État civil", "état civil"), ("ÉTAT CIVIL", "Etat civil")])
def test_a_capital_with_an_accent_is_read_through_to_the_orders(shop, land, orders, first, second):
    home = shop(
        GOOD.replace("État civil", first), path="*.csv", **{"later.csv": GOOD.replace("État civil", second).replace("open", "later")}
    )
    land(home)
    assert [row["note"] for row in orders(home)] == ["later"] * 3 + ["open"] * 3
