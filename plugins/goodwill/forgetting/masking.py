"""A copy for development: a home that runs, with everybody's rows and nobody in them.

Everybody is replaced as the forgotten are, under a secret that is thrown away: who orders what and who refers whom stays, who they are does not.
Only columns that a mapping reads come along.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path

import yaml

from goodwill.errors import GoodwillError
from goodwill.extract.chains import chains
from goodwill.extract.expiring import NOBODY, NOBODY_NUMBER
from goodwill.extract.forgetting import keys_in, mask
from goodwill.home import Home
from goodwill.privacy.forgotten import Forgotten
from goodwill.privacy.hashing import HashKeys
from goodwill.settings import load_business
from goodwill.sources import Source, load_sources
from goodwill.sql import literal

__all__ = ["write_masked_copy"]

#: How a source reads its values goes with it; how it was reached, and what it read of it, does not.
_KEPT = {
    "name",
    "system",
    "decimal",
    "thousands",
    "null_values",
    "time_zone",
    "timestamp_format",
    "dst_gap",
    "dst_overlap",
    "currency",
    "duplicates",
}


def write_masked_copy(home: Home, target: Path) -> list[Path]:
    """Make a masked home at `target`, a new folder; returns its files.

    Raises
    ------
    GoodwillError : `target` is there already, or nothing has landed.
    """
    if target.exists():
        raise GoodwillError(f"{target} is there already", "name a new folder with --to")
    zone = load_business(home.business_file).company.business_time_zone
    keys = HashKeys(secrets.token_hex(32), secrets.token_hex(32))
    sources = [source for source in load_sources(home.sources_file).sources if chains(home, source)]
    if not sources:
        raise GoodwillError("nothing has landed yet", f"run a night first: goodwill run --home {home.root}")
    target.mkdir(parents=True, mode=0o700)
    scratch = target / ".unmasked"
    scratch.mkdir(mode=0o700)
    try:
        files = [path for source in sources for path in _write(home, source, zone, keys, target, scratch)]
    finally:
        shutil.rmtree(scratch)
    shutil.copyfile(home.business_file, target / "goodwill.yml")
    declared = {"sources": [_declared(source) for source in sources]}
    (target / "sources.yml").write_text(yaml.safe_dump(declared, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return [target / "goodwill.yml", target / "sources.yml", *files]


def _write(home: Home, source: Source, zone: str, keys: HashKeys, target: Path, scratch: Path) -> list[Path]:
    """The rows of a source as they count now, a file a batch, in the order in which they are heard."""
    folder = target / "input" / source.name
    folder.mkdir(parents=True)
    written = []
    for number, chain in enumerate(chains(home, source), 1):
        plain = scratch / "rows.parquet"
        with chain.rows() as connection:
            connection.execute(f"copy (select * from rows where __malformed is null) to {literal(str(plain))} (format parquet)")
        # a name made of an identifier's hash: the same in every source; nobody stays nobody
        people = (key for key in keys_in(source, zone, chain.columns, plain) if key.rpartition(":")[2] not in (NOBODY, str(NOBODY_NUMBER)))
        everybody = {keys.hash(key): keys.hash(f"person {key}")[:16] for key in people}
        path = folder / f"{number:05d}.parquet"
        mask(source, zone, chain.columns, plain, path, Forgotten(plain, keys, everybody))
        written.append(path)
    return written


def _declared(source: Source) -> dict[str, object]:
    said = source.model_dump(mode="json", exclude_defaults=True)
    kept = {key: value for key, value in said.items() if key in _KEPT}
    entities = {name: mapping.model_dump(mode="json", exclude_defaults=True) for name, mapping in source.entities.items()}
    return {**kept, "connector": "file", "path": f"input/{source.name}/*.parquet", "load": "files", "entities": entities}
