"""An ordinary operation and the note that it is done, in one transaction."""

from typing import Any

from django.db import transaction
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import RunPython, RunSQL

from ..models import Step
from ..runs.run import ActiveRun


class CommittedWith:
    """Do an ordinary operation, its deferred SQL, and the note that its step is finished in one transaction."""

    def __init__(self, run: ActiveRun, step: Step, operation: Operation, schema_editor: Any):
        self.run, self.step, self.schema_editor = run, step, schema_editor
        self.transaction = None if refuses_transaction(operation) else transaction.atomic(using=run.alias)

    def __enter__(self) -> "CommittedWith":
        if self.transaction is not None:
            self.transaction.__enter__()
        self.run.fence()
        return self

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> None:
        try:
            if error is None:
                self.run_deferred()
                self.run.finish_step(self.step)
                self.run.db.forget_columns()
        except BaseException as failure:
            if self.transaction is not None:
                self.transaction.__exit__(type(failure), failure, failure.__traceback__)
            raise
        if self.transaction is not None:
            self.transaction.__exit__(kind, error, traceback)

    def run_deferred(self) -> None:
        """Run what the schema editor keeps for its end: a crash between two operations would lose it."""
        statements, self.schema_editor.deferred_sql = list(self.schema_editor.deferred_sql), []
        for statement in statements:
            self.schema_editor.execute(statement)


def refuses_transaction(operation: Operation) -> bool:
    """Return whether ``operation`` has to run outside a transaction (``CREATE INDEX CONCURRENTLY`` and the like)."""
    if isinstance(operation, RunPython):
        return operation.atomic is False
    if isinstance(operation, RunSQL):
        return "CONCURRENTLY" in str(operation.sql).upper()
    return is_concurrent(operation)


def is_concurrent(operation: Operation) -> bool:
    """Return whether it is one of Django's own that build or drop an index beside others."""
    return hasattr(operation, "_ensure_not_in_transaction")
