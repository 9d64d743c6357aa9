"""The way to a server: a session that only reads, in one snapshot, without the password in any text."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import duckdb
import psycopg2

from goodwill.errors import ConfigurationError, SourceError
from goodwill.sources.credentials import Credentials, masked
from goodwill.sql import literal

__all__ = ["Server", "Snapshot", "told"]

#: What a connection may say beside user, password, host, port and database: libpq's own words.
_OPTIONS = (
    "host", "hostaddr", "port", "user", "password", "dbname", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "channel_binding",
    "gssencmode", "krbsrvname", "target_session_attrs", "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval",
    "keepalives_count", "passfile", "service", "options",
)  # fmt: skip
#: Extras that Airflow's own hooks write into a connection and that do not concern the server.
_IGNORED = {"__extra__", "cursor", "schema", "iam", "application_name"}
_SECRET = {"host": "host", "port": "port", "user": "user", "password": "password", "dbname": "database"}

#: What the server or libpq said, behind the statement that DuckDB quotes before it.
_SAID = re.compile(r'": +((?:ERROR|FATAL|PANIC|server|connection|SSL|could not)\b.*)')

_EXTENSION = "duckdb_extension_postgres_scanner"


@contextmanager
def told(source: str, what: str, credentials: Credentials, remedy: str) -> Iterator[None]:
    """Turn what a driver says into a `SourceError` that names the source and the connection, and holds no secret."""
    try:
        yield
    except (psycopg2.Error, duckdb.Error) as error:
        text = masked(str(error).strip() or type(error).__name__, credentials)
        found = _SAID.search(text)
        said = found.group(1) if found else text.splitlines()[0]
        raise SourceError(f"source {source!r}: {what} over {credentials}: {said}", remedy) from None


def _extension() -> Path:
    """The scanner, from its wheel; nothing is downloaded."""
    spec = importlib.util.find_spec(_EXTENSION)
    for folder in (spec.submodule_search_locations if spec else None) or ():
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / "postgres_scanner.duckdb_extension"
        if path.exists():
            return path
    raise ConfigurationError(
        f"the PostgreSQL reader of DuckDB {duckdb.__version__} is not installed",
        f"pip install {_EXTENSION.replace('_', '-')}=={duckdb.__version__}",
    )


@dataclass(frozen=True)
class Server:
    """A server as libpq knows it; `timeout` in seconds ends a statement at the server."""

    credentials: Credentials
    timeout: float

    def parameters(self) -> dict[str, str]:
        """The connection's URI as libpq parameters.

        Raises
        ------
        ConfigurationError : it is no PostgreSQL URI, or says something libpq does not know.
        """
        try:
            parts = urlsplit(self.credentials.uri)
            port = parts.port
        except ValueError:
            raise self._wrong("its URI cannot be read") from None
        if parts.scheme.split("+")[0] not in ("postgres", "postgresql"):
            raise self._wrong(f"{parts.scheme or 'what it holds'!r} is not PostgreSQL")
        given = {
            "host": unquote(parts.hostname or ""),
            "port": str(port or ""),
            "user": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "dbname": unquote(parts.path.lstrip("/")),
        }
        for name, value in parse_qsl(parts.query, keep_blank_values=True):
            if name in _IGNORED:
                continue
            if name not in _OPTIONS:
                raise self._wrong(f"unknown option {name!r}; known: {', '.join(_OPTIONS)}")
            given[name] = value
        return {"connect_timeout": "30"} | {name: value for name, value in given.items() if value} | {"application_name": "goodwill"}

    def _wrong(self, why: str) -> ConfigurationError:
        return ConfigurationError(f"{self.credentials}: {why}", "write it as postgresql://user:password@host:port/database?sslmode=require")

    def settings(self) -> dict[str, str]:
        """What a transaction sets for itself; so also where a pooler stands between."""
        return {
            "statement_timeout": str(int(self.timeout * 1000)),
            "standard_conforming_strings": "on",
            "TimeZone": "UTC",
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "postgres",
            "extra_float_digits": "3",
            "bytea_output": "hex",
        }

    @contextmanager
    def session(self, snapshot: str | None = None) -> Iterator[Any]:
        """A cursor in a read-only transaction, to look at structure; with the name of a snapshot, of the moment that it is of."""
        connection = psycopg2.connect(**self.parameters())
        try:
            connection.set_session(psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ, readonly=True)
            with connection.cursor() as cursor:
                if snapshot:
                    cursor.execute("set transaction snapshot %s", (snapshot,))
                for name, value in self.settings().items():
                    cursor.execute("select set_config(%s, %s, true)", (name, value))
                yield cursor
        finally:
            connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A read-only, repeatable-read transaction: whatever is asked in it, of one moment.

        One thread: the server sends one stream, and a second one would only spin beside it.
        """
        parameters = self.parameters()
        with duckdb.connect(config={"threads": 1, "autoinstall_known_extensions": False, "autoload_known_extensions": False}) as connection:
            connection.execute(f"load {literal(str(_extension()))}")
            secret = ", ".join(
                ["type postgres", *(f"{_SECRET[name]} {literal(parameters[name])}" for name in _SECRET if name in parameters)]
            )
            connection.execute(f"create temporary secret source ({secret})")
            rest = " ".join(f"{name}={_quoted(value)}" for name, value in parameters.items() if name not in _SECRET)
            connection.execute(f"attach {literal(rest)} as source (type postgres, secret source, read_only)")
            connection.execute("begin")
            try:
                asked = Snapshot(connection)
                settings = (f"set_config({literal(name)}, {literal(value)}, true) as {name}" for name, value in self.settings().items())
                asked.ask(f"select {', '.join(settings)}")
                yield asked
            finally:
                # closing a transaction whose server has gone ends the whole process; rolling it back only raises
                with suppress(duckdb.Error):
                    connection.execute("rollback")


@dataclass(frozen=True)
class Snapshot:
    """An open transaction at the server."""

    connection: duckdb.DuckDBPyConnection

    @staticmethod
    def relation(query: str) -> str:
        """The answer to `query`, which the server reads as it stands."""
        return f"postgres_query('source', {literal(query)})"

    def shared(self) -> str:
        """Its name, under which another session may look at the same moment while this one is open."""
        (row,) = self.ask("select pg_export_snapshot() as name")
        return str(row[0])

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = self.connection.execute(f"select * from {self.relation(query)}").fetchall()
        return rows

    def types(self, query: str) -> dict[str, str]:
        """Column → type of the answer to `query`."""
        rows = self.connection.execute(f"describe select * from {self.relation(query)}").fetchall()
        return {str(name): str(sql_type) for name, sql_type, *_ in rows}


def _quoted(value: str) -> str:
    """A value in a libpq connection string."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
