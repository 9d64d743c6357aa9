"""Secrets of a source: looked up by the name of a connection, in Airflow or the environment; never in a file, a log or a message."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from goodwill.errors import ConfigurationError

__all__ = ["Credentials", "Resolver", "from_environment", "masked", "resolve", "sounds_secret"]

#: The URI of a connection by its name; `None` where it is not known.
Resolver = Callable[[str], "str | None"]

_SECRET_OPTION = re.compile("pass|secret|token|key|sig|auth", re.IGNORECASE)
#: A shorter secret cannot be cut out of a text without showing what it was.
_SHORT = 4


def sounds_secret(name: str) -> bool:
    """Whether an option of this name (`token`, `X-Amz-Signature`) must not be shown."""
    return bool(_SECRET_OPTION.search(name))


@dataclass(frozen=True)
class Credentials:
    """A connection: its name, which may be shown, and its URI, which may not."""

    name: str
    uri: str = field(repr=False)

    def __str__(self) -> str:
        return f"connection {self.name!r}"

    def secrets(self) -> set[str]:
        """Everything in the URI that must not be shown, as it is written and as it is meant."""
        parts = urlsplit(self.uri)
        _, _, password = parts.netloc.rpartition("@")[0].partition(":")
        found = {password, unquote(password)}
        for pair in parts.query.split("&"):
            name, _, value = pair.partition("=")
            if _SECRET_OPTION.search(name) or name == "__extra__":
                found |= {value, unquote(value)}
        for name, value in parse_qsl(parts.query):
            if name == "__extra__":
                found |= _texts(value)
        return {secret for secret in found if secret}


def _texts(extra: str) -> set[str]:
    """The values of Airflow's nested extras whose name sounds secret."""
    try:
        values = json.loads(extra)
    except ValueError:
        return set()
    return {str(value) for name, value in values.items() if _SECRET_OPTION.search(name)} if isinstance(values, dict) else set()


def masked(text: object, credentials: Credentials) -> str:
    """What a driver said, without the URI or a secret of it."""
    shown = str(text).replace(credentials.uri, f"({credentials})")
    for secret in sorted(credentials.secrets(), key=len, reverse=True):
        if secret in shown:
            if len(secret) < _SHORT:
                return "(the driver's message is withheld: it may hold a secret)"
            shown = shown.replace(secret, "***")
    return shown


def _uri(given: str) -> str:
    """A connection as a URI; Airflow's other form, JSON, is rewritten.

    Raises
    ------
    ValueError : it begins like JSON and is not.
    """
    if not given.lstrip().startswith("{"):
        return given
    parts: dict[str, Any] = json.loads(given)
    login = "".join(
        [quote(str(parts.get("login") or ""), safe=""), f":{quote(str(parts['password']), safe='')}" if parts.get("password") else ""]
    )
    extra = parts.get("extra") or {}
    if isinstance(extra, str):
        extra = json.loads(extra)
    return "".join(
        [
            f"{str(parts.get('conn_type') or '').replace('_', '-')}://",
            f"{login}@" if login else "",
            quote(str(parts.get("host") or ""), safe=""),
            f":{parts['port']}" if parts.get("port") else "",
            f"/{quote(str(parts.get('schema') or ''), safe='')}",
            f"?{urlencode(extra)}" if extra else "",
        ]
    )


def _variable(variable: str, name: str) -> str | None:
    given = os.environ.get(variable)
    if not given:
        return None
    try:
        return _uri(given)
    except (ValueError, AttributeError):  # the error itself would quote the secret
        raise ConfigurationError(
            f"connection {name!r}: the variable {variable} is neither a URI nor JSON as Airflow writes it",
            f"set {variable} to scheme://user:password@host:port/database",
        ) from None


def from_environment(name: str) -> str | None:
    """`$GOODWILL_CONNECTION_<NAME>`, or the variable Airflow itself reads, `$AIRFLOW_CONN_<NAME>`; a URI, or JSON as Airflow writes it."""
    return _variable(f"GOODWILL_CONNECTION_{name.upper()}", name) or _variable(f"AIRFLOW_CONN_{name.upper()}", name)


def resolve(name: str, resolver: Resolver = from_environment) -> Credentials:
    """The credentials of connection `name`: what `$GOODWILL_CONNECTION_<NAME>` says, else the resolver, else Airflow's own variable.

    Raises
    ------
    ConfigurationError : nobody knows the connection.
    """
    uri = _variable(f"GOODWILL_CONNECTION_{name.upper()}", name) or resolver(name) or from_environment(name)
    if not uri:
        raise ConfigurationError(
            f"connection {name!r} is not known",
            f"add it in Airflow (Admin, Connections), or set GOODWILL_CONNECTION_{name.upper()} to its URI",
        )
    return Credentials(name, uri)
