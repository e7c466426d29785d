"""
Out of use instead of dropped: what ``RetireField`` and ``RetireModel`` share.

Where the database can, the thing is renamed and nothing is written; elsewhere a copy is kept, and Django drops it.
"""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.db.models import NOT_PROVIDED, Model

from ..batches.runner import is_finished
from ..batches.selection import AnyField, primary_key_fields
from ..databases import database
from ..databases.base import Database
from ..databases.retirement import Kept, Retiree
from ..databases.schema_change import SchemaPlan, SchemaStatement
from ..exceptions import CannotRetire, RowsDoNotSuit
from ..journal import retired
from ..models import Step
from ..runs.run import ActiveRun, signature
from ..states import StepKind
from .base import ReversibleOperation
from .committed import CommittedWith
from .schema_changes import carry_out

ByDjango = Callable[[str, Any, Any, Any], None]  # database_forwards or database_backwards of Django's own operation

SHOWN_NAME = "rm_retired_<step>_{}"  # before there is a step


@dataclass(frozen=True)
class Removed:
    """A column that an operation removes, with the ``model`` that has it; without ``field`` the table of ``model``."""

    model: type[Model]
    field: AnyField | None = None

    def thing(self, name: str, schema_editor: Any) -> Retiree:
        """Return it as what is called ``name`` while it is out of use."""
        table = schema_editor.quote_name(self.model._meta.db_table)
        if self.field is None:
            return Retiree(table, "", name)
        default = schema_editor.effective_default(self.field)
        has_value = self.field.null or self.field.has_db_default() or getattr(self.field, "generated", False)
        by_database = database(schema_editor.connection.alias).default_of_new_rows(self.field)
        return Retiree(
            table, str(self.field.column), name, default, not has_value, self.field.unique, by_database
        )  # fmt: skip

    @property
    def keys(self) -> list[str]:
        return [str(field.column) for field in primary_key_fields(self.model)]

    @property
    def needed(self) -> list[str]:
        """The columns that may not be NULL, of those that are removed."""
        fields = self.model._meta.local_concrete_fields if self.field is None else [self.field]
        return [str(field.column) for field in fields if not field.null]


class Noted:
    """What one step takes out of use, how, and its notes in the ledger."""

    def __init__(self, run: ActiveRun, step: Step, removed: Sequence[Removed], schema_editor: Any):
        self.run, self.step, self.removed = run, step, removed
        names = [retired.retired_name(step, position) for position in range(len(removed))]
        self.things = [each.thing(name, schema_editor) for each, name in zip(removed, names, strict=True)]

    def planned(self) -> SchemaPlan | None:
        """Return how they are renamed out of use; None where copies are kept."""
        plans = [self.run.db.plan_retirement(thing) for thing in self.things]
        if None in plans:
            return None
        # A foreign key between two of them is in the plan of either, and is dropped once.
        once: dict[str, SchemaStatement] = {}
        for plan in plans:
            for statement in plan.statements if plan else ():
                once.setdefault(statement.sql, statement)
        return SchemaPlan(tuple(once.values()))

    def without_copies(self) -> None:
        for position in range(len(self.things)):
            self._note(position, Kept({}))

    def with_copies(self) -> None:
        for position, thing in enumerate(self.things):
            if not getattr(self.removed[position].field, "generated", False):
                self._note(position, self.run.db.keep_copy(thing, self.removed[position].keys))

    def _note(self, position: int, kept: Kept) -> None:
        each = self.removed[position]
        retired.note(self.run, self.step, position, self.things[position], each.keys, each.needed, kept)


