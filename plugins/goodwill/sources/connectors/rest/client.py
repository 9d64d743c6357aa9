"""Ask politely and stubbornly: one request at a time, no faster than allowed, again where trying again helps, and never to a stranger."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from goodwill import __version__
from goodwill.clock import now
from goodwill.errors import SourceError
from goodwill.sources.connectors.rest.address import Address
from goodwill.sources.connectors.rest.settings import RestSource

__all__ = ["Answer", "Client", "Refused"]

#: Seconds: a server that asks for a longer pause than this is left alone until the next run.
LONGEST_PAUSE = 300.0
#: Bytes of one answer, unpacked: a page is held in memory.
LARGEST_ANSWER = 1 << 28
_REDIRECTS = 5
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Refused(SourceError):  # noqa: N818 - what the server did
    """The server said that this very request is wrong, whoever asks (4xx, but not 401 and 403)."""


class _Again(Exception):  # noqa: N818 - not an error yet
    """An attempt that failed in a way that may pass."""

    def __init__(self, said: str, pause: float | None = None) -> None:
        super().__init__(said)
        self.pause = pause


@dataclass(frozen=True)
class Answer:
    """What came back with success: the bytes, unpacked, and the headers."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    is_nothing: bool = False


def _host(url: str) -> tuple[str, str, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS.get(parts.scheme)


def _pause_asked(value: str | None) -> float | None:
    """Seconds that `Retry-After` asks for: a number, or a date."""
    if not value:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
    return max(0.0, (until.astimezone(dt.UTC).replace(tzinfo=None) - now()).total_seconds())


@dataclass
class Client:
    """The one that asks."""

    source: RestSource
    address: Address
    say: Callable[[str], None]
    _next_at: float = 0.0
    _http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        for name in ("httpx", "httpcore"):  # they log addresses, and with them what a parameter carries
            logging.getLogger(name).setLevel(logging.WARNING)
        headers = {"Accept": "application/json", "User-Agent": f"goodwill/{__version__}", **self.source.headers}
        if self.address.header:
            headers[self.address.header[0]] = self.address.header[1]
        self._http = httpx.Client(headers=headers, timeout=self.source.timeout_seconds, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def bare(self, url: str) -> str:
        """`url` without the parameter that lets one in: as it may be shown, compared and kept."""
        if not self.address.parameter:
            return url
        parts = urlsplit(url)
        kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != self.address.parameter[0]]
        return urlunsplit(parts._replace(query=urlencode(kept)))

    def fail(self, url: str, what: str, remedy: str, kind: type[SourceError] = SourceError) -> SourceError:
        """An error that names source and address, and no secret."""
        return kind(self.address.hidden(f"source {self.source.name!r}: {self.bare(url)}: {what}"), self.address.hidden(remedy))

    def get(self, url: str) -> Answer:
        """The answer to a GET of `url`.

        Raises
        ------
        Refused : the server answered 4xx (but not 401, 403, 408, 425 or 429).
        SourceError : it does not let us in; still no whole answer after all attempts; a redirect or an address of another host; a pause too long to wait for.
        """
        for _ in range(_REDIRECTS + 1):
            if not self._is_home(url):
                raise self.fail(
                    url,
                    f"is not on {self.address.base}: the secret is not sent there",
                    "set the connection's address to that host, if it is right",
                )
            answer = self._patiently(url)
            if not isinstance(answer, str):
                return answer
            url = answer
        raise self.fail(url, f"more than {_REDIRECTS} redirects", "set 'path' to where the resource is")

    def _is_home(self, url: str) -> bool:
        """The same host, or the same host made secure."""
        here, there = _host(self.address.base), _host(url)
        return here == there or (here[:2] == ("http", there[1]) and here[2] == 80 and there[0] == "https" and there[2] == 443)

    def _patiently(self, url: str) -> Answer | str:
        back_off = wait_exponential_jitter(self.source.retry_seconds, LONGEST_PAUSE / 5, jitter=self.source.retry_seconds)

        def wait(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.pause if isinstance(error, _Again) else None
            seconds = back_off(state) if asked is None else max(asked, 0.0)
            if seconds > LONGEST_PAUSE:
                raise self.fail(url, f"{error}; it asks to come back in {seconds:,.0f} s", "run again then; what has arrived is kept")
            self.say(f"{self.source.path}: {error}; attempt {state.attempt_number + 1} in {seconds:.1f} s")
            return seconds

        attempts = Retrying(
            stop=stop_after_attempt(self.source.retries + 1),
            wait=wait,
            retry=retry_if_exception_type(_Again),
            reraise=True,
            sleep=time.sleep,
        )
        try:
            return attempts(self._once, url)
        except _Again as error:
            raise self.fail(
                url,
                f"{error}, {self.source.retries + 1} times",
                "see whether the service is well, then run again: the pages that have arrived are kept; 'timeout_seconds' and 'retries' can be raised",
            ) from None

    def _once(self, url: str) -> Answer | str:
        if self.source.rate_per_second:
            pause = self._next_at - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            self._next_at = time.monotonic() + 1 / self.source.rate_per_second
        deadline = time.monotonic() + self.source.timeout_seconds
        sent = httpx.URL(url)
        if self.address.parameter:
            sent = sent.copy_set_param(*self.address.parameter)
        try:
            with self._http.stream("GET", sent) as response:
                status = f"{response.status_code} {response.reason_phrase}".strip()
                if response.status_code in (408, 425, 429) or response.status_code >= 500:
                    raise _Again(f"the server answers {status}", _pause_asked(response.headers.get("retry-after")))
                if response.has_redirect_location:
                    return self.bare(str(httpx.URL(url).join(response.headers["location"])))
                if response.status_code >= 300:
                    kind = SourceError if response.status_code in (401, 403) else Refused
                    raise self.fail(url, f"the server answers {status}", _remedy(response.status_code, self.source), kind)
                pieces, size = [], 0
                for piece in response.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > LARGEST_ANSWER:
                        raise self.fail(url, f"the answer is larger than {LARGEST_ANSWER >> 20} MB", "ask for smaller pages ('size')")
                    if time.monotonic() > deadline:
                        raise _Again(f"no whole answer within {self.source.timeout_seconds:g} s")
                return Answer(self.bare(url), b"".join(pieces), response.headers, is_nothing=response.status_code == 204)
        except httpx.TimeoutException:
            raise _Again(f"no answer within {self.source.timeout_seconds:g} s") from None
        except httpx.DecodingError:
            raise _Again("the answer's compression is broken") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise _Again(f"the connection failed ({self.address.hidden(str(error)) or type(error).__name__})") from None


def _remedy(status: int, source: RestSource) -> str:
    if status == 401:
        return f"see that the secret of connection {source.connection!r} is right and has not expired"
    if status == 403:
        return f"let the user of connection {source.connection!r} read this resource"
    if status in (404, 410):
        return f"mend 'path' of {source.name!r}, or the address of connection {source.connection!r}; where it says so past the last page, set 'total', 'more' or 'last: short'"
    return f"see what the service expects: 'params', 'pagination' and 'since' of {source.name!r} in sources.yml"
