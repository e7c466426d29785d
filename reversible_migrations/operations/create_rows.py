"""Create rows, and delete them again on undo unless they were changed since."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import AutoField, Model

from ..batches.runner import Outcome, is_finished
from ..batches.selection import KeyColumns
from ..batches.workers import work_through
from ..databases.base import NEW, Column
from ..exceptions import RefusedQuery
from ..journal.tables import close_journals, journal_of
from ..models import JournalTable, KeyRange, Step
from ..runs.run import ActiveRun, signature
from ..states import JournalKind, StepKind
from .base import ReversibleOperation, may_migrate, model_of

PORTION = 10_000  # rows of one INSERT, where no batch size is set


def create_rows(run: ActiveRun, model: type[Model], rows: Iterable[Any]) -> list[Any]:
    """
    Create ``rows`` (dicts or unsaved instances) and return their primary keys, in the order of ``rows``.

    All of them are created in one transaction: ``rows`` often comes from a query that would find
    fewer rows once some were created. A row that the database refuses stops the step; none is created then.
    """
    model = model._meta.concrete_model or model
    where = f"{run}, creation of {model._meta.label}"
    given = rows if isinstance(rows, Sequence) else list(rows)
    if run.first_rows is not None:
        given = given[: run.first_rows]
    _refuse_unknown_fields(model, given, where)
    if not may_migrate(run.alias, model):
        return []
    step = run.step(StepKind.CREATE, model._meta.label, signature("create", model._meta.label))
    tables = [KeyColumns(part, run.db) for part in with_parents(model)]
    if not is_finished(step) and given:
        journals = [
            journal_of(
                run, step, keys.model._meta.label, keys.table, JournalKind.CREATE, keys.names,
                run.db.stored_columns(keys.table),
            )
            for keys in tables
        ]  # fmt: skip
        if not run.ranges(step).exists():
            run.begin_step(step, rows_total=len(given))
        work_through(
            run, step, lambda run: CreateBatches(run, step, model, given, tables, journals), [tables[-1].table]
        )
        close_journals(run, step)
    elif not is_finished(step):
        run.finish_step(step)
    return created_keys(run, step, tables[-1])


def with_parents(model: type[Model]) -> list[type[Model]]:
    """Return the models whose tables hold a row of ``model``, parents first."""
    chain = [parent._meta.concrete_model or parent for parent in model._meta.all_parents]
    return [*sorted(set(chain), key=lambda parent: len(parent._meta.all_parents)), model]


def created_keys(run: ActiveRun, step: Step, keys: KeyColumns) -> list[Any]:
    """Return the keys of the rows that a finished step created, as recorded."""
    journal = JournalTable.objects.using(run.alias).filter(step=step, target=keys.table).first()
    if journal is None:
        return []
    images = run.db.images("key", keys.names)
    place = run.db.quote("place")
    found = run.db.rows(f"SELECT {', '.join(images)} FROM {run.db.quote(journal.table_name)} ORDER BY batch, {place}")
    values = [[f.to_python(v) for f, v in zip(keys.fields, row, strict=True)] for row in found]
    return [value[0] if len(value) == 1 else tuple(value) for value in values]


def _refuse_unknown_fields(model: type[Model], rows: Sequence[Any], where: str) -> None:
    known: set[str] = set()
    for row in rows:
        for name in row if isinstance(row, dict) else ():
            if name in known:
                continue
            try:
                model._meta.get_field(name)
            except FieldDoesNotExist:
                if name != "pk":
                    raise RefusedQuery(
                        where,
                        f"a row has a value for {name!r}, which is no field of {model._meta.label}.",
                        todo=f"Its fields are {', '.join(f.name for f in model._meta.concrete_fields)}.",
                    ) from None
            known.add(name)
        if not isinstance(row, dict | Model):
            raise RefusedQuery(where, f"a row is a {type(row).__name__}.", todo="Give dicts or unsaved instances.")


class CreateBatches:
    """
    One transaction that creates all rows; undo takes them in portions of ``batch_size``.

    Rows that may point at each other are one portion: they can only be removed together.
    """

    splits_on: tuple[type[Exception], ...] = ()
    may_share_snapshot = False

    def __init__(
        self,
        run: ActiveRun,
        step: Step,
        model: type[Model],
        rows: Sequence[Any],
        tables: Sequence[KeyColumns],
        journals: Sequence[JournalTable],
    ):
        self.run, self.step, self.model, self.rows = run, step, model, rows
        self.tables, self.journals = tables, journals
        self.db = run.db

    def next(self, place: KeyRange, rows: int) -> Sequence[Any] | None:
        return self.rows if place.checkpoint is None else None

    def checkpoint(self, slice: Sequence[Any]) -> int:
        return len(slice)

    def halves(self, slice: Sequence[Any]) -> None:
        return None

    def again(self, key: Any) -> Sequence[Any]:
        raise NotImplementedError("a creation sets no row aside")

    def mend(self, error: Exception) -> bool:
        return False

    def set_aside(self, slice: Sequence[Any], place: KeyRange, error: Exception) -> Outcome:
        raise error

    def change(self, slice: Sequence[Any], place: KeyRange, batch: int) -> Outcome:
        size = int(self.run.option("BATCH_SIZE") or PORTION)
        together = self._may_point_at_each_other()
        for portion, begin_at in enumerate(range(0, len(slice), size), start=1):
            made = [self._instance(row) for row in islice(slice, begin_at, begin_at + size)]
            given = [self._greatest_key(made, keys) for keys in self.tables]
            self._insert(made)
            for keys, greatest in zip(self.tables, given, strict=True):
                if greatest is not None:
                    self.db.skip_keys(keys.table, keys.names[0], greatest)
            for keys, journal in zip(self.tables, self.journals, strict=True):
                self._keep(made, keys, journal, 1 if together else portion, begin_at)
        return Outcome(done=len(slice), seen=len(slice))

    def _greatest_key(self, made: Sequence[Any], keys: KeyColumns) -> int | None:
        """Return the greatest key that the rows bring along, where it is the database that gives keys otherwise."""
        field = keys.fields[0]
        if not isinstance(field, AutoField):  # small and big ones too
            return None
        return max((int(key) for row in made if (key := getattr(row, field.attname)) is not None), default=None)

    def _may_point_at_each_other(self) -> bool:
        keys_of = {keys.table: set(keys.names) for keys in self.tables}
        return any(
            reference.table in keys_of and set(reference.columns) != keys_of[reference.table]
            for table in keys_of
            for reference in self.db.references(table)
            if reference.target == table  # by its key a row of a child table points at its own parent alone
        )

    def _insert(self, made: list[Any]) -> None:
        if len(self.tables) > 1:  # bulk_create refuses inherited rows
            for row in made:
                row.save(using=self.run.alias, force_insert=True)
        else:
            self.model._base_manager.using(self.run.alias).bulk_create(made)

    def _instance(self, row: Any) -> Any:
        return self.model(**row) if isinstance(row, dict) else row

    def _keep(self, made: Sequence[Any], keys: KeyColumns, journal: JournalTable, batch: int, first_place: int) -> None:
        """Store the keys and the after-images of the rows just made, as the database has them."""
        connection = self.db.connection
        values = [
            [*(f.get_db_prep_save(getattr(row, f.attname), connection) for f in keys.fields), place]
            for place, row in enumerate(made, start=first_place)
        ]
        sql, params = self.db.new_values(keys.columns, [Column("place", "integer")], values)
        names = [f"k{i}" for i in range(len(keys.names))]
        joined = " AND ".join(
            f"{self.db.column(keys.table, name)} = {NEW}.{key}" for name, key in zip(keys.names, names, strict=True)
        )
        columns = [self.db.column(keys.table, name) for name in self.db.stored_columns(keys.table)]
        own = [self.db.column(keys.table, name) for name in keys.names]
        self.db.execute(
            f"WITH {NEW} ({', '.join(names)}, place) AS ({sql}) INSERT INTO {self.db.quote(journal.table_name)}"
            f" SELECT {int(batch)}, {NEW}.place, {', '.join(own + columns)} FROM {NEW} JOIN {keys.table} ON {joined}",
            params,
        )


class CreateRows(ReversibleOperation):
    """
    Create rows of a model, and undo it from the record.

        ops.CreateRows("Category", [{"name": "Vaccines"}])
    """

    def __init__(self, model: str, rows: Sequence[dict[str, Any]]):
        self.model, self.rows = model, list(rows)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__name__, [self.model, self.rows], {}

    def forwards(self, run: ActiveRun, apps: Any, schema_editor: Any, app_label: str) -> None:
        create_rows(run, model_of(self.model, apps, app_label), self.rows)

    def describe(self) -> str:
        return f"Create {len(self.rows)} {self.model} rows (recorded, undone from the record)"
