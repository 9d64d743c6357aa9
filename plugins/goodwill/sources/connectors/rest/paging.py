"""Which address comes next: one page's answer in, the next page's address out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from goodwill.sources.connectors.rest.records import Row, at
from goodwill.sources.connectors.rest.settings import Cursor, Keyset, Link, Offset, Page, RestSource

__all__ = ["Read", "first_url", "next_url", "with_params"]

Params = Mapping[str, object]

#: A parameter of a link in the header `Link` (RFC 8288), whose value may be quoted; and a link: its address and its parameters.
_PARAMETER = r';\s*([^\s=;,"]*)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;,"]*)))?'
_LINK = re.compile(rf"<([^<>]*)>((?:\s*{_PARAMETER})*)")


@dataclass(frozen=True)
class Read:
    """One page as it was read: where, the document, its rows; how many records the pages before held, and how many there are in all."""

    url: str
    headers: Mapping[str, str]
    document: Any
    rows: list[Row]
    number: int
    before: int
    total: int | None


def with_params(url: str, params: Params) -> str:
    """`url` with these parameters, in the place of those of the same name."""
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in params]
    new: list[tuple[str, str]] = []
    for name, value in params.items():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            new.append((name, str(each).lower() if isinstance(each, bool) else str(each)))
    return urlunsplit(parts._replace(query=urlencode([*kept, *new])))


def first_url(source: RestSource, base: str, since: str | None) -> str:
    """The address of the first page; `since` is what the incremental parameter says, as text."""
    params: dict[str, object] = dict(source.params)
    if source.since and since is not None:
        params[source.since.parameter] = since
    paging = source.pagination
    if paging and paging.size_parameter:
        params[paging.size_parameter] = paging.size
    if isinstance(paging, (Page, Offset)):
        params[paging.parameter] = paging.start
    path = source.path.strip("/")
    return with_params(f"{base}/{path}" if path else base, params)


def _next_of(header: str) -> str | None:
    """The address that a header `Link` calls the next: a link may have several relations, in any case (`rel="next last"`)."""
    for address, parameters, *_ in _LINK.findall(header):
        for name, quoted, plain in re.findall(_PARAMETER, parameters):
            if name.lower() == "rel" and "next" in (quoted or plain).lower().split():
                return address.strip() or None
    return None


def _linked(paging: Link, page: Read) -> str | None:
    if paging.next is None:
        return _next_of(page.headers.get("link", ""))
    found = _found(page.document, paging.next)
    return None if found is None else str(found)


def _found(document: Any, place: str) -> Any:
    """What stands at a place; nothing, `false`, `null` and the empty text are all no more pages."""
    try:
        value = at(document, place)
    except KeyError:
        return None
    return None if value in (None, False, "") else value


def next_url(source: RestSource, page: Read) -> str | None:
    """The address of the page after `page`; `None` where that was the last.

    Raises
    ------
    ValueError : the answer does not hold what paging needs.
    """
    paging = source.pagination
    if paging is None or (paging.more and _found(page.document, paging.more) in (None, "0", "false")):
        return None
    if isinstance(paging, Link):
        target = _linked(paging, page)
        return urljoin(page.url, target) if target else None
    if isinstance(paging, Cursor):
        token = _found(page.document, paging.next)
        if isinstance(token, (dict, list)):
            raise ValueError(f"{paging.next!r} is no token")
        return None if token is None else with_params(page.url, {paging.parameter: token})
    read = page.before + len(page.rows)
    short = paging.last == "short" and paging.size is not None and len(page.rows) < paging.size
    if not page.rows or short or (page.total is not None and read >= page.total):
        return None
    if isinstance(paging, Keyset):
        last = page.rows[-1]
        value = last.get(paging.column) if isinstance(last, dict) else None
        if not value:
            raise ValueError(f"the last record has no {paging.column!r}, from which the next page would start")
        return with_params(page.url, {paging.parameter: value})
    return with_params(page.url, {paging.parameter: paging.start + (page.number if isinstance(paging, Page) else read)})
