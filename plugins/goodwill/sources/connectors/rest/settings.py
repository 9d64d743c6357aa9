"""What a source of REST declares."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from goodwill.sources.declared import Declared, Names, Source

__all__ = ["Cursor", "Keyset", "Link", "Offset", "Page", "Pagination", "RestSource", "Since"]

_SECRET = re.compile(
    r"^(x-)?(api[-_]?(key|token)|access[-_]?token|auth(orization)?([-_]?token)?|cookie|token|(client[-_]?)?secret|passw(or)?d|passwd)$",
    re.I,
)


class _Pages(Declared):
    """What every way of paging may say.

    `size_parameter` asks for `size` records a page. `more` is the place of a flag that says whether there is another page.
    """

    size_parameter: str | None = None
    size: Annotated[int, Field(ge=1)] | None = None
    more: str | None = None

    @model_validator(mode="after")
    def _size_is_whole(self) -> _Pages:
        if self.size_parameter and not self.size:
            raise ValueError("'size_parameter' needs a 'size'")
        return self


class _Counted(_Pages):
    """Pages without an end of their own end at one with no records; with `last: short`, at one that holds fewer than `size`."""

    last: Literal["empty", "short"] = "empty"

    @model_validator(mode="after")
    def _short_needs_a_size(self) -> _Counted:
        if self.last == "short" and not self.size:
            raise ValueError("'last: short' needs the 'size' of a full page")
        return self


class Page(_Counted):
    """Pages by number."""

    by: Literal["page"]
    parameter: str = "page"
    start: int = 1


class Offset(_Counted):
    """Pages by the number of records before them."""

    by: Literal["offset"]
    parameter: str = "offset"
    start: int = 0


class Keyset(_Counted):
    """Pages by what the last record of the page before holds in `column`: rows that come and go meanwhile shift nothing."""

    by: Literal["keyset"]
    column: str
    parameter: str


class Cursor(_Pages):
    """Pages by a token that each answer holds for the next, in the place `next`."""

    by: Literal["cursor"]
    next: str
    parameter: str


class Link(_Pages):
    """Pages by the address of the next: in the header `Link` (RFC 8288), or in the answer's place `next`."""

    by: Literal["link"]
    next: str | None = None


Pagination = Annotated[Page | Offset | Keyset | Cursor | Link, Field(discriminator="by")]


class Since(Declared):
    """The parameter that asks for what is new, and how a time is written in it: `iso`, `date`, `epoch_s`, `epoch_ms` or a strftime pattern."""

    parameter: str
    format: str = "iso"


class RestSource(Source):
    """A list of JSON objects, read with GET.

    Parameters
    ----------
    connection : name of the connection that holds the base address and the secret.
    path : of the resource, below the base address.
    params, headers : sent with every request; no secrets, those are in the connection.
    records : dotted place of the list in the answer; empty where the answer is the list.
    total : dotted place of the number of records there are: as many must arrive.
    key : columns that identify a record: one that arrives twice, because pages shift while they are read, counts once.
    fields : columns there are even when no record of a pull carries them.
    rate_per_second : requests, at most. `timeout_seconds` : for an answer, from its request to its last byte.
    retries : further attempts after the first, the first after about `retry_seconds`, each of the others after twice the time.
    resume_hours : how long a pull that was cut off may go on from its last whole page.
    """

    POLICIES: ClassVar[frozenset[str]] = Source.POLICIES | {
        "max_pages",
        "rate_per_second",
        "timeout_seconds",
        "retries",
        "retry_seconds",
        "resume_hours",
        "total",
        "pagination",
    }

    connector: Literal["rest"]
    load: Literal["full", "incremental"] = "full"
    connection: Annotated[str, Field(pattern="^[A-Za-z0-9_.-]+$")]
    path: str
    params: dict[str, str | int | bool | tuple[str | int, ...]] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    records: str = ""
    pagination: Pagination | None = None
    total: str | None = None
    key: Names = ()
    fields: Names = ()
    since: Since | None = None
    max_pages: Annotated[int, Field(ge=1)] = 10_000
    rate_per_second: Annotated[float, Field(gt=0)] | None = None
    timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    retries: Annotated[int, Field(ge=0, le=20)] = 5
    retry_seconds: Annotated[float, Field(gt=0)] = 1.0
    resume_hours: Annotated[float, Field(ge=0)] = 24.0

    @field_validator("path")
    @classmethod
    def _below_the_base(cls, value: str) -> str:
        if "://" in value or value.startswith("//") or "?" in value or "#" in value or ".." in value.split("/"):
            raise ValueError(f"path {value!r}: name the resource below the connection's address; what follows '?' goes into 'params'")
        return value

    @field_validator("params", "headers")
    @classmethod
    def _no_secrets(cls, value: dict[str, object]) -> dict[str, object]:
        secret = [name for name in value if _SECRET.match(name)]
        if secret:
            raise ValueError(
                f"{', '.join(secret)}: secrets are kept in the connection: its password, with '?header=NAME' or '?parameter=NAME'"
            )
        return value

    @property
    def writes_points(self) -> bool:
        """JSON numbers have a point."""
        return True

    @model_validator(mode="after")
    def _since_and_cursor_agree(self) -> RestSource:
        if self.load == "incremental" and not self.since:
            raise ValueError(f"source {self.name!r}: 'load: incremental' needs 'since', the parameter that asks for what is new")
        if self.since and self.load != "incremental":
            raise ValueError(f"source {self.name!r}: 'since' is sent only with 'load: incremental'")
        return self