class Retiring(ReversibleOperation):
    """An operation that removes columns or tables, and keeps what they hold."""

    reduces_to_sql = True

    def title(self, app_label: str) -> str:
        """Return what is retired: ``shop.Order``, or ``shop.Order.total``."""
        raise NotImplementedError

    def removed(self, app_label: str, alias: str, state: Any) -> list[Removed]:
        """Return what goes out of use, as ``state`` has it; nothing where the database has nothing to do."""
        raise NotImplementedError

    def refuse(self, app_label: str, alias: str, state: Any) -> None:
        """Raise ``CannotRetire`` if new rows could not do without what is removed."""
        for each in self.removed(app_label, alias, state):
            if each.field is not None and each.field.primary_key:
                raise self._refused(app_label, "the primary key, which new rows need")
            table = database(alias).quote(each.model._meta.db_table)
            if each.field is not None and database(alias).collides_on_null(table, str(each.field.column)):
                raise self._refused(
                    app_label, "unique with NULLS NOT DISTINCT: new rows, without a value, would collide"
                )

    def _refused(self, app_label: str, why: str) -> CannotRetire:
        return CannotRetire(
            self.title(app_label),
            f"cannot be taken out of use: it is {why}.",
            todo="Take its constraint away in an operation before, or let the field be.",
        )

    def retire(self, app_label: str, schema_editor: Any, before: Any, after: Any, by_django: ByDjango) -> None:
        """Do it, or what is left of it. ``before`` is the state with what is removed, ``after`` the one without."""
        alias = schema_editor.connection.alias
        removed = self.removed(app_label, alias, before)
        if not removed:
            by_django(app_label, schema_editor, before, after)
            return
        if schema_editor.collect_sql:
            self._show(removed, schema_editor, is_undo=False)
            return
        self.refuse(app_label, alias, before)
        with self._engaged(app_label, alias) as run:
            if run is None:
                return
            step = run.step(StepKind.RETIRE, self.title(app_label), self._signature(app_label))
            if is_finished(step):
                return
            noted = Noted(run, step, removed, schema_editor)
            if not carry_out(run, step, noted.planned, noted.without_copies):
                with CommittedWith(run, step, self, schema_editor):
                    noted.with_copies()
                    by_django(app_label, schema_editor, before, after)

    def bring_back(self, app_label: str, schema_editor: Any, after: Any, before: Any, by_django: ByDjango) -> None:
        """Undo it, or what is left to undo. The states are those of ``retire``."""
        alias = schema_editor.connection.alias
        removed = self.removed(app_label, alias, before)
        if not removed:
            by_django(app_label, schema_editor, after, before)
            return
        if schema_editor.collect_sql:
            self._show(removed, schema_editor, is_undo=True)
            return
        with self._engaged_backwards(app_label, alias) as run:
            forward = None if run is None else self._forward(run, app_label)
            if run is None or forward is None or not (is_finished(forward) or forward.statements):
                return  # an interrupted run had not come to it
            step = run.step(StepKind.RESTORE, forward.model, f"of {forward.pk}", restores=forward)
            if is_finished(step):
                return
            for journal in retired.retirees(forward, alias):
                fault = retired.fault_of_retired(f"{run}, {step}", journal, run.db)
                if fault is not None:
                    raise fault
                retired.empty_dangling(run, step, journal)
            if forward.statements is not None:
                way_back = way_back_of(forward)
                carry_out(run, step, lambda: way_back, finished=lambda: retired.set_restored(run, forward))
                return
            with CommittedWith(run, step, self, schema_editor) as committed:
                self._copy_back(run, step, forward, removed, schema_editor, committed, lambda: by_django(
                    app_label, schema_editor, after, before
                ))  # fmt: skip
                retired.drop_copies(run, forward)
                retired.set_restored(run, forward)

    def _show(self, removed: Sequence[Removed], schema_editor: Any, is_undo: bool) -> None:
        """
        Tell ``sqlmigrate`` what will be done. It is told in comments only: done by hand it could not be undone,
        because the ledger would not know of it.
        """
        db = database(schema_editor.connection.alias)
        for position, each in enumerate(removed):
            thing = each.thing(SHOWN_NAME.format(position), schema_editor)
            lines = db.shown_return(thing) if is_undo else db.shown_retirement(thing, each.keys)
            schema_editor.collected_sql += [f"-- {line}" for line in lines]
        if not is_undo:
            schema_editor.collected_sql.append("-- It is kept until `manage.py purge_rollback_data` drops it.")

    def _copy_back(
        self, run: ActiveRun, step: Step, forward: Step, removed: Sequence[Removed], schema_editor: Any,
        committed: CommittedWith, by_django: Callable[[], None],
    ) -> None:  # fmt: skip
        journals = retired.retirees(forward, run.alias)
        field = removed[0].field
        strict = field if journals and field is not None and (not field.null or field.unique) else None
        if strict is None:
            by_django()
        else:
            schema_editor.add_field(removed[0].model, nullable(strict))
        for journal in journals:
            thing = retired.thing_of(journal)
            run.db.copy_column_back(thing, journal.keys) if thing.column else run.db.copy_table_back(thing)
        if strict is not None:
            if not strict.null:
                refuse_empty(run, step, retired.thing_of(journals[0]))
            schema_editor.alter_field(removed[0].model, nullable(strict), strict)
        committed.run_deferred()
        for journal in journals:
            run.db.bring_objects_back(retired.thing_of(journal), retired.kept_of(journal))

    def _forward(self, run: ActiveRun, app_label: str) -> Step | None:
        steps = Step.objects.using(run.alias).filter(run=run.record.undoes, operation=run.operation)
        return steps.filter(kind=StepKind.RETIRE, signature=self._signature(app_label)).first()

    def _signature(self, app_label: str) -> str:
        return signature("retire", self.title(app_label))


def way_back_of(forward: Step) -> SchemaPlan:
    """Return what takes back the statements of ``forward`` that were done, the last one first."""
    done = [SchemaStatement.of_json(facts) for facts in (forward.statements or [])[: forward.statements_done]]
    return SchemaPlan(tuple(statement for each in reversed(done) for statement in each.back))


def nullable(field: AnyField) -> AnyField:
    """Return ``field`` as a column that asks nothing of the rows, until they have their values back."""
    found: Any = copy(field)
    found.null, found._unique = True, False
    if field.unique:
        found.default = NOT_PROVIDED
    return found  # type: ignore[no-any-return]


def refuse_empty(run: ActiveRun, step: Step, thing: Retiree) -> None:
    """Raise ``RowsDoNotSuit`` for rows that came meanwhile and have no value; all of it is rolled back then."""
    db: Database = run.db
    empty = db.value(f"SELECT count(*) FROM {thing.table} WHERE {db.column(thing.table, thing.column)} IS NULL")
    if empty:
        raise RowsDoNotSuit(
            f"{run}, {step}",
            f"{empty:,} rows of {thing.table} came while {thing.column} was out of use, and have no value in it; it may"
            " not be NULL, and its field has no default.",
            standing="Nothing of this step was undone.",
            todo=f"Add a row with the key and the value of each to {thing.name}, or delete them.",
            rows=empty,
        )
