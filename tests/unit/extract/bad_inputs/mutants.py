"""Seeded mutants of good files: whatever is done to a file, its rows are all accounted for, or it is refused with words.

`python -m tests.unit.extract.bad_inputs.mutants 10000` makes them, lands each, and prints what became of them.
"""

from __future__ import annotations

import gzip
import io
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from goodwill.entities import ENTITIES
from goodwill.errors import GoodwillError
from goodwill.extract import active_batches, land_source, landed_view
from goodwill.home import Home
from goodwill.sources import load_sources

SOURCES = """
sources:
  - name: shop
    path: {name}
    time_zone: Europe/Paris
    entities: {{orders: {{columns: {{order_id: id, ordered_at: at, contact_ref: who, net_amount: amount, status: note}}}}}}
"""
NAMES = ("orders.csv", "orders.tsv", "orders.csv.gz", "orders.jsonl", "orders.parquet", "orders.xlsx")
NOTES = ["paid", "open", 'said "no"', "two\nlines", "déjà", "", "x,y", " spaced "]


def table(chance: random.Random) -> list[list[str]]:
    """A good table of a few rows."""
    rows = [["id", "at", "who", "amount", "note"]]
    for number in range(chance.randrange(1, 30)):
        day = f"2025-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02} 0{chance.randrange(10)}:30:00"
        rows.append([f"{number:03}", day, f"c{chance.randrange(9)}", f"{chance.randrange(10**6) / 100:.2f}", chance.choice(NOTES)])
    return rows


