"""
Plain ``migrate`` backwards looks at its whole plan before it undoes the first migration.

Django itself asks each migration whether it can be undone when its turn comes, with those before
it undone already.
"""

from typing import Any

from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models.signals import pre_migrate

from ..conf import setting
from ..databases import database, is_served
from ..exceptions import LeaseHeld, ReversibleMigrationError, RollbackRefused
from ..runs.run import has_ledger
from .begun import begun_migrations
from .readiness import faults_of_plan


def connect(app_config: Any) -> None:
    pre_migrate.connect(watch_backwards_plan, sender=app_config, dispatch_uid="reversible_migrations.guard")


def watch_backwards_plan(using: str, plan: Any = (), **options: Any) -> None:
    """
    Let the first migration of a backwards plan check all of it before it is undone.

    It is done there and not here, because ``--fake`` undoes nothing and is not told to receivers.
    """
    backwards = [migration for migration, is_backwards in plan or () if is_backwards]
    if not backwards or not is_served(using):
        return
    first = backwards[0]
    unapply = first.unapply

    def unapply_if_all_can_be(state: Any, schema_editor: Any, collect_sql: bool = False) -> Any:
        if not collect_sql:
            check_backwards_plan(using, backwards)
        return unapply(state, schema_editor, collect_sql)

    first.unapply = unapply_if_all_can_be  # of this one object, which the executor drops at its end


def check_backwards_plan(using: str, migrations: list[Migration]) -> None:
    """Raise what stands in the way of undoing ``migrations``: one fault as itself, several as ``RollbackRefused``."""
    db = database(using)
    if not has_ledger(db):
        return
    faults: list[ReversibleMigrationError] = [*_begun_behind(using, migrations), *faults_of_plan(migrations, db)]
    if setting("LEASE_WAIT_SECONDS"):  # a run in other hands is waited for when its turn comes
        faults = [fault for fault in faults if not isinstance(fault, LeaseHeld)]
    if len(faults) == 1:
        raise faults[0]
    if faults:
        reasons = "\n".join(f"- {fault}" for fault in faults)
        raise RollbackRefused("This plan", f"cannot be undone, for {len(faults)} reasons.", todo=f"\n{reasons}")


def _begun_behind(using: str, migrations: list[Migration]) -> list[RollbackRefused]:
    loader = MigrationLoader(connections[using])
    undone = {(migration.app_label, migration.name) for migration in migrations}
    return [
        RollbackRefused(
            run.migration,
            f"was begun and is not finished (run {run.pk}), and it depends on what is to be undone.",
            todo=f"Undo it first: `manage.py safe_rollback {run.app} --run {run.pk}`.",
        )
        for key, run in begun_migrations(loader, using).items()
        if undone & set(loader.graph.forwards_plan(key))
    ]
