"""Secrets of a source: looked up by the name of a connection, in Airflow or the environment; never in a file, a log or a message."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from goodwill.errors import ConfigurationError

__all__ = ["Credentials", "Resolver", "from_environment", "resolve"]

#: The URI of a connection by its name; `None` where it is not known.
Resolver = Callable[[str], "str | None"]


@dataclass(frozen=True)
class Credentials:
    """A connection: its name, which may be shown, and its URI, which may not."""

    name: str
    uri: str = field(repr=False)

    def __str__(self) -> str:
        return f"connection {self.name!r}"


def from_environment(name: str) -> str | None:
    """`$GOODWILL_CONNECTION_<NAME>`, or the variable Airflow itself reads, `$AIRFLOW_CONN_<NAME>`."""
    return os.environ.get(f"GOODWILL_CONNECTION_{name.upper()}") or os.environ.get(f"AIRFLOW_CONN_{name.upper()}")


def resolve(name: str, resolver: Resolver = from_environment) -> Credentials:
    """The credentials of connection `name`.

    Raises
    ------
    ConfigurationError : nobody knows the connection.
    """
    uri = resolver(name) or from_environment(name)
    if not uri:
        raise ConfigurationError(
            f"connection {name!r} is not known",
            f"add it in Airflow (Admin, Connections), or set GOODWILL_CONNECTION_{name.upper()} to its URI",
        )
    return Credentials(name, uri)
