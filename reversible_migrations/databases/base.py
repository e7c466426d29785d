"""
What the engine asks of a database. SQL that is the same everywhere is written here, the rest by
the vendors' own classes.

Names: *target* is a table of the project, *journal* a table of images. In a journal the columns
are ``batch``, ``key_<column>``, ``before_<column>`` and ``after_<column>``.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation

from .retirement import Kept, Retiree
from .schema_change import SchemaPlan, SchemaStatement

Key = list[Any]  # one raw value per key column, as JSON keeps it
Sql = tuple[str, tuple[Any, ...]]  # text with %s, and its parameters

BEFORE = "rm_before"  # the rows of a batch as they were
NEW = "rm_new"  # values computed in Python, by key


@dataclass(frozen=True)
class Column:
    """A column as the database's catalogue has it."""

    name: str
    type: str
    generated: bool = False


@dataclass(frozen=True)
class Reference:
    """A foreign key: ``columns`` of ``table`` point at ``target_columns`` of ``target``. Tables are quoted."""

    table: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True)
class Assignment:
    """``column = sql`` in the SET of a batch."""

    column: str
    sql: str
    params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class TableChange:
    """What one batch assigns in one table, and the journal that keeps its images."""

    target: str  # quoted
    keys: tuple[str, ...]
    assignments: tuple[Assignment, ...]
    journal: str  # quoted
    within: Sql = ("", ())  # the bounds of the batch over ``target``, so that no join looks beyond them


@dataclass(frozen=True)
class Lag:
    """How far a standby or a logical slot is behind. ``is_hidden``: this role may not see it."""

    name: str
    seconds: float | None
    bytes: float | None
    is_hidden: bool = False


