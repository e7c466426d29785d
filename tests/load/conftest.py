"""Databases outside any transaction, under more than one alias, and other sessions on them."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.situations.fixtures import shop, transactional_db

__all__ = ["shop", "transactional_db"]


class Session:
    """Somebody else's session on the test database."""

    def __init__(self, **settings: Any):
        given = {**connection.settings_dict, **settings}
        self.connection = psycopg.connect(
            host=given["HOST"] or None,
            port=given["PORT"] or None,
            user=given["USER"] or None,
            password=given["PASSWORD"] or None,
            dbname=given["NAME"],
            autocommit=True,
        )
        self.pid = self.connection.info.backend_pid

    def execute(self, statement: str) -> Any:
        return self.connection.execute(statement)

    def begin(self, statement: str) -> None:
        """Send a statement without waiting for its end."""
        self.connection.pgconn.send_query(statement.encode())

    def end(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [self.pid])
        self.connection.close()


@pytest.fixture
def other(shop: None) -> Iterator[Callable[..., Session]]:
    """A function that opens another session; all are ended after the test."""
    opened: list[Session] = []

    def open_session(**settings: Any) -> Session:
        opened.append(Session(**settings))
        return opened[-1]

    yield open_session
    for session in opened:
        session.end()


@pytest.fixture
def alias(shop: None) -> Iterator[Callable[..., str]]:
    """A function that makes another alias, of the test database with other settings; all are gone after the test."""
    made: list[str] = []

    def make(name: str, **settings: Any) -> str:
        connections.settings[name] = {**connection.settings_dict, **settings}
        made.append(name)
        return name

    yield make
    for name in made:
        BaseDatabaseWrapper.close(connections[name])  # SQLite's own would keep one in memory
        del connections[name]
        del connections.settings[name]


@pytest.fixture
def role(shop: None) -> Iterator[str]:
    """A role without rights to see what others do; roles belong to the server, so it is named after the database."""
    name = f"poor_{connection.settings_dict['NAME']}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {name}")
        cursor.execute(f"CREATE ROLE {name}")
        yield name
        cursor.execute("RESET ROLE")
        cursor.execute(f"DROP ROLE {name}")
