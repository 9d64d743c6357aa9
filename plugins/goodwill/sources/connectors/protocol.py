"""What a connector is: it names the parts of a source that are to be read now, and each part writes itself to Parquet.

A part becomes one batch: a file, or one pull of a table. A connector knows nothing of entities, manifests or the warehouse.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from goodwill.sources.credentials import Credentials
from goodwill.sources.declared import Source

__all__ = ["PARQUET", "ROWS", "ROW_PLUMBING", "Approach", "Connector", "Labels", "Part", "Seen", "Written"]

#: The file a part writes.
ROWS = "rows.parquet"

#: How the engine writes it. To look for a dictionary of a column with many values costs up to half of the writing and saves no room: where a
#: row group has more than these, the search is given up.
PARQUET = "format parquet, parquet_version v2, compression zstd, compression_level 1, dictionary_size_limit 1000"

#: Columns a part writes beside the source's own: the record's number from 1, and for a record that is not whole what is wrong and the
#: raw line (else both NULL); then the labels of its batch.
ROW_PLUMBING = ("__row_no", "__malformed", "__line", "__batch_id", "__file", "__extracted_at")

S = TypeVar("S", bound=Source, contravariant=True)


@dataclass(frozen=True)
class Seen:
    """What is known of a part that has landed before, read in the same way."""

    sha256: str
    bytes: int
    modified_ns: int | None


@dataclass(frozen=True)
class Approach:
    """How a source is approached now.

    Parameters
    ----------
    root : the home; relative paths start there.
    zone : time zone of time stamps that carry none, unless the source names its own.
    unfinished : a folder of this source alone, not made yet, for what a pull that is cut off wants to find again.
    credentials : what a connection's name stands for.
    seen : part → what landed of it before; empty when everything is to be read.
    cursor_high : the highest cursor landed so far; `None` for a first or full pull.
    quarantine_share : the share of bad rows the business allows a source that sets none of its own.
    limit : read no more rows than this (a look at the source, not a landing).
    say : progress, one line at a time.
    """

    root: Path
    zone: str
    unfinished: Path
    credentials: Callable[[str], Credentials] | None = None
    seen: Mapping[str, Seen] = field(default_factory=dict)
    cursor_high: str | None = None
    limit: int | None = None
    quarantine_share: float = 0.05
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Labels:
    """What a batch's rows carry: the batch, the part's name, and when it was extracted (UTC, ISO)."""

    batch_id: str
    file: str
    extracted_at: str


@dataclass(frozen=True)
class Written:
    """What a part wrote to `ROWS`.

    Parameters
    ----------
    relation : a select that reads the source again (or, where the source itself has vouched for the rows, what was written),
        with the source's columns, `__malformed` and `__line`, in their order: control totals are measured over it.
    sha256, bytes : of what was read, as it lies at the source; for a pull, of its rows' content.
    cursor_low, cursor_high : the span of the cursor, in the cursor's own text; the high never falls below the approach's.
    plain : text columns known to hold letters of ASCII only and no blank at either end: nothing in them is to be healed.
    notes : what is to be said of the rows (`column:CODE` → rows), beside what their mapping notes.
    warnings : what was noticed and did not stop it, each as `CODE: what`.
    """

    rows: int
    malformed: int
    relation: str
    sha256: str
    bytes: int
    modified_ns: int | None = None
    cursor_low: str | None = None
    cursor_high: str | None = None
    plain: frozenset[str] = frozenset()
    notes: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Part(Protocol):
    """One thing to read now."""

    @property
    def name(self) -> str:
        """How manifests name it: the file as the configuration names it, the table, the resource."""

    @property
    def sha256(self) -> str | None:
        """Digest of its bytes where they lie still; `None` where only reading tells."""

    def columns(self) -> dict[str, str]:
        """Column → SQL type, in order; a source of text says VARCHAR. Raises `SourceError` where the structure is broken."""

    def write(self, folder: Path, columns: dict[str, str], labels: Labels) -> Written:
        """Write all rows to `folder / ROWS`; other files there are scratch. Raises `SourceError`: then nothing counts."""

    def verify(self) -> None:
        """Last look before the batch is real: raise `SourceError` if the source changed while it was read."""


class Connector(Protocol, Generic[S]):
    """One way to reach a source: a module of this folder with a `CONNECTOR`."""

    @property
    def settings(self) -> type[Source]:
        """The settings of its sources."""

    def parts(self, source: S, approach: Approach) -> Iterable[Part]:
        """The parts to read now, in the order in which they speak; those that are `seen` and unchanged may be left out."""
