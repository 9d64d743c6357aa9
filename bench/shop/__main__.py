"""Command line of the shop generator."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from bench.shop import Parameters, make_shop


def main(arguments: list[str] | None = None) -> int:
    """Make a shop; print its totals and, with `--dirt`, how many rows of each kind were made bad."""
    parser = argparse.ArgumentParser(prog="python -m bench.shop", description="Generate a whole shop as source files, from a seed.")
    parser.add_argument("--orders", type=int, default=20_000, help="number of orders (default 20000)")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True, help="folder to write to; made if missing")
    parser.add_argument("--format", choices=("csv", "parquet"), default="csv")
    parser.add_argument("--nights", type=int, default=0, help="bring the last N days as files of their own, under nights/<day>/")
    parser.add_argument("--dirt", type=float, default=0.0, metavar="SHARE", help="share of rows to make bad, 0 to 1")
    given = parser.parse_args(arguments)
    if given.orders < 100 or not 0 <= given.dirt <= 1 or not 0 <= given.nights <= 365:
        parser.error("--orders must be at least 100, --dirt between 0 and 1, --nights between 0 and 365")
    truth = make_shop(Parameters(given.orders, given.seed), given.out, given.format, given.nights, given.dirt)
    kinds = Counter(f"{bad['entity']}: {bad['error']}" for bad in truth.pop("injected"))
    print(json.dumps({**truth, "injected": dict(sorted(kinds.items()))}, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
