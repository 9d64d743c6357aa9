"""The fast reader of delimited text and the careful one: where the fast one reads at all, both say the same, field by field."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from goodwill.sources.connectors.file import delimited
from goodwill.sources.connectors.file.delimited import DelimitedFile
from goodwill.sources.connectors.file.dialect import Dialect, Record
from goodwill.sources.connectors.file.fast import FastReader
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import ROWS, Labels
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

LABELS = Labels("b", "f", "2025-03-01 03:00:00.000")
ENTITIES = {"orders": {"columns": {"order_id": "id", "ordered_at": "at", "contact_ref": "who", "net_amount": "what"}}}
HEADER = ("id", "at", "who", "what")

DELIMITERS = [",", ";", "\t", "|", " ", "x"]
QUOTES = ['"', "'", ""]
ENDS = ["\n", "\r\n", "\r"]
CELLS = st.one_of(
    st.sampled_from(
        ["", " ", "id", "\ufeff", "\ufeffid", "12.50", "a\nb", "a\r\nb", "\r", '"', "''", '""', "\\", "\t", "#", "NULL", "\u2028", "\x85"]
    ),
    st.text(st.sampled_from("ab,;\t|x\"'\\ \n\r\u00a0é👩#"), max_size=6),
)
ROWS_OF_CELLS = st.lists(st.tuples(*[CELLS] * len(HEADER)), min_size=1, max_size=6)


def quoted(cell: str, delimiter: str, quote: str, always: bool) -> str:
    """A cell as most programs write it."""
    if not quote:
        return cell
    needed = any(mark in cell for mark in (delimiter, quote, "\n", "\r"))
    return quote + cell.replace(quote, quote * 2) + quote if always or needed else cell


@st.composite
def texts(draw) -> tuple[str, str, str | None, str]:
    """A delimiter, a quote (or none), an escape, and text of records: written well, or with the marks as they fall."""
    delimiter, quote = draw(st.sampled_from(DELIMITERS)), draw(st.sampled_from(QUOTES))
    escape = draw(st.sampled_from([None, None, None, "\\"]))
    always, careless = draw(st.booleans()), draw(st.sampled_from([False, False, False, True]))
    ends = draw(st.sampled_from([*[[end] for end in ENDS], ENDS]))
    lines = []
    for row in draw(ROWS_OF_CELLS):
        cells = row if careless else [quoted(cell, delimiter, quote, always) for cell in row]
        lines.append(delimiter.join(cells) + draw(st.sampled_from(ends)))
        lines += draw(st.sampled_from([[], [], [], [ends[0]], [f" {ends[0]}"]]))
    text = "".join(lines)
    return delimiter, quote, escape, text.rstrip("\r\n") if draw(st.booleans()) else text


def both(delimiter: str, quote: str, escape: str | None, text: str, longest: int = 1_000_000) -> tuple[list | None, list[Record]]:
    """What the fast reader makes of a segment (nothing: it leaves it), and the careful one."""
    dialect = Dialect(delimiter, quote, escape, "#", longest, len(HEADER), HEADER)
    table = FastReader(dialect).read(text.encode("utf-8", "surrogateescape"))
    rows = None if table is None else [list(row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)]
    return rows, list(dialect.records(text))


@settings(max_examples=600, deadline=None)
@example((",", '"', None, "\ufeffa,b,c,d\n"))  # at the start of a segment, a byte-order mark that is no byte-order mark
@example(("\t", '"', None, "a\tb\tc\td\n\t\t\t\n"))  # a row of empty cells between tabs
@example((" ", '"', None, "a b c d\n   \n"))
@example((",", '"', None, '"id","at","who","what"\n'))  # the header again, written otherwise
@example((",", '"', None, "id, at,who,what \n"))
@given(texts())
def test_where_the_fast_reader_reads_the_careful_one_says_the_same(given_text):
    delimiter, quote, escape, text = given_text
    fast, careful = both(delimiter, quote, escape, text)
    event("read fast" if fast is not None else "left to the careful reader")
    if fast is not None:
        assert [record.wrong for record in careful] == [""] * len(careful)
        assert fast == [record.fields for record in careful]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(*[st.text(st.sampled_from('ab,\n"é '), max_size=5).map(str.strip)] * 4), min_size=1, max_size=5))
def test_text_that_is_written_well_is_read_fast_and_as_it_was_meant(rows):
    text = "".join(",".join(quoted(cell, ",", '"', True) for cell in row) + "\n" for row in rows)
    fast, careful = both(",", '"', None, text)
    assert fast == [[cell or None for cell in row] for row in rows]
    assert fast == [record.fields for record in careful]


@pytest.mark.parametrize(
    ("cell", "longest"),
    [("a" * 150, 100), ('"' + "a" * 60 + '""' + "\n" * 60 + '"', 100), ('"' + "\n" * 1500 + '"', 1_000_000)],
    ids=["too-long", "too-long-with-a-quote-and-line-ends", "over-too-many-lines"],
)
def test_what_is_too_long_for_the_careful_reader_is_too_long_for_the_fast_one(cell, longest):
    fast, careful = both(",", '"', None, f"a,b,c,{cell}\na,b,c,d\n", longest)
    assert fast is None
    assert any(record.wrong for record in careful)


GOOD = ["{n},2025-03-01,ann,1.00", '{n},"2025-03-01","said ""no""",2.00', '{n},2025-03-01,"two\nlines",3.00', "{n},2025-03-01,déjà,"]
DAMAGE = [
    "lost,2025-03-01",
    "more,2025-03-01,ann,1.00,2",
    "nul,2025-03-01,a\0n,1.00",
    "bytes,2025-03-01,\udce9,1.00",
    'late,2025-03-01,ann,1"0',
    'after,2025-03-01,"ann"x,1.00',
    'open,2025-03-01,"ann,1.00',
    "id,at,who,what",
    "# a comment",
    "",
]


