"""Where a REST source is and how one is let in, from a connection's URI. Nothing here is shown but the address."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from goodwill.errors import ConfigurationError
from goodwill.sources.credentials import Credentials

__all__ = ["Address", "address_of"]


@dataclass(frozen=True)
class Address:
    """A base address without a closing slash, and what is sent with each request to be let in: a header, or a parameter."""

    base: str
    header: tuple[str, str] | None = field(default=None, repr=False)
    parameter: tuple[str, str] | None = field(default=None, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def hidden(self, text: str) -> str:
        """`text` without the secrets, however they are written in it."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


def _refuse(credentials: Credentials, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{credentials}: {what}",
        "write its URI as https://USER:PASSWORD@host/base, or https://:TOKEN@host/base?auth=bearer, ?header=NAME or ?parameter=NAME",
    )


def _extras(query: str) -> dict[str, str]:
    """What follows `?`; Airflow writes extras that are not plain texts as one JSON text."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    packed = given.pop("__extra__", None)
    return {**given, **{name: str(value) for name, value in json.loads(packed).items()}} if packed else given


def address_of(credentials: Credentials) -> Address:
    """The address a connection stands for.

    `https://user:password@host/base` is basic authentication. A token stands in the place of the password, and the URI ends with
    `?auth=bearer`, `?header=X-Api-Key` or `?parameter=api_key`. Airflow's ways of writing are read: `http://host/https`,
    `http://https://host`, percent-encoded parts, extras as JSON.

    Raises
    ------
    ConfigurationError : no http or https, no host, an unknown extra, a way in without a token.
    """
    scheme, _, rest = credentials.uri.partition("://")
    if rest.startswith(("http://", "https://")):  # a host that was typed with its protocol
        scheme, _, rest = rest.partition("://")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        port = parts.port
        extras = _extras(parts.query)
    except ValueError:
        raise _refuse(credentials, "its URI cannot be read") from None
    place = parts.netloc.rpartition("@")[2]
    host, _, below = unquote(place.removesuffix(f":{port}") if port else place).partition("/")
    path = "/".join(piece for piece in (below, unquote(parts.path).strip("/")) if piece)
    if scheme == "http" and path == "https":  # Airflow: the schema of an HTTP connection is its protocol
        scheme, path = "https", ""
    if scheme not in ("http", "https") or not host:
        raise _refuse(credentials, "its URI is not of http or https, or has no host")
    unknown = sorted(set(extras) - {"auth", "header", "parameter"})
    ways = [name for name in ("auth", "header", "parameter") if name in extras]
    if unknown or len(ways) > 1 or extras.get("auth", "bearer") not in ("basic", "bearer"):
        raise _refuse(credentials, f"not understood after '?': {', '.join(unknown or ways)}")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    token = password or user
    if (ways and not token) or any(mark in user + password for mark in "\r\n\0"):
        raise _refuse(credentials, "there is no token in the place of the password, or a line break in it")
    base = f"{scheme}://{host}{f':{port}' if port else ''}{f'/{quote(path)}' if path else ''}"
    basic = base64.b64encode(f"{user}:{password}".encode()).decode() if user or password else ""
    secrets = tuple(
        sorted({text for each in (password, token, basic) if each for text in (each, quote(each), quote(each, safe=""))}, key=len)
    )
    if "header" in extras:
        return Address(base, (extras["header"], token), None, secrets[::-1])
    if "parameter" in extras:
        return Address(base, None, (extras["parameter"], token), secrets[::-1])
    if extras.get("auth") == "bearer":
        return Address(base, ("Authorization", f"Bearer {token}"), None, secrets[::-1])
    return Address(base, ("Authorization", f"Basic {basic}") if basic else None, None, secrets[::-1])
