"""Pull a resource: page after page to disk, until the source says that this was all, and as much arrived as it says there is."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from goodwill.errors import SourceError
from goodwill.sources.connectors.protocol import Approach
from goodwill.sources.connectors.rest.address import Address
from goodwill.sources.connectors.rest.client import Client, Refused
from goodwill.sources.connectors.rest.cursor import since_text
from goodwill.sources.connectors.rest.engine import open_engine
from goodwill.sources.connectors.rest.paging import first_url
from goodwill.sources.connectors.rest.reading import Reader
from goodwill.sources.connectors.rest.settings import RestSource
from goodwill.sources.connectors.rest.spool import Kept, Spool
from goodwill.sql import identifier, literal

__all__ = ["Pulled", "pull"]

_BLOCK = 5_000


@dataclass(frozen=True)
class Pulled:
    """A whole pull, gathered: a Parquet file of its columns, `__row_no`, `__malformed` and `__line`, in the order of arrival.

    `rows` counts a record once that arrived `repeats` times more; `sql` selects the rows that count.
    """

    columns: dict[str, str]
    rows: int
    repeats: int
    bytes: int
    sha256: str
    sql: str


def pull(source: RestSource, address: Address, approach: Approach, folder: Path) -> Pulled:
    """Pull `source` into `folder`, going on from what a pull before left there.

    Raises
    ------
    SourceError : see the parts; what has arrived stays, where going on from it makes sense.
    """
    since = None if approach.cursor_high is None else since_text(source, approach.zone, approach.cursor_high)
    first = first_url(source, address.base, since)
    paging = source.pagination.model_dump_json() if source.pagination else ""
    spool = Spool(folder, hashlib.sha256("\n".join((first, source.reading(), paging)).encode()).hexdigest())
    with Client(source, address, approach.say) as client:
        reader = Reader(source, client, spool, first, approach)
        for attempt in (1, 2):
            pages = _all_pages(reader, approach, fresh=attempt == 2)
            pulled = _gathered(source, spool, pages, approach.limit)
            said = "" if _is_cut(pages, approach.limit) else _amiss(pages, pulled.rows)
            if not said:
                return pulled
            spool.drop()
            if attempt == 1:
                approach.say(f"{source.path}: {said}; pulled once more")
        raise client.fail(
            first,
            f"{said}, twice",
            "run again when the source is quiet; if its pages shift while they are read, page by 'keyset' or 'cursor'",
        )


def _is_cut(pages: list[Kept], limit: int | None) -> bool:
    """A look stopped before the end of the list: the source's own count says nothing of what it saw."""
    return limit is not None and (pages[-1].next is not None or sum(page.rows for page in pages) > limit)


def _amiss(pages: list[Kept], arrived: int) -> str:
    """What the source's own count says against a pull; nothing where it agrees, or says nothing.

    A count that falls while the pages are read means that a record left: the pages behind it moved up, and one was never seen.
    """
    totals = [page.total for page in pages if page.total is not None]
    fell = next((pair for pair in pairwise(totals) if pair[1] < pair[0]), None)
    if fell:
        return f"the source said there were {fell[0]:,} records, and {fell[1]:,} while they were still read"
    return f"{arrived:,} records arrived, and the source says there are {totals[-1]:,}" if totals and arrived != totals[-1] else ""


def _all_pages(reader: Reader, approach: Approach, fresh: bool) -> list[Kept]:
    kept = [] if fresh else reader.spool.kept(reader.source.resume_hours)
    if kept and kept[-1].next is not None:
        rows = sum(page.rows for page in kept)
        approach.say(f"{reader.source.path}: going on after page {len(kept)} ({rows:,} rows) of the pull that was cut off")
        try:
            return reader.read(kept)
        except Refused as refused:
            approach.say(f"{reader.source.path}: that is not to be had any more, from the start again ({refused.message})")
    reader.spool.begin()
    return reader.read([])


def _columns(source: RestSource, pages: list[Kept]) -> list[str]:
    """Every column of any record, by name: the order of an object's fields says nothing. An object that is null at times is no column."""
    filled: dict[str, bool] = dict.fromkeys(source.fields, True)
    for page in pages:
        for name, full in page.columns.items():
            filled[name] = filled.get(name, False) or full
    parents = {name.rsplit(".", depth)[0] for name in filled for depth in range(1, name.count(".") + 1)}
    names = sorted(name for name, full in filled.items() if full or name not in parents)
    alike: dict[str, str] = {}
    for name in names:
        other = alike.setdefault(name.strip().lower(), name)
        if other != name:
            raise SourceError(
                f"source {source.name!r}: {source.path}: two columns that differ only by capitals or spaces: {other!r}, {name!r}",
                "have one of them renamed at the source",
            )
    return names


def _blocks(spool: Spool, pages: list[Kept], limit: int | None) -> Iterator[list[tuple[str | None, dict[str, str | None], str | None]]]:
    block: list[tuple[str | None, dict[str, str | None], str | None]] = []
    left = limit
    for page in pages:
        for row in spool.rows(page.number):
            if left is not None and left <= 0:
                break
            left = None if left is None else left - 1
            block.append((None, row, None) if isinstance(row, dict) else (row[0], {}, row[1]))
            if len(block) == _BLOCK:
                yield block
                block = []
    if block:
        yield block


def _gathered(source: RestSource, spool: Spool, pages: list[Kept], limit: int | None) -> Pulled:
    """One Parquet file of all pages; where a `key` names what a record is, the later of two counts."""
    names = _columns(source, pages)
    content = hashlib.sha256("".join(page.content for page in pages).encode()).hexdigest()
    size = sum(page.bytes for page in pages)
    if not sum(page.rows for page in pages):
        return Pulled({}, 0, 0, size, content, "")
    missing = [name for name in source.key if name not in names]
    if missing or not names:
        raise SourceError(
            f"source {source.name!r}: {source.path}: no record has {', '.join(map(repr, missing)) or 'any field'}; there are: {', '.join(names)}",
            f"mend 'key' or 'records' of {source.name!r} in sources.yml",
        )
    schema = pa.schema(
        [*((name, pa.string()) for name in names), ("__row_no", pa.int64()), ("__malformed", pa.string()), ("__line", pa.string())]
    )
    target = spool.folder / "pulled.parquet"
    arrived = 0
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for block in _blocks(spool, pages, limit):
            arrays = [pa.array([row.get(name) for _, row, _ in block], pa.string()) for name in names]
            arrays.append(pa.array(range(arrived + 1, arrived + len(block) + 1), pa.int64()))
            arrays += [pa.array([wrong for wrong, _, _ in block], pa.string()), pa.array([line for _, _, line in block], pa.string())]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            arrived += len(block)
    sql = f"select * from read_parquet({literal(str(target))})"
    rows = arrived
    if source.key:
        keys = ", ".join(map(identifier, source.key))
        whole = " and ".join(f"{identifier(name)} is not null" for name in source.key)
        last = f"row_number() over (partition by {keys} order by __row_no desc)"
        sql = (
            f"select * exclude (__row_no, __later), row_number() over (order by __row_no) as __row_no "
            f"from (select *, case when {whole} then {last} else 1 end as __later from ({sql})) where __later = 1"
        )
        with open_engine(spool.folder) as connection:
            rows = (connection.execute(f"select count(*) from ({sql})").fetchone() or (0,))[0]
    return Pulled(dict.fromkeys(names, "VARCHAR"), rows, arrived - rows, size, content, sql)