def landed(text: str, segment: int) -> list[dict[str, object]]:
    """The rows that are written when a file is read in segments of so many bytes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_bytes((",".join(HEADER) + "\n" + text).encode("utf-8", "surrogateescape"))
        source = FileSource(name="shop", path="f.csv", entities=ENTITIES, comment="#", quarantine_share=1.0)
        file = DelimitedFile(source, path, "f.csv")
        file.segment_bytes = segment
        rows, malformed, *_ = file.write(Path(folder), file.columns(), LABELS)
        found = pq.read_table(Path(folder) / ROWS).to_pylist()
        assert (rows, malformed) == (len(found), sum(row["__malformed"] is not None for row in found))
        return found


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(GOOD), min_size=8, max_size=30),
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from(DAMAGE)), min_size=0, max_size=2),
    st.sampled_from([120, 200, 300]),
)
def test_a_damaged_segment_between_good_ones_is_read_as_the_careful_reader_alone_would(good, damage, segment):
    lines = [row.replace("{n}", str(number)) for number, row in enumerate(good)]
    for at, what in damage:
        lines.insert(min(at, len(lines)), what)
    text = "".join(line + "\n" for line in lines)
    dialect = Dialect(",", '"', None, "#", 1_000_000, len(HEADER), HEADER)
    alone = list(dialect.records(text, 2))
    found = landed(text, segment)
    assert [[row[name] for name in HEADER] if row["__malformed"] is None else None for row in found] == [record.fields for record in alone]
    assert [(row["__malformed"] or "").split(" (line")[0] for row in found] == [record.wrong for record in alone]
    assert [row["__row_no"] for row in found] == list(range(1, len(alone) + 1))


def test_most_of_what_is_tried_is_read_fast(monkeypatch):
    """Were every segment left to the careful reader, the tests above would say nothing."""
    seen = []
    read = FastReader.read
    monkeypatch.setattr(delimited.FastReader, "read", lambda self, text: seen.append(read(self, text)) or seen[-1])
    landed("".join(f"{number},2025-03-01,ann,1.00\n" for number in range(60)) + "lost,\n" + "1,2,3,4\n" * 60, 200)
    assert sum(table is not None for table in seen) >= 5
    assert sum(table is None for table in seen) == 1
