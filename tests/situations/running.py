"""Migrations made by tests, and applied and unapplied as Django's executor does it."""

import functools
import socket
import subprocess
import sys
import types
from contextlib import contextmanager

import psutil
from django.apps import apps as installed
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader

from reversible_migrations import ReversibleDataPatch, ReversibleMigration
from reversible_migrations.models import ConflictingRow, JournalTable, QuarantinedRow, Run, Step

APP = "shop"
NAME = "0100_tested"
_states = {}


def project_state():
    """Return the state of all models after the situations' schema migrations."""
    if "all" not in _states:
        graph = MigrationLoader(connection).graph
        first = [
            (app, "0001_initial") for app in ("shop", "elephants") if installed.is_installed(f"tests.situations.{app}")
        ]
        _states["all"] = graph.make_state(nodes=first)
    return _states["all"].clone()


def patch_of(function, name=NAME, base=ReversibleDataPatch, **options):
    """Return a data patch whose ``patch`` calls ``function(apps, patch)``, with class attributes ``options``."""

    def patch(self, apps, patch):
        function(apps, patch)

    return type("Migration", (base,), {"patch": patch, **options})(name, APP)


def migration_of(*operations, name=NAME, base=ReversibleMigration, **options):
    """Return a migration with these operations."""
    return type("Migration", (base,), {"operations": list(operations), **options})(name, APP)


@contextmanager
def ordinary_migration_of(*operations, name=NAME, **options):
    """Give a plain Django migration, loaded from a module of its app as Django's loader does."""
    made = type("Migration", (migrations.Migration,), {"operations": list(operations), **options})
    module = types.ModuleType(f"tests.situations.shop.migrations.{name}")
    module.Migration = made
    sys.modules[module.__name__] = module
    try:
        yield made(name, APP)
    finally:
        del sys.modules[module.__name__]


def forwards(migration):
    """Apply ``migration``; return the project's state after it."""
    with connection.schema_editor(atomic=migration.atomic) as editor:
        return migration.apply(project_state(), editor)


def backwards(migration):
    """Unapply ``migration``."""
    with connection.schema_editor(atomic=migration.atomic) as editor:
        migration.unapply(project_state(), editor)


class Killed(BaseException):
    """What a test raises in the middle: like a KeyboardInterrupt, no ``except Exception`` stops it."""


class Kill:
    """
    An execute wrapper that lets the process die before statement number ``at``: nothing runs from there on.

    Without ``at`` it counts the statements.
    """

    def __init__(self, at=None):
        self.at, self.seen = at, 0

    def __call__(self, execute, sql, params, many, context):
        self.seen += 1
        if self.at is not None and self.seen >= self.at:
            raise Killed
        return execute(sql, params, many, context)


def statements_of(call, *arguments):
    """Return how many statements ``call(*arguments)`` runs."""
    counter = Kill()
    with connection.execute_wrapper(counter):
        call(*arguments)
    return counter.seen


def killed_at(statement, call, *arguments):
    """
    Call, and die before the given statement; return whether that came about.

    As when a process dies: its transaction is rolled back, its session ends, and the ledger names an
    owner that is no more. (Real processes are killed in ``tests/crash``.)
    """
    try:
        with connection.execute_wrapper(Kill(at=statement)):
            call(*arguments)
    except Killed:
        connection.in_atomic_block, connection.needs_rollback = False, False
        connection.savepoint_ids, connection.atomic_blocks, connection.run_on_commit = [], [], []
        connection.close()
        Run.objects.filter(holds__isnull=False).update(owner=ended_process())
        return True
    return False


@functools.cache
def ended_process():
    """Return the description of a process that was one and has ended."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = psutil.Process(process.pid).create_time()
    process.communicate()
    return {"host": socket.gethostname(), "pid": process.pid, "process_started": started}


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, at a moment that the test chooses."""


def interrupting(function, at):
    """Return ``function``, raising ``Interrupted`` at its call number ``at``."""
    calls = iter(range(1, 1_000_000))

    def called(*arguments):
        if next(calls) == at:
            raise Interrupted
        return function(*arguments)

    return called


def steps(direction="forwards"):
    found = list(Step.objects.filter(run__direction=direction).order_by("pk"))
    for step in found:
        step.add_up(step.ranges.all())
    return found


def last_step(direction="forwards"):
    return steps(direction)[-1]


def conflicts():
    """Return ``[(table, key, reason, outcome), ...]`` of the rows that undo left or overwrote."""
    found = ConflictingRow.objects.order_by("target", "key")
    return [(row.target.strip('"').removeprefix("shop_"), row.key, row.reason, row.outcome) for row in found]


def quarantined():
    """Return ``[(key, type of error), ...]``."""
    return [(row.key, row.error_type) for row in QuarantinedRow.objects.order_by("pk")]


def journals():
    return list(JournalTable.objects.order_by("pk"))


def runs():
    return list(Run.objects.order_by("pk"))
