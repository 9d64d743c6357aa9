"""Which batches a night reads: every file, the newest alone, or what came since the last whole pull."""

from __future__ import annotations

import os

import duckdb
import pytest
from goodwill.entities import ENTITIES
from goodwill.errors import SourceError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.sources import load_sources

SOURCE = """
    sources:
      - name: shop
        path: input/orders_*.csv
        load: {load}
        newest: {newest}
        entities:
          orders:
            columns: {{order_id: id, ordered_at: day, net_amount: amount}}
"""
FIRST = "id,day,amount\na,2025-01-01,1\nb,2025-01-01,2\n"
SECOND = "id,day,amount\nb,2025-01-02,3\n"


def land(home):
    (source,) = load_sources(home.sources_file).sources
    return land_source(home, source, "UTC")


def files(home):
    return [batch.file for batch in active_batches(home, load_sources(home.sources_file).sources[0])]


def test_files_add_up_and_a_file_that_has_gone_still_counts(make_home):
    home = make_home(SOURCE.format(load="files", newest="name"), **{"orders_1.csv": FIRST, "orders_2.csv": SECOND})
    land(home)
    (home.root / "input" / "orders_1.csv").unlink()
    land(home)
    assert files(home) == ["input/orders_1.csv", "input/orders_2.csv"]


def test_the_order_of_files_is_by_name_or_by_arrival_as_the_source_says(make_home):
    home = make_home(SOURCE.format(load="files", newest="name"), **{"orders_2.csv": SECOND})
    land(home)
    (home.root / "input" / "orders_1.csv").write_text(FIRST)
    land(home)
    assert files(home) == ["input/orders_1.csv", "input/orders_2.csv"]
    home.sources_file.write_text(home.sources_file.read_text().replace("newest: name", "newest: arrival"))
    assert files(home) == ["input/orders_2.csv", "input/orders_1.csv"]
    assert land(home)["batches"] == 0, "the order in which files speak is no way of reading them: nothing is read again"


def test_of_full_loads_only_the_newest_counts(make_home):
    home = make_home(SOURCE.format(load="full", newest="name"), **{"orders_1.csv": FIRST, "orders_2.csv": SECOND})
    land(home)
    view = landed_view(home, load_sources(home.sources_file), ENTITIES["orders"], "UTC")
    assert duckdb.sql(f"select order_id, cast(net_amount as varchar) from ({view})").fetchall() == [("b", "3.00")]


def newest(home):
    return active_batches(home, load_sources(home.sources_file).sources[0])[-1]


@pytest.mark.parametrize("key", ["id", "{hash: [id, day, amount]}"])
def test_a_file_written_over_with_other_rows_is_named(make_home, key):
    home = make_home(
        SOURCE.replace("order_id: id", f"order_id: {key.replace('{', '{{').replace('}', '}}')}").format(load="files", newest="name"),
        **{"orders_1.csv": FIRST},
    )
    land(home)
    path = home.root / "input" / "orders_1.csv"
    path.write_text(FIRST + "c,2025-01-03,4\n")
    land(home)
    assert newest(home).warnings == ()
    path.write_text("id,day,amount\na,2025-01-01,1\nd,2025-01-04,6\ne,2025-01-04,7\nf,2025-01-04,8\n")
    land(home)
    (warning,) = newest(home).warnings
    assert warning.startswith("VANISHED: orders: of 3 keys that had landed under this name, 2 are in no file of this source any more")
    assert newest(home).totals["orders"].notes == {"key:VANISHED": 2}


def test_a_row_that_went_to_another_file_has_not_vanished(make_home):
    home = make_home(SOURCE.format(load="files", newest="name"), **{"orders_1.csv": FIRST, "orders_2.csv": SECOND})
    land(home)
    (home.root / "input" / "orders_1.csv").write_text("id,day,amount\na,2025-01-01,1\nc,2025-01-03,3\n")
    land(home)
    assert [batch.warnings for batch in active_batches(home, load_sources(home.sources_file).sources[0])] == [(), ()]


def test_what_a_new_list_does_not_hold_any_more_is_counted(make_home):
    home = make_home(SOURCE.format(load="full", newest="name"), **{"orders_3.csv": FIRST})
    land(home)
    (home.root / "input" / "orders_1.csv").write_text(SECOND)
    land(home)
    assert newest(home).totals["orders"].notes == {}, "an older list takes the place of nothing"
    (home.root / "input" / "orders_4.csv").write_text(SECOND)
    land(home)
    assert newest(home).totals["orders"].notes == {"key:VANISHED": 1}
    assert newest(home).warnings == (), "a list is whole every time: what is gone from it is no surprise"


def test_a_known_file_is_not_opened_again(make_home):
    home = make_home(SOURCE.format(load="files", newest="name"), **{"orders_1.csv": FIRST})
    land(home)
    path = home.root / "input" / "orders_1.csv"
    status = path.stat()
    path.write_text(FIRST.replace("a,", "z,"))  # the same size; with its old time it is taken for what it was
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert land(home)["batches"] == 0
    os.utime(path)
    assert land(home)["batches"] == 1


@pytest.mark.parametrize("load", ["files", "full"])
def test_a_header_alone_takes_the_place_of_nothing(make_home, load):
    home = make_home(SOURCE.format(load=load, newest="name"), **{"orders_1.csv": FIRST})
    land(home)
    (home.root / "input" / "orders_1.csv").write_text("id,day,amount\n")
    with pytest.raises(SourceError, match=r"orders_1.csv: a header and no rows, where 2 rows had landed"):
        land(home)
    assert [batch.rows for batch in active_batches(home, load_sources(home.sources_file).sources[0])] == [2]
    home.sources_file.write_text(home.sources_file.read_text().replace("newest: name", "newest: name\n    empty_allowed: true"))
    land(home)
    (batch,) = active_batches(home, load_sources(home.sources_file).sources[0])
    assert (batch.rows, batch.warnings[-1]) == (0, "NO_ROWS: a header and no rows")


def test_a_quiet_day_lands_and_is_said(make_home):
    home = make_home(SOURCE.format(load="files", newest="name"), **{"orders_1.csv": FIRST, "orders_2.csv": "id,day,amount\n"})
    land(home)
    batches = active_batches(home, load_sources(home.sources_file).sources[0])
    assert [batch.warnings for batch in batches] == [(), ("NO_ROWS: a header and no rows",)]
    assert not batches[1].drift, "no rows are no other content"
