"""Read page after page, refuse what cannot be a page, and keep each before the next is asked for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from goodwill.errors import SourceError
from goodwill.sources.connectors.protocol import Approach
from goodwill.sources.connectors.rest.client import Answer, Client
from goodwill.sources.connectors.rest.paging import Read, next_url
from goodwill.sources.connectors.rest.records import Row, at, flat, read_json
from goodwill.sources.connectors.rest.settings import RestSource
from goodwill.sources.connectors.rest.spool import Kept, Spool

__all__ = ["Reader"]


@dataclass(frozen=True)
class Reader:
    """The reading of one resource into one spool."""

    source: RestSource
    client: Client
    spool: Spool
    first: str
    approach: Approach

    def read(self, pages: list[Kept]) -> list[Kept]:
        """The pages after those that are kept, until the last.

        Raises
        ------
        SourceError : no answer, an answer that is no page, a page twice, addresses that go in a circle, more pages than allowed.
        """
        pages = list(pages)
        url = pages[-1].next if pages else self.first
        asked = {self.first, *(page.next for page in pages)}
        contents = {page.content: page.number for page in pages if page.rows}
        before = self._ids(list(self.spool.rows(len(pages)))) if pages else set()
        stale = 0
        while url is not None:
            if len(pages) >= self.source.max_pages:
                raise self.client.fail(
                    url, f"more than {len(pages):,} pages", "raise 'max_pages', if there are more; what has arrived is kept"
                )
            page, rows = self._page(url, pages)
            if rows:
                same = contents.setdefault(page.content, page.number)
                ids = self._ids(rows)
                stale = stale + 1 if ids and ids <= before else 0
                before = ids
                if stale == 2 or (same != page.number and not ids):
                    raise self._circle(url, f"page {page.number} holds what page {same if same != page.number else page.number - 1} held")
            if page.next in asked:
                raise self._circle(url, f"page {page.number} says that the next is a page that was read already")
            self.spool.keep(page, rows)
            pages.append(page)
            asked.add(page.next or "")
            self.approach.say(f"{self.source.path}: page {page.number}, {sum(each.rows for each in pages):,} rows")
            url = None if self._enough(pages) else page.next
        return pages

    def _enough(self, pages: list[Kept]) -> bool:
        return self.approach.limit is not None and sum(page.rows for page in pages) >= self.approach.limit

    def _ids(self, rows: list[Row]) -> set[tuple[str | None, ...]]:
        return {tuple(row.get(name) for name in self.source.key) for row in rows if isinstance(row, dict)} if self.source.key else set()

    def _circle(self, url: str, what: str) -> SourceError:
        """The pages cannot be trusted: nothing of them is kept."""
        self.spool.drop()
        return self.client.fail(url, what, f"see that 'pagination' of {self.source.name!r} names the parameter that the service heeds")

    def _page(self, url: str, pages: list[Kept]) -> tuple[Kept, list[Row]]:
        answer = self.client.get(url)
        document = self._document(answer)
        rows = [flat(record) for record in self._records(url, document)]
        before = sum(page.rows for page in pages)
        total = self._total(url, document, pages)
        read = Read(answer.url, answer.headers, document, rows, len(pages) + 1, before, total)
        try:
            following = next_url(self.source, read)
        except ValueError as error:
            raise self.client.fail(url, str(error), f"mend 'pagination' of {self.source.name!r} in sources.yml") from None
        columns: dict[str, bool] = {}
        for row in rows:
            for name, value in row.items() if isinstance(row, dict) else ():
                columns[name] = columns.get(name, False) or value is not None
        content = hashlib.sha256("\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode("utf-8")).hexdigest()
        bare = None if following is None else self.client.bare(following)
        return Kept(read.number, len(rows), len(answer.body), content, columns, bare, total), rows

    def _document(self, answer: Answer) -> Any:
        if answer.is_nothing:  # 204, no content: a page without records
            return []
        media = answer.headers.get("content-type", "")
        charset = next(
            (part.split("=", 1)[1].strip(' "') for part in media.split(";") if part.strip().lower().startswith("charset=")), "utf-8"
        )
        try:
            return read_json(answer.body, charset)
        except ValueError as error:
            what = "a page of HTML" if "html" in media or answer.body.lstrip()[:1] == b"<" else f"no JSON ({error})"
            raise self.client.fail(
                answer.url,
                f"the answer is {what}, of type {media or 'unknown'}, {len(answer.body):,} bytes",
                "a page for signing in, or for maintenance? See that 'path' and the connection's address are those of the service's interface",
            ) from None

    def _records(self, url: str, document: Any) -> list[Any]:
        place = self.source.records
        try:
            found = at(document, place)
        except KeyError:
            found = document
        if isinstance(found, list):
            return found
        there = ", ".join(sorted(document)) if isinstance(document, dict) else "no object"
        raise self.client.fail(
            url,
            f"there is no list at {place!r} of the answer; it holds: {there or 'nothing'}"
            if place
            else f"the answer is not a list; it holds: {there or 'nothing'}",
            f"set 'records' of {self.source.name!r} to the place of the list; or the service says here what is wrong",
        )

    def _total(self, url: str, document: Any, pages: list[Kept]) -> int | None:
        """What the source says there is; the last word counts."""
        if self.source.total is None:
            return None
        try:
            return int(str(at(document, self.source.total)))
        except KeyError:
            if pages and pages[-1].total is not None:
                return pages[-1].total
            if document == []:
                return 0
            what = "has no"
        except ValueError:
            what = "holds no whole number at"
        raise self.client.fail(url, f"the answer {what} {self.source.total!r}", f"mend 'total' of {self.source.name!r} in sources.yml")
