"""Changes of a column that lose something of its values."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import connections
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import AlterField

from ..batches.selection import primary_key_fields
from ..journal.altered import giving_back, journal_of_change, keeping
from ..models import Step
from ..runs.run import ActiveRun


def keeping_what_is_lost(
    run: ActiveRun, step: Step, operation: Operation, app_label: str, before: Any, after: Any
) -> AbstractContextManager[None]:
    """Return a context that keeps what ``operation`` loses inside; or that gives it back, where the run is an undo."""
    if run.is_undo:
        journal = journal_of_change(run.db, step.restores)
        return nullcontext() if journal is None else giving_back(run, step, journal)
    if not may_lose(run.alias, operation, app_label, before, after):
        return nullcontext()
    assert isinstance(operation, AlterField)
    old, new = (state.apps.get_model(app_label, operation.model_name) for state in (before, after))
    columns = [str(model._meta.get_field(operation.name).column) for model in (old, new)]
    keys = [str(field.column) for field in primary_key_fields(old)]
    return keeping(run, step, run.db.quote(old._meta.db_table), keys, columns[0], columns[1])


def is_kept(run: ActiveRun, step: Step, operation: Operation, app_label: str, before: Any, after: Any) -> bool:
    """Return whether ``operation`` has to be done in one transaction with what it loses, or gives back."""
    if run.is_undo:
        return journal_of_change(run.db, step.restores) is not None
    return may_lose(run.alias, operation, app_label, before, after)


def may_lose(alias: str, operation: Operation, app_label: str, before: Any, after: Any) -> bool:
    """Return whether values of a column may be others after ``operation``: another type, or NULLs that are filled."""
    if not isinstance(operation, AlterField):
        return False
    model = before.apps.get_model(app_label, operation.model_name)
    old = model._meta.get_field(operation.name)
    new = after.apps.get_model(app_label, operation.model_name)._meta.get_field(operation.name)
    if not operation.allow_migrate_model(alias, model) or old.many_to_many or new.many_to_many or old.primary_key:
        return False
    if getattr(old, "generated", False) or not (old.column and new.column):
        return False
    return _is_other_type(alias, old, new) or (old.null and not new.null)


def _is_other_type(alias: str, old: Any, new: Any) -> bool:
    types = [field.db_parameters(connection=connections[alias])["type"] for field in (old, new)]
    is_longer = old.get_internal_type() == new.get_internal_type() == "CharField" and (
        new.max_length is None or (old.max_length is not None and old.max_length <= new.max_length)
    )
    return types[0] != types[1] and not is_longer
