"""
Make the checks, each thing in a reading of its own, and gather what they say.

Other processes may be at work on other migrations meanwhile, so that two readings show two moments: a column that was
there is out of use. What is found wrong while the ledger moved is therefore read again before it is called a fault.
"""

import time
from collections.abc import Callable, Collection
from contextlib import nullcontext
from typing import Any

from django.db import DatabaseError
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Count, Max, Sum

from ..databases import database
from ..models import Run, Step
from ..overview import require_tables
from ..phases.plan import MigrationKey
from ..runs.run import writable
from .check import Check
from .checks import CHECKS
from .finding import Finding, Sampled, unchecked
from .report import CheckResult, Report
from .scope import Scope, of_apps

READINGS = 5  # at the most; somebody who is at work all the time is not waited for


def verify(
    alias: str,
    apps: Collection[str] | None = None,
    migrations: Collection[MigrationKey] | None = None,
    *,
    rows: bool = False,
    conflicts: bool = False,
    cheap_only: bool = False,
) -> Report:
    """
    Return what the checks find on the database ``alias``, for all of it or for some ``apps`` or ``migrations``.

    ``rows`` also reads large tables, ``conflicts`` counts the rows that undo would find changed in large
    journals too; ``cheap_only`` makes the checks that a deployment can make after every phase.

    Nothing is changed: on PostgreSQL every check is a read-only transaction that is rolled back, on
    SQLite the connection is read-only meanwhile. A statement takes 10 s at most, with ``rows`` or
    ``conflicts`` 120 s; what takes longer, or may not be read, is in the report as unchecked. Raise
    ``LedgerMissing`` where this app's tables are not in the database, ``StepFailed`` when the connection is lost.
    """
    only = None if migrations is None else frozenset(migrations)

    def read() -> Report:
        scope = Scope(alias, of_apps(apps), only, rows, conflicts, cheap_only)
        return Report(alias, [result_of(check, scope) for check in CHECKS if check.is_wanted(scope)])

    db = database(alias)
    require_tables(db)
    with writable(db, f"The verification of {alias!r}", "Nothing was changed."):
        return read_at_rest(read, lambda: moment(alias))


def read_at_rest(read: Callable[[], Report], now: Callable[[], Any]) -> Report:
    """Return the first report that is fine, or during which ``now`` stayed the same; after some, the last one."""
    for _ in range(READINGS):
        before, report = now(), read()
        if report.is_fine or now() == before:
            break
    return report


def moment(alias: str) -> Any:
    """Return what is another thing as soon as a run, a step of one, or a migration is begun or finished."""
    steps = Step.objects.using(alias).values("status").annotate(Count("pk"), Sum("statements_done")).order_by("status")
    runs = Run.objects.using(alias).values("status").annotate(Count("pk"), Max("pk")).order_by("status")
    recorded = MigrationRecorder.Migration.objects.using(alias).aggregate(Count("pk"), Max("pk"))
    return list(steps), list(runs), recorded


def result_of(check: Check[Any], scope: Scope) -> CheckResult:
    began = time.monotonic()
    things, said = _things(check, scope)
    for thing in things:
        said += _examined(check, thing, scope)
    return CheckResult(
        check.name, check.title, check.things, len(things), time.monotonic() - began,
        tuple(each for each in said if isinstance(each, Finding)),
        tuple(each.text for each in said if isinstance(each, Sampled)),
    )  # fmt: skip


def _things(check: Check[Any], scope: Scope) -> tuple[list[Any], list[Finding | Sampled]]:
    try:
        with scope.reading():
            return list(check.find(scope)), []
    except DatabaseError as error:
        return [], [_unchecked(check.title, error, scope)]


def _examined(check: Check[Any], thing: Any, scope: Scope) -> list[Finding | Sampled]:
    said: list[Finding | Sampled] = []
    try:
        with nullcontext() if check.reads_by_itself else scope.reading():
            said.extend(check.examine(thing, scope))
    except DatabaseError as error:
        said.append(_unchecked(check.where(thing), error, scope))
    return said


def _unchecked(where: str, error: DatabaseError, scope: Scope) -> Finding:
    """Return what is said of a thing that could not be read; raise a lost connection: nothing more can be."""
    if scope.db.is_lost_connection(error):
        raise error
    if scope.catalogue.is_broken_off(error):
        return unchecked(where, "it takes too long, or is locked", "Try again when the database is less busy.")
    why = scope.db.is_out_of_place(error) or scope.db.describe(error)
    return unchecked(where, why, "Let the role read it, or verify with the role that migrates.")
