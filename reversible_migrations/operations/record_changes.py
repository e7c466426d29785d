"""Record what any ORM or SQL code does to named models, so that it can be undone."""

import dis
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from traceback import walk_tb
from types import FrameType, TracebackType
from typing import Any, cast

from django.db import DatabaseError, transaction
from django.db.migrations.operations import RunPython, RunSQL
from django.db.models import Model

from .. import signals
from ..batches.runner import is_finished
from ..batches.selection import KeyColumns
from ..exceptions import CannotJournal, ReversibleMigrationError, StepFailed
from ..journal.recording import recorded, triggers
from ..journal.tables import close_journals, journal_of
from ..models import JournalTable, Step
from ..runs.run import ActiveRun, signature
from ..states import JournalKind, StepKind
from .base import ReversibleOperation, may_migrate, model_of
from .create_rows import with_parents


class Recording:
    """
    ``with patch.record(Medicine, Batch):`` records every change of these models' rows inside.

    The body runs in one transaction. When its step is finished already, after a crash, the body is
    passed over: a trace function raises at its first instruction, and ``__exit__`` swallows that.
    Should a debugger stand in the way of the trace, the body runs, is rolled back, and an error says so.
    """

    def __init__(self, run: ActiveRun, models: Sequence[type[Model]], apps: Any, digest: str = ""):
        self.run, self.apps = run, apps
        self.models = [m for model in models for m in with_parents(model._meta.concrete_model or model)]
        labels = ", ".join(sorted({model._meta.label for model in models}))
        self.step = run.step(StepKind.RECORD, labels[:255], signature("record", labels, digest))
        self.stack = ExitStack()
        self.tracing: tuple[FrameType, Any] | None = None

    @property
    def is_finished(self) -> bool:
        return is_finished(self.step)

    def __enter__(self) -> "Recording":
        if self.is_finished:
            self.stack.enter_context(transaction.atomic(using=self.run.alias))
            self._pass_over(sys._getframe(1))
            return self
        try:
            self._begin()
        except BaseException:
            self.stack.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self.tracing is not None:
            return self._passed_over(error)
        try:
            swallowed = bool(self.stack.__exit__(kind, error, traceback))
        except ReversibleMigrationError:
            raise
        except DatabaseError as failure:
            raise self._stop(failure) from None
        self.step.refresh_from_db(using=self.run.alias)
        if error is None:
            close_journals(self.run, self.step)
            signals.tell(signals.step_finished, run=self.run.record, step=self.step, using=self.run.alias)
        elif isinstance(error, DatabaseError):
            raise self._stop(error) from None  # the database's own words may hold values of rows
        return swallowed

    def _begin(self) -> None:
        run, self.began = self.run, time.monotonic()
        signals.tell(signals.step_started, run=run.record, step=self.step, using=run.alias)
        journals = [
            journal_of(
                run, self.step, keys.model._meta.label, keys.table, JournalKind.RECORD, keys.names,
                run.db.stored_columns(keys.table),
            )
            for keys in (KeyColumns(model, run.db) for model in self.models if may_migrate(run.alias, model))
        ]  # fmt: skip
        self.journals = journals
        self.stack.enter_context(triggers(run, self.step, journals))
        self.stack.enter_context(transaction.atomic(using=run.alias))
        run.fence()
        self.stack.enter_context(recorded(run, self.step, journals, self._tables()))
        self.stack.push(self._finish)

    def _finish(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        """Note, in the body's own transaction, that it came to its end."""
        if error is None:
            taken = {"rows_done": self._rows(), "seconds": time.monotonic() - self.began}
            self.run.finish_step(self.step, batches=1, **taken)

    def _tables(self) -> list[str]:
        """Return the tables, unquoted, whose rows belong to the project: all but ours."""
        tables = {model._meta.db_table for model in self.apps.get_models(include_auto_created=True)}
        ours = {model._meta.db_table for model in (JournalTable, Step)}
        return sorted(
            table.strip('"').split('"."')[-1]
            for table in tables - ours
            if not table.startswith("reversible_migrations_")
        )

    def _rows(self) -> int:
        counted = [
            self.run.db.value(f"SELECT count(*) FROM {self.run.db.quote(journal.table_name)}") or 0
            for journal in self.journals
        ]
        return sum(counted)

    def _stop(self, error: DatabaseError) -> ReversibleMigrationError:
        why = self.run.db.is_out_of_place(error)
        place = place_of(error)
        failed = f"failed{place}" if place else "could not be committed"
        return (CannotJournal if why else StepFailed)(
            f"{self.run}, {self.step}",
            f"the recorded code {failed}: {why or self.run.db.describe(error)}.",
            standing="All of this step was rolled back; the steps before it stay.",
            todo="Mend the cause and run `migrate` again.",
        )

    def _pass_over(self, frame: FrameType) -> None:
        def stop(frame: FrameType, event: str, argument: Any) -> Any:
            if dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("STORE_"):
                return stop  # `as recording`: the code after the body may ask for it
            raise PassedOver

        self.tracing = (frame, sys.gettrace())
        sys.settrace(sys.gettrace() or (lambda *_: None))
        frame.f_trace = stop
        frame.f_trace_opcodes = True

    def _passed_over(self, error: BaseException | None) -> bool:
        frame, before = self.tracing or (None, None)
        sys.settrace(before)
        if frame is not None:
            frame.f_trace, frame.f_trace_opcodes = None, False
        transaction.set_rollback(True, using=self.run.alias)
        self.stack.__exit__(None, None, None)
        if isinstance(error, PassedOver):
            return True
        raise StepFailed(
            f"{self.run}, {self.step}",
            "the recorded code was finished before, but could not be passed over (a debugger is attached?).",
            standing="What it did just now was rolled back.",
            todo="Run `migrate` without the debugger, or use ops.RecordedPython.",
        ) from None


NOT_THE_AUTHORS = ("django", "psycopg", "psycopg_binary", "psycopg2", "sqlite3", "reversible_migrations", "contextlib")


def place_of(error: BaseException) -> str:
    """Return where the author's code was when ``error`` rose: `` at shop.migrations.0005_tidy, line 12``."""
    lines = [
        f" at {frame.f_globals.get('__name__', '?')}, line {number}"
        for frame, number in walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__", "")).partition(".")[0] not in NOT_THE_AUTHORS
    ]
    return lines[-1] if lines else ""


class PassedOver(BaseException):
    """Ends the body of a ``with patch.record(...)`` whose step is finished."""


class RecordedPython(ReversibleOperation):
    """
    Run a function, as ``RunPython`` does, and undo what it did from a record: no reverse is written.

        ops.RecordedPython(fill_names, models=["shop.Product"])

    The function gets ``(apps, schema_editor)`` and runs in one transaction. ``models`` are those whose
    rows it changes; a change of any other is refused and rolled back.
    """

    def __init__(self, function: Callable[[Any, Any], Any], models: Sequence[str], hints: dict[str, Any] | None = None):
        self.function, self.models, self.hints = function, list(models), hints or {}

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        options: dict[str, Any] = {"models": self.models}
        if self.hints:
            options["hints"] = self.hints
        return type(self).__name__, [self.function], options

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        models = [model_of(model, apps, app_label) for model in self.models]
        recording = Recording(run, models, apps)
        if not recording.is_finished:
            with recording:
                RunPython(self.function).code(apps, schema_editor)

    def describe(self) -> str:
        name = getattr(self.function, "__name__", "a function")
        return f"Run {name} and record {', '.join(map(str, self.models))} (undone from the record)"


class RecordedSQL(ReversibleOperation):
    """
    Run SQL that changes rows, and undo what it did from a record: no reverse is written.

        ops.RecordedSQL("UPDATE shop_product SET name = trim(name)", models=["shop.Product"])
    """

    def __init__(self, sql: Any, models: Sequence[str]):
        self.sql, self.models = sql, list(models)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.sql], {"models": self.models}

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        models = [model_of(model, apps, app_label) for model in self.models]
        recording = Recording(run, models, apps, signature(self.sql))
        if not recording.is_finished:
            with recording:
                cast(Any, RunSQL(self.sql))._run_sql(schema_editor, self.sql)

    def describe(self) -> str:
        return f"Run SQL and record {', '.join(map(str, self.models))} (undone from the record)"
