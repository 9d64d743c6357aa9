"""Write the rows of a source file to a batch: the fast way for a whole file, record by record for a damaged one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from goodwill.errors import SourceError
from goodwill.sources.connectors.file.reading import FileFacts, open_text, records, relation_sql
from goodwill.sources.connectors.file.settings import FileSource
from goodwill.sources.connectors.protocol import ROWS, Labels
from goodwill.sql import literal

__all__ = ["write_rows"]


def _triaged(source: FileSource, path: Path, columns: dict[str, str], target: Path) -> int:
    """The slow way for a damaged text file: whole records as they are, the others kept with what is wrong. Returns how many records."""
    names = [*columns, "__row_no", "__malformed", "__line"]
    schema = pa.schema([(name, pa.int64() if name == "__row_no" else pa.string()) for name in names])
    total = 0
    with pq.ParquetWriter(target, schema) as writer:
        block: list[tuple[object, ...]] = []
        for total, (fields, wrong, line) in enumerate(records(source, path, len(columns)), 1):
            block.append((*fields, total, None, None) if fields is not None else (*[None] * len(columns), total, wrong, line))
            if len(block) == 50_000:
                writer.write_table(pa.Table.from_arrays([pa.array(column) for column in zip(*block, strict=True)], schema=schema))
                block = []
        if block:
            arrays = [pa.array(column, type=field.type) for column, field in zip(zip(*block, strict=True), schema, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return total


def _utf8_copy(source: FileSource, path: Path, folder: Path) -> Path:
    """The engine reads UTF-8 only; another declared encoding is rewritten once."""
    copy = folder / "utf8.csv"
    with open_text(source, path) as given, copy.open("w", encoding="utf-8", newline="") as written:
        shutil.copyfileobj(given, written, 1 << 22)
    return copy


def write_rows(source: FileSource, facts: FileFacts, columns: dict[str, str], labels: Labels, folder: Path) -> tuple[int, int, str]:
    """Write the rows of a file to `folder`: how many, how many of them malformed, and the relation that reads the file itself again.

    Raises
    ------
    SourceError : the file cannot be read to its end.
    """
    plain = source.is_parquet or source.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
    path = facts.path if plain else _utf8_copy(source, facts.path, folder)
    relation = relation_sql(source, path, columns)
    plumbing = f"{literal(labels.batch_id)} as __batch_id, {literal(labels.file)} as __file, timestamp {literal(labels.extracted_at)} as __extracted_at"

    def copy(rows: str) -> None:
        with duckdb.connect(config={"threads": os.cpu_count() or 2}) as connection:
            connection.execute(
                f"copy (select *, {plumbing} from ({rows})) to {literal(str(folder / ROWS))} (format parquet, compression zstd, compression_level 1)"
            )

    care = facts.needs_care
    if not care:
        try:
            copy(relation)
        except duckdb.Error as error:
            if source.is_parquet or source.delimiter == "whitespace":
                raise SourceError(
                    f"source {source.name!r}: file {facts.path}: {str(error).splitlines()[0]}", "send the file again"
                ) from None
            care = True
    if care:
        triaged = folder / "triaged.parquet"
        _triaged(source, facts.path, columns, triaged)
        relation = f"select * from read_parquet({literal(str(triaged))})"
        copy(relation)
    rows, malformed = duckdb.sql(f"select count(*), count(__malformed) from read_parquet({literal(str(folder / ROWS))})").fetchone() or (
        0,
        0,
    )
    return rows, malformed, relation
