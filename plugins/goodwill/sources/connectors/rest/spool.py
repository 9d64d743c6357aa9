"""The pages of a pull on disk: each real by its rename, all of them the answer to one request, so that a pull that dies goes on."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from goodwill.clock import now
from goodwill.files import replace_text, sync
from goodwill.sources.connectors.rest.records import Row

__all__ = ["Kept", "Spool"]

_REQUEST = "request.json"


@dataclass(frozen=True)
class Kept:
    """What a kept page is: its number from 1, its rows, bytes and the digest of its content, its columns (and whether any row fills them),
    the address after it, and how many records the source says there are."""

    number: int
    rows: int
    bytes: int
    content: str
    columns: dict[str, bool]
    next: str | None
    total: int | None


@dataclass(frozen=True)
class Spool:
    """A folder of pages. `request` is the digest of all that decides what is asked: pages of another request are never used."""

    folder: Path
    request: str

    def begin(self) -> None:
        """Forget what is there; start to keep."""
        self.drop()
        self.folder.mkdir(parents=True)
        replace_text(self.folder / _REQUEST, json.dumps({"request": self.request, "started_at": now().isoformat()}))

    def drop(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def keep(self, page: Kept, rows: list[Row]) -> None:
        """Write a page, whole or not at all."""
        path = self._path(page.number)
        beside = path.with_suffix(".part")
        with beside.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(page)) + "\n")
            stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        sync(beside)
        os.replace(beside, path)

    def kept(self, hours: float) -> list[Kept]:
        """The pages, in order, of the same request begun less than `hours` ago; none where there is no such pull."""
        try:
            begun: dict[str, Any] = json.loads((self.folder / _REQUEST).read_text(encoding="utf-8"))
            age = now() - dt.datetime.fromisoformat(begun["started_at"])
        except (OSError, ValueError, KeyError, TypeError):
            return []
        if begun["request"] != self.request or not dt.timedelta(0) <= age < dt.timedelta(hours=hours):
            return []
        pages: list[Kept] = []
        while self._path(len(pages) + 1).exists():
            with self._path(len(pages) + 1).open(encoding="utf-8") as stream:
                pages.append(Kept(**json.loads(stream.readline())))
        return pages

    def rows(self, number: int) -> Iterator[Row]:
        """The rows of a kept page."""
        with self._path(number).open(encoding="utf-8") as stream:
            stream.readline()
            for line in stream:
                row = json.loads(line)
                yield (row[0], row[1]) if isinstance(row, list) else row

    def _path(self, number: int) -> Path:
        return self.folder / f"page-{number:07d}.jsonl"
