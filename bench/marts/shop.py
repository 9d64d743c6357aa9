"""The landed rows that every path begins with, and the settings they all know."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from goodwill.demo import make_demo_home
from goodwill.extract import land_source
from goodwill.extract.batches import active_batches, rows_file
from goodwill.home import Home
from goodwill.settings import load_business
from goodwill.sources import load_sources

from bench.shop import Parameters, make_shop

__all__ = ["Landed", "land"]


@dataclass(frozen=True)
class Landed:
    """Where the rows of each source lie (all text, as they came), the business zone, the currency, and the statuses that count for nothing."""

    files: dict[str, list[str]]
    zone: str
    currency: str
    cancelled: list[str]

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Landed:
        return cls(**json.loads(path.read_text(encoding="utf-8")))


def land(folder: Path, orders: int, seed: int) -> Landed:
    """Make a shop and land it. Nobody has two contacts: peers know no identities."""
    make_demo_home("shop", folder)
    make_shop(Parameters(orders, seed, duplicate_contact_share=0.0), folder / "input")
    home = Home.at(folder)
    business, sources = load_business(home.business_file), load_sources(home.sources_file).sources
    zone = business.company.business_time_zone
    for source in sources:
        land_source(home, source, zone)
    files = {source.name: [str(rows_file(home, batch)) for batch in active_batches(home, source)] for source in sources}
    return Landed(files, zone, business.company.currency, list(business.orders.cancelled_statuses))