class Database(ABC):
    """One connection, and the ways of its vendor."""

    longest_name = 63

    def __init__(self, connection: BaseDatabaseWrapper):
        self.connection = connection
        self.alias = connection.alias
        self._columns: dict[str, dict[str, Column]] = {}

    # Names and values

    def quote(self, name: str) -> str:
        return self.connection.ops.quote_name(name)

    def unquoted(self, table: str) -> str:
        return table[1:-1] if table.startswith('"') else table

    def literal(self, sql: str) -> str:
        """Return ``sql`` with its percent signs doubled, for use beside parameters."""
        return sql.replace("%", "%%")

    def image(self, prefix: str, column: str, position: int) -> str:
        """Return the quoted journal column of ``column``: ``before_price``, or ``before_7`` if that is too long."""
        name = f"{prefix}_{column}"
        fits = len(name.encode()) <= self.longest_name and "%" not in name
        return self.quote(name if fits else f"{prefix}_{position}")

    def images(self, prefix: str, columns: Iterable[str]) -> list[str]:
        return [self.image(prefix, column, position) for position, column in enumerate(columns)]

    def column(self, target: str, name: str) -> str:
        return f"{target}.{self.literal(self.quote(name))}"

    @abstractmethod
    def key_value(self, sql: str) -> str:
        """Return SQL that gives a key column in a form that JSON and ``key_parameter`` bring back exactly."""

    @abstractmethod
    def key_parameter(self, column: Column) -> str:
        """Return the placeholder that turns a value of ``key_value`` back into the column's type."""

    def key_to_json(self, values: Sequence[Any]) -> Key:
        return list(values)

    def key_of_values(self, values: Sequence[Any]) -> Key:
        """Return the key of values as they are given to the database, in the form of ``key_value``."""
        return self.key_to_json(values)

    def key_params(self, key: Key) -> tuple[Any, ...]:
        return tuple(key)

    @abstractmethod
    def same(self, left: Sequence[str], right: Sequence[str]) -> str:
        """Return SQL that is true where both lists of values are equal bit for bit, NULLs included."""

    def turned_back(self, sql: str, type_: str) -> str:
        """Return what undoing a change of type makes of ``sql``, which was of ``type_`` before."""
        return f"CAST({sql} AS {type_})"

    # Catalogue

    def columns(self, table: str) -> dict[str, Column]:
        """Return the columns of the quoted ``table`` in their order; empty if there is no such table."""
        if table not in self._columns:
            self._columns[table] = self.read_columns(table)
        return self._columns[table]

    def stored_columns(self, table: str) -> list[str]:
        """Return the names of the columns that can be written."""
        return [column.name for column in self.columns(table).values() if not column.generated]

    @abstractmethod
    def skip_keys(self, table: str, column: str, greatest: int) -> None:
        """Let what gives a column of the quoted ``table`` its keys give none up to ``greatest``."""

    def forget_columns(self) -> None:
        self._columns.clear()

    @abstractmethod
    def read_columns(self, table: str) -> dict[str, Column]: ...

    def has_table(self, table: str) -> bool:
        return bool(self.read_columns(table))

    def has_rows(self, table: str) -> bool:
        return self.row(f"SELECT 1 FROM {table} LIMIT 1") is not None

    @abstractmethod
    def estimated_rows(self, table: str) -> int:
        """Return about how many rows the quoted ``table`` has, without counting a large one."""

    def planned_rows(self, sql: str, params: Sequence[Any]) -> int | None:
        """Return how many rows the planner expects of a SELECT, or None where it does not say."""
        return None

    @abstractmethod
    def average_widths(self, table: str, columns: Sequence[str]) -> dict[str, float]:
        """Return about how many bytes the values of ``columns`` take; those of which nothing is known are left out."""

    has_parallel_writers = False  # whether two connections may write at the same time

    def known_quantiles(self, table: str, keys: Sequence[str], parts: int) -> list[Key]:
        """Return keys that cut the quoted ``table`` into about ``parts`` equal parts, by its statistics; or none."""
        return []

    def sampled_quantiles(self, table: str, keys: Sequence[str], parts: int) -> list[Key]:
        """Return the same by a sample of its rows."""
        return []

    @abstractmethod
    def table_bytes(self, table: str) -> int | None: ...

    @abstractmethod
    def unique_columns(self, table: str) -> set[str]:
        """Return the columns of the quoted ``table`` that are part of a unique constraint or index."""

    @abstractmethod
    def free_value(self, target: str, column: Column) -> str | None:
        """
        Return SQL for a value that no row of ``target`` has in ``column``, different for each ``rm_parked.n``.

        None for a type of which none can be made.
        """

    @abstractmethod
    def is_unique_violation(self, error: BaseException) -> bool: ...

    @abstractmethod
    def references(self, table: str) -> list[Reference]:
        """Return the foreign keys from and to the quoted ``table``, as the database enforces them."""

    # Running statements

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run a statement and return the number of rows it touched."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(params))
            return int(cursor.rowcount)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, tuple(params))
            return list(cursor.fetchall())

    def row(self, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        found = self.rows(sql, params)
        return found[0] if found else None

    def value(self, sql: str, params: Sequence[Any] = ()) -> Any:
        found = self.row(sql, params)
        return found[0] if found else None

    # Who is there

    @abstractmethod
    def session(self) -> dict[str, Any]:
        """Return what identifies this session to others, as JSON."""

    @abstractmethod
    def sessions_gone(self, sessions: Sequence[Mapping[str, Any]]) -> list[bool]:
        """Return of each session whether it is provably gone, in one query. False if that cannot be known."""

    @abstractmethod
    def end_stalled_session(self, session: Mapping[str, Any], idle_seconds: float) -> bool:
        """End a session that has held a transaction open for ``idle_seconds`` without a statement."""

    @abstractmethod
    def is_passing(self, error: BaseException) -> bool:
        """Return whether a deadlock, a serialization failure or a lock timeout: the same batch may work next time."""

    @abstractmethod
    def is_lost_connection(self, error: BaseException) -> bool: ...

    @abstractmethod
    def is_out_of_place(self, error: BaseException) -> str | None:
        """Return why nothing at all can be written (no right, read-only, disk full), or None."""

    def describe(self, error: BaseException) -> str:
        """Return the kind of ``error`` and the constraint's name, never the values in its message."""
        return type(error).__name__

    @contextmanager
    def checking_references(self) -> Iterator[None]:
        """Check foreign keys at each commit inside, whatever a schema editor has switched off."""
        yield

    # Its load, as the gauges ask for it

    has_sessions = False  # whether other sessions, and standbys, can be asked about

    @property
    def is_local(self) -> bool:
        """Return whether the server, if there is one, runs on this host."""
        return True

    @property
    def is_private_to_connection(self) -> bool:
        """Return whether only this connection sees the data, or others see them with locks of their own kind."""
        return False

    def own_session(self) -> int | None:
        """Return the number by which ``load_figures`` knows this connection's session, without asking for it."""
        return None

    def load_figures(self, tables: Sequence[str], own: Collection[int]) -> dict[str, Any]:
        """Return figures by name, of others than the sessions ``own``; ``tables`` are those that a run changes."""
        return {}

    def replica_lags(self) -> list[Lag]:
        return []

    @contextmanager
    def brief(self) -> Iterator[None]:
        """Let no statement inside take more than 2 seconds, where the database can see to that."""
        yield

    def long_transactions(self, tables: Sequence[str], seconds: float) -> list[tuple[str, str]]:
        """Return each of the quoted ``tables`` that others have used in a transaction open for so long, and who."""
        return []

    def data_directory(self) -> str | None:
        """Return the folder in which the data grows, if it can be known and is on this host."""
        return None

    # Backups

    backup_suffix = ""

    @abstractmethod
    def size_bytes(self) -> int: ...

    @abstractmethod
    def back_up(self, path: Path) -> None:
        """Write a consistent copy of the whole database to ``path``; raise ``OSError`` with the reason if it cannot."""

    # Journals

    @abstractmethod
    def journal_exists(self, journal: str) -> bool: ...

    def create_image_table(self, journal: str, selection: str) -> None:
        """Create ``journal`` with the columns and types of the SELECT ``selection``, empty."""
        self.execute(f"CREATE TABLE {journal} AS {selection} LIMIT 0")

    def number_rows(self, journal: str) -> str:
        """Make sure that rows of the new ``journal`` are numbered as they come; return the number's column."""
        return "rowid"

    def drop_table(self, table: str) -> None:
        self.execute(f"DROP TABLE IF EXISTS {table}")

    def index_batches(self, journal: str) -> None:
        """Make the slices of ``journal`` by batch cheap to find; harmless when repeated."""
        name = self.quote(f"{journal.strip(chr(34))}_batch")
        self.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {journal} (batch)")

    def analyze(self, table: str) -> None:
        self.execute(f"ANALYZE {table}")

    # The batch

    locks = True  # whether the batch in hand has to lock the rows it reads
    lock_clause = ""  # appended to a SELECT to lock its rows

    def begin_batch(self, may_share_snapshot: bool) -> None:
        """
        Begin the transaction of a batch, before its first statement.

        Where all its statements may see one and the same snapshot, and a row that others changed
        meanwhile fails the batch, nothing has to be locked beforehand.
        """
        return

    def may_keep_first(self, target: str) -> bool:
        """
        Return whether images kept by a statement of their own, before a plain UPDATE of the same rows, are right.

        They are where nobody changes a row in between unnoticed, and nothing in the database alters what is assigned.
        """
        return True

    def change_kept(self, journal: str, images: Sql, update: Sql) -> int:
        """Keep ``images`` in ``journal``, then change the same rows: one join less than ``change_rows``."""
        kept = self.execute(f"INSERT INTO {journal} {images[0]}", images[1])
        changed = self.execute(*update)
        if changed != kept:
            raise AssertionError(f"{journal} would keep {kept} images of {changed} changed rows")
        return changed

    @abstractmethod
    def change_rows(self, source: Sql, changes: Sequence[TableChange], batch: int) -> int:
        """
        Change the rows that ``source`` selects, and keep their before- and after-images; return how many.

        ``source`` gives the key columns (``k0``...), then the columns to be changed of every table in
        turn (``b0``...), then, in the same order, values that assignments call ``rm_before.n0``... or, where
        ``source_has_after`` is set, the after-images.
        """

    def assign_after(self, change: TableChange, condition: str, params: Sequence[Any] = ()) -> int:
        """Give rows the after-images that their journal holds, those that ``condition`` picks; return how many."""
        keys = self.images("key", change.keys)
        after = self.images("after", [a.column for a in change.assignments])
        assigned = ", ".join(
            f"{self.literal(self.quote(a.column))} = {change.journal}.{image}"
            for a, image in zip(change.assignments, after, strict=True)
        )
        joined = " AND ".join(
            f"{self.column(change.target, key)} = {change.journal}.{image}"
            for key, image in zip(change.keys, keys, strict=True)
        )
        return self.execute(
            f"UPDATE {change.target} SET {assigned} FROM {change.journal} WHERE {condition} AND {joined}", params
        )

    source_has_after = False  # whether ``change_rows`` wants the new values computed by its source

    @abstractmethod
    def new_values(self, keys: Sequence[Column], columns: Sequence[Column], rows: Sequence[Sequence[Any]]) -> Sql:
        """Return a SELECT of ``rows`` (key values, then column values) with the types of the columns."""

    def source_columns(self, changes: Sequence[TableChange], with_new: bool) -> str:
        names = [f"k{i}" for i in range(len(changes[0].keys))]
        width = sum(len(change.assignments) for change in changes)
        names += [f"b{i}" for i in range(width)]
        if with_new:
            names += [f"n{i}" for i in range(width)]
        return ", ".join(names)

    # Undo

    @abstractmethod
    def delete_joined(
        self, target: str, keys: Sequence[str], journal: str, condition: str, params: Sequence[Any]
    ) -> int:
        """Delete the rows of ``target`` that meet ``condition``, which joins them to ``journal``."""

    bounds_joins = False  # whether the planner needs the bounds of a slice beside its join
    overriding = ""  # between the columns and the SELECT of an INSERT that gives identity columns too

    # Schema changes

    def can_plan(self, operation: Operation) -> bool:
        """Return whether ``operation``, which is of this database alone, changes tables by ``plan_schema_change``."""
        return False

    def plan_schema_change(
        self, operation: Operation, app_label: str, before: Any, after: Any, is_undo: bool
    ) -> SchemaPlan | None:
        """Return what an operation does, as statements for tables in use; None: it is done the way Django does it."""
        return None

    def change_schema(self, statement: SchemaStatement, timeout_seconds: float) -> None:
        """Run a statement inside the open transaction; wait for its lock no longer than ``timeout_seconds``."""
        raise NotImplementedError

    def build_or_drop_index(self, statement: SchemaStatement) -> None:
        """Build or drop an index outside of any transaction, unless that is done; what a kill has left is dropped."""
        raise NotImplementedError

    def drop_invalid_index(self, statement: SchemaStatement) -> None:
        raise NotImplementedError

    has_lock_timeouts = False

    @contextmanager
    def hurried(self, seconds: float | None) -> Iterator[None]:
        """Let no statement inside wait for a lock longer than ``seconds``, where there are such timeouts."""
        yield

    @contextmanager
    def briefly_waiting(self, seconds: float) -> Iterator[None]:
        """Let no statement inside wait for another session longer than ``seconds``; outside any transaction."""
        with self.hurried(seconds):
            yield

    @contextmanager
    def unhurried(self) -> Iterator[None]:
        """Let statements inside take and wait as long as they need, whatever timeouts the session has."""
        yield

    def is_lock_timeout(self, error: BaseException) -> bool:
        return False

    def is_bad_data(self, error: BaseException) -> bool:
        """Return whether rows break a constraint."""
        return isinstance(error, IntegrityError)

    # Columns and tables out of use

    def plan_retirement(self, thing: Retiree) -> SchemaPlan | None:
        """Return how ``thing`` is renamed out of use, each statement with its way back; None: a copy of it is kept."""
        return None

    def collides_on_null(self, table: str, column: str) -> bool:
        """Return whether two rows without a value in ``column`` of the quoted ``table`` break a unique index."""
        return False

    def keep_copy(self, thing: Retiree, keys: Sequence[str]) -> Kept:
        """Copy ``thing`` to the table of its name, a column with the ``keys`` of its rows; return what goes with it."""
        raise NotImplementedError

    def copy_column_back(self, thing: Retiree, keys: Sequence[str]) -> int:
        """Give the rows that are still there the values of the copy; return how many."""
        raise NotImplementedError

    def copy_table_back(self, thing: Retiree) -> int:
        """Fill the table, made anew, from its copy; return how many rows it had."""
        raise NotImplementedError

    def bring_objects_back(self, thing: Retiree, kept: Kept) -> None:
        """Make the indexes and triggers that are missing, and let keys go on where they had got to."""
        raise NotImplementedError

    def default_of_new_rows(self, field: Any) -> str:
        """Return the SQL of a default that differs each time, where the database knows that of ``field``; "" if not."""
        return ""

    def shown_retirement(self, thing: Retiree, keys: Sequence[str]) -> list[str]:
        """Return in words and SQL how ``thing`` goes out of use, without a look at the database."""
        raise NotImplementedError

    def shown_return(self, thing: Retiree) -> list[str]:
        """Return in words and SQL how ``thing`` comes back, without a look at the database."""
        raise NotImplementedError

    def retired_place(self, name: str) -> str | None:
        """Return the quoted table that is called ``name``, or that has such a column; None if there is neither."""
        return self.quote(name) if self.has_table(self.quote(name)) else None

    def drop_retired(self, name: str) -> None:
        """Drop for good what is called ``name``; harmless when repeated."""
        self.drop_table(self.quote(name))

    # Recording triggers

    @contextmanager
    def short_lock_waits(self, seconds: float) -> Iterator[None]:
        """Wait at most ``seconds`` for each lock inside: whoever comes after us in the queue waits as long."""
        yield

    def blockers(self, target: str) -> str:
        """Return in words which sessions hold locks on ``target``, and for how long, or nothing."""
        return ""

    @abstractmethod
    def install_recorder(
        self, target: str, journal: str, keys: Sequence[str], columns: Sequence[str], mark: str
    ) -> None:
        """Record every change of ``target`` made under ``mark`` into ``journal``, in a transaction of its own."""

    @abstractmethod
    def remove_recorder(self, target: str, journal: str) -> None: ...

    @abstractmethod
    def recording(self, mark: str) -> Any:
        """Return a context manager: triggers installed for ``mark`` fire inside, for this transaction alone."""

    @abstractmethod
    def watch_writes(self, tables: Sequence[str]) -> Any:
        """Return a context manager giving a set that is filled, at its end, with those of ``tables`` written inside."""
