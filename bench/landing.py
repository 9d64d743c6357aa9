"""Landing a large CSV against the plainest copy of it: `python -m bench.landing --rows 10000000`.

The two run in turns, each in a process of its own; the ratios are of the best of each. Landing does more than copy: digest, encoding,
row numbers, control totals by a second reader, notes. It may take 1.5 times the copy's time, and 2 GiB.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

__all__ = ["main", "make_orders"]

ROOT = Path(__file__).resolve().parents[1]
SOURCES = """
sources:
  - name: shop
    path: orders.csv
    currency: EUR
    time_zone: Europe/Paris
    entities:
      orders:
        columns: {order_id: order_id, ordered_at: ordered_at, contact_ref: customer_id, net_amount: net_amount,
                  discount_amount: discount_amount, status: status, channel: channel}
"""
MEASURED = """
import json, resource, time
wall, cpu = time.perf_counter(), time.process_time()
{work}
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([time.perf_counter() - wall, time.process_time() - cpu, peak]))
"""
COPY = """
import duckdb
duckdb.connect().execute("set enable_progress_bar = false; copy (select * from read_csv('orders.csv')) to 'copy.parquet' (format parquet)")
"""
LAND = """
import shutil
from pathlib import Path
from goodwill.extract import land_source
from goodwill.home import Home
from goodwill.sources import load_sources
home = Home(Path.cwd())
land_source(home, load_sources(home.sources_file).sources[0], "UTC")
shutil.rmtree(home.landing)
"""


def make_orders(path: Path, rows: int) -> None:
    """Write `rows` orders of eight columns, the same at every call."""
    with duckdb.connect() as connection:
        connection.execute(
            f"""copy (
                select
                    'O' || lpad(cast(i as varchar), 9, '0') as order_id,
                    strftime(timestamp '2022-01-01' + to_seconds(cast(hash(i) % 94608000 as bigint)), '%Y-%m-%d %H:%M:%S') as ordered_at,
                    'C' || (hash(i * 7) % 1500000) as customer_id,
                    cast((hash(i * 3) % 20000) / 100 as decimal(10, 2)) as net_amount,
                    cast((hash(i * 5) % 2000) / 100 as decimal(10, 2)) as discount_amount,
                    ['paid', 'shipped', 'cancelled', 'refunded'][1 + cast(hash(i * 11) % 4 as int)] as status,
                    ['web', 'store', 'phone'][1 + cast(hash(i * 13) % 3 as int)] as channel,
                    'note ' || (hash(i * 17) % 100000) || ' of order' as note
                from range({rows}) as t(i)
            ) to '{path}' (header true)"""
        )


def _measure(work: str, folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MiB of a piece of work in a process of its own."""
    environment = {"PYTHONPATH": str(ROOT / "plugins"), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-c", MEASURED.format(work=work)]
    said = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout
    wall, cpu, peak = json.loads(said.splitlines()[-1])
    return wall, cpu, peak


def main() -> int:
    """Print both, and the ratios; fail where landing takes more than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_orders(folder / "orders.csv", given.rows)
        (folder / "goodwill.yml").write_text("")
        (folder / "sources.yml").write_text(SOURCES)
        copies, lands = [], []
        for _ in range(given.rounds):
            copies.append(_measure(COPY, folder))
            lands.append(_measure(LAND, folder))
    best = {"plain copy": min(copies), "landing": min(lands)}
    for label, (wall, cpu, peak) in best.items():
        print(f"{label:<12} {wall:7.2f} s wall  {cpu:7.2f} s cpu  {peak:7.0f} MiB")
    wall, cpu = (best["landing"][place] / best["plain copy"][place] for place in (0, 1))
    print(f"{'ratio':<12} {wall:7.2f}         {cpu:7.2f}")
    return int(wall > 1.5 or best["landing"][2] > 2048)


if __name__ == "__main__":
    raise SystemExit(main())