def _csv(rows: list[list[str]], delimiter: str) -> bytes:
    def field(text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if any(mark in text for mark in (delimiter, '"', "\n")) else text

    return "".join(delimiter.join(map(field, row)) + "\n" for row in rows).encode()


def _json(rows: list[list[str]]) -> bytes:
    import json

    return "".join(json.dumps(dict(zip(rows[0], row, strict=True))) + "\n" for row in rows[1:]).encode()


def _parquet(rows: list[list[str]]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({name: list(column) for name, column in zip(rows[0], zip(*rows[1:], strict=True), strict=True)}), sink)
    return sink.getvalue()


def _excel(rows: list[list[str]]) -> bytes:
    book, sink = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(sink)
    return sink.getvalue()


def written(name: str, rows: list[list[str]]) -> bytes:
    """The table as a file of this name."""
    if name.endswith(".parquet"):
        return _parquet(rows)
    if name.endswith(".xlsx"):
        return _excel(rows)
    return _json(rows) if name.endswith(".jsonl") else _csv(rows, "\t" if name.endswith(".tsv") else ",")


def _flip(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return data[:place] + bytes([chance.randrange(256)]) + data[place + 1 :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data))
    return (
        data[:place]
        + chance.choice([b'"', b"\0", b"\r", b"\n", b",", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\\", b"\t", b"''", b'"",""'])
        + data[place:]
    )


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _lines(change: Callable[[list[bytes], int, random.Random], None]) -> Callable[[bytes, random.Random], bytes]:
    def mutate(data: bytes, chance: random.Random) -> bytes:
        lines = data.splitlines(keepends=True)
        change(lines, chance.randrange(len(lines)), chance)
        return b"".join(lines)

    return mutate


def _swap(lines: list[bytes], at: int, chance: random.Random) -> None:
    other = chance.randrange(len(lines))
    lines[at], lines[other] = lines[other], lines[at]


def _garble(data: bytes, chance: random.Random) -> bytes:
    """Numbers and dates written in other ways."""
    old, new = chance.choice(
        [
            (b"2025-", b"25/"),
            (b".", b","),
            (b"-0", b"-9"),
            (b"0", b"O"),
            (b" 0", b"T0"),
            (b"1", b"1e3"),
            (b":30", b":99"),
            (b"2025", b"0000"),
        ]
    )
    return data.replace(old, new, chance.choice([1, 5, -1]))


def _encode(data: bytes, chance: random.Random) -> bytes:
    return data.decode("utf-8", "replace").encode(chance.choice(["latin-1", "utf-16", "utf-16-be", "cp1252", "utf-8-sig"]), "replace")


MUTATIONS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "flip": _flip,
    "insert": _insert,
    "cut": _cut,
    "double a line": _lines(lambda lines, at, _: lines.insert(at, lines[at])),
    "lose a line": _lines(lambda lines, at, _: lines.pop(at) and None),
    "swap lines": _lines(_swap),
    "other delimiter": lambda data, chance: data.replace(b",", chance.choice([b";", b"\t", b"|"]), chance.choice([1, -1])),
    "other line ends": lambda data, chance: data.replace(b"\n", chance.choice([b"\r\n", b"\r", b"\n\n"]), chance.choice([1, 3, -1])),
    "garble": _garble,
    "encode": _encode,
    "pack": lambda data, _: gzip.compress(data),
    "noise": lambda data, chance: chance.randbytes(chance.randrange(1, 300)),
}


def mutant(seed: int) -> tuple[str, str, bytes]:
    """The name of the file, what was done to it, and its bytes."""
    chance = random.Random(seed)
    name = NAMES[seed % len(NAMES)]
    data = written(name, table(chance))
    done = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        how = chance.choice(list(MUTATIONS))
        data = MUTATIONS[how](data, chance) or b"x"
        done.append(how)
    if name.endswith(".gz") and chance.random() < 0.8:
        data = gzip.compress(data)
    return name, " + ".join(done), data


def _records(name: str, data: bytes) -> int | None:
    """How many records a file holds, counted without any reader of ours; `None` where quotes make that a matter of opinion."""
    if name.endswith(".gz"):
        data = gzip.decompress(data)
    if name.endswith((".parquet", ".xlsx")) or (b'"' in data and not name.endswith(".jsonl")):
        return None
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    texts = [line.decode("utf-8", "surrogateescape").removeprefix("\ufeff") for line in lines]
    filled = [text for text in texts if text.strip() or (name.endswith(".tsv") and "\t" in text)]
    return len(filled) - (0 if name.endswith(".jsonl") else 1)


def outcome(root: Path, name: str, data: bytes) -> str:
    """What becomes of a file: `landed`, `landed in part` (rows quarantined), `refused`; raises where rows are not accounted for."""
    (root / name).write_bytes(data)
    (root / "goodwill.yml").write_text("")
    (root / "sources.yml").write_text(SOURCES.format(name=name))
    home = Home(root)
    sources = load_sources(home.sources_file)
    try:
        rows = land_source(home, sources.sources[0], "UTC")["rows"]
    except GoodwillError as error:
        refusal = error
    else:
        refusal = None
    if refusal is not None:
        assert refusal.remedy, "a refusal says what to do"
        assert "'shop'" in refusal.message, "a refusal names the source"
        return "refused"
    expected = _records(name, data)
    assert expected is None or rows == expected, f"{expected} records, {rows} landed"
    (batch,) = active_batches(home, sources.sources[0])
    view = landed_view(home, sources, ENTITIES["orders"], "UTC")
    with duckdb.connect() as connection:
        count, bad, amount, distinct = connection.execute(
            f"select count(*), count(*) filter (where len(_problems) > 0), coalesce(sum(net_amount), 0), count(distinct _row_no) from ({view})"
        ).fetchone() or (0, 0, 0, 0)
    totals = batch.totals["orders"]
    assert count == distinct == rows == totals.rows, f"{rows} landed, {count} seen, {totals.rows} counted at the source"
    assert (totals.amount or 0) == amount, f"{amount} landed, {totals.amount} at the source"
    return "landed in part" if bad else "landed"


def run(seeds: range) -> tuple[Counter[str], dict[int, str]]:
    """What became of the mutants of these seeds, and those that broke their promise."""
    counts: Counter[str] = Counter()
    broken: dict[int, str] = {}
    for seed in seeds:
        name, done, data = mutant(seed)
        with tempfile.TemporaryDirectory() as folder:
            try:
                counts[outcome(Path(folder), name, data)] += 1
            except Exception:
                counts["broken"] += 1
                broken[seed] = f"{name}, {done}: {traceback.format_exc(limit=-3)}"
    return counts, broken


def main() -> int:
    """Make and land as many mutants as asked for."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    began = time.monotonic()
    counts, broken = run(range(wanted))
    for seed, what in list(broken.items())[:20]:
        print(f"seed {seed}: {what}")
    print(f"{wanted:,} mutants in {time.monotonic() - began:.0f} s: {', '.join(f'{rows:,} {what}' for what, rows in counts.most_common())}")
    return bool(broken)


if __name__ == "__main__":
    raise SystemExit(main())
