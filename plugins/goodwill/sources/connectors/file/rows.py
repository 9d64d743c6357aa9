"""The file of rows a part writes: Parquet, in the order of the source, with the plumbing of its batch."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from goodwill.sources.connectors.file.dialect import NOT_TEXT, Record, shown
from goodwill.sources.connectors.protocol import Labels

__all__ = ["RowsWriter", "odd_columns"]

_BLOCK = 50_000
#: A column of text is written with a dictionary where a sample has few values: where it has many, a dictionary is built for nothing.
_SAMPLE = 20_000
_FEW = 0.05
#: So much of a text is kept of a value that is too long to be kept whole.
_SHOWN = 100_000


class RowsWriter:
    """Writes text columns: whole tables as they come, and records one by one, which may be malformed.

    Counts `rows`, `malformed`, and `not_text` among them with `first_not_text`, the line of the first.
    """

    def __init__(self, path: Path, columns: Iterable[str], labels: Labels, header_lines: int) -> None:
        self.columns = list(columns)
        self.rows = self.malformed = self.not_text = self.first_not_text = 0
        self._header_lines = header_lines
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        stamp = np.array([labels.extracted_at], "datetime64[us]").view(np.int64)
        self._constants = (_text(labels.batch_id), _text(labels.file), _of(stamp, pa.timestamp("us")))
        self._plumbing = self._plumbing_of(0)
        text = [(name, pa.string()) for name in (*self.columns, "__malformed", "__line")]
        labelled = zip(("__batch_id", "__file", "__extracted_at"), self._constants, strict=True)
        same = [(name, pa.dictionary(pa.int32(), each.type)) for name, each in labelled]
        self._schema = pa.schema([*text, ("__row_no", pa.int64()), *same])
        self._odd: set[int] = set()

    def __enter__(self) -> RowsWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._writer is None and kind is None:
            self._open(None)
        if self._writer is not None:
            self._writer.close()

    def _open(self, first: pa.Table | None) -> pq.ParquetWriter:
        few = ["__malformed", "__batch_id", "__file", "__extracted_at"]
        for name in self.columns:
            sample = [] if first is None else first.column(name).slice(0, _SAMPLE)
            if not len(sample) or pc.count_distinct(sample).as_py() <= max(_FEW * len(sample), 20):
                few.append(name)
        self._writer = pq.ParquetWriter(
            self._path,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=few,
            column_encoding={"__row_no": "DELTA_BINARY_PACKED"},
            write_statistics=["__row_no"],
            store_schema=False,
        )
        return self._writer

    def _plumbing_of(self, count: int) -> list[pa.Array]:
        """The batch's labels for `count` rows: made once, cut to length for each table."""
        first = _of(np.zeros(count, np.int32), pa.int32())
        return [pa.DictionaryArray.from_arrays(first, each) for each in self._constants]

    def _write(self, arrays: list[pa.Array | pa.ChunkedArray], wrong: pa.Array, lines: pa.Array, count: int) -> None:
        if count > len(self._plumbing[0]):
            self._plumbing = self._plumbing_of(count)
        same = (each.slice(0, count) for each in self._plumbing)
        numbers = _of(np.arange(self.rows + 1, self.rows + count + 1), pa.int64())
        table = pa.Table.from_arrays([*arrays, wrong, lines, numbers, *same], schema=self._schema)
        self.rows += count
        (self._writer or self._open(table)).write_table(table, row_group_size=250_000)

    @property
    def plain(self) -> frozenset[str]:
        """The columns all of whose text is ASCII without a blank at either end."""
        return frozenset(name for place, name in enumerate(self.columns) if place not in self._odd)

    def table(self, table: pa.Table, odd: Iterable[int]) -> None:
        """Write whole rows, all text; `odd` are the columns that are not `plain` in them."""
        if len(table):
            self._odd.update(odd)
            none = pa.nulls(len(table), pa.string())
            self._write(table.columns, none, none, len(table))

    def records(self, records: Iterable[Record]) -> None:
        """Write records, whole or malformed."""
        block: list[Record] = []
        for record in records:
            block.append(record)
            if len(block) == _BLOCK:
                self._records(block)
                block = []
        if block:
            self._records(block)

    def _records(self, block: list[Record]) -> None:
        width = len(self.columns)
        self._odd = set(range(width))  # records that are read with care are not worth a second look
        nothing: list[str | None] = [None] * width
        found = [record.fields if record.fields is not None else nothing for record in block]
        arrays = [pa.array(column, pa.string()) for column in zip(*found, strict=True)]
        wrong: list[str | None] = []
        lines: list[str | None] = []
        for number, record in enumerate(block, self.rows + 1):
            if record.fields is not None:
                wrong.append(None)
                lines.append(None)
                continue
            self.malformed += 1
            if record.wrong == NOT_TEXT:
                self.not_text += 1
                self.first_not_text = self.first_not_text or record.line_no
            # the record's number tells the line, but where records and lines do not go in step
            beside = "" if record.line_no == number + self._header_lines else f" (line {record.line_no})"
            wrong.append(record.wrong + beside)
            lines.append(
                shown(record.text) if len(record.text) <= _SHOWN else f"{shown(record.text[:_SHOWN])} … ({len(record.text):,} characters)"
            )
        self._write(arrays, pa.array(wrong, pa.string()), pa.array(lines, pa.string()), len(block))


def _of(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    """An array of numbers as it lies in memory: asked to make one of Python's or numpy's, Arrow imports pandas first."""
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def _text(value: str) -> pa.Array:
    """One text, in the same way."""
    content = value.encode("utf-8")
    return pa.Array.from_buffers(pa.string(), 1, [None, pa.py_buffer(np.array([0, len(content)], np.int32)), pa.py_buffer(content)])


def odd_columns(table: pa.Table) -> list[int]:
    """The places of the columns with a letter beyond ASCII, or a blank at either end of a text: a look here costs less than one at what was written."""
    return [place for place, column in enumerate(table.columns) if not all(map(_is_plain, column.chunks))]


def _is_plain(text: pa.StringArray) -> bool:
    """Whether every value of the array is ASCII, and begins and ends with more than a blank or a control character."""
    _, offsets, content = text.buffers()
    if offsets is None or content is None:
        return True
    borders = np.frombuffer(offsets, np.int32, len(text) + 1, text.offset * 4)
    begin, end = int(borders[0]), int(borders[-1])
    if begin == end:
        return True
    letters = np.frombuffer(content, np.uint8, end)
    if letters[begin:].max() > 127:
        return False
    if letters[begin:].min() > ord(" "):  # none anywhere
        return True
    # an empty value looks at its neighbour's letter
    edges = (letters[np.minimum(borders[:-1], end - 1)], letters[np.maximum(borders[1:] - 1, begin)])
    return bool(min(edges[0].min(), edges[1].min()) > ord(" "))
