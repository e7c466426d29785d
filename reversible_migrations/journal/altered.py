"""
What a change of a column loses: a text cut off, decimals rounded, NULLs filled.

The old values are copied before the change and compared with what the new ones would be turned back into; only those
that differ are kept. The change, its journal and the note that it is done are one transaction.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import DatabaseError, transaction

from ..databases.base import Database
from ..exceptions import UndoConflicts
from ..models import ConflictingRow, JournalTable, Step
from ..runs.run import ActiveRun
from ..states import JournalKind, JournalState
from .slice_undo import ABORT, OVERWRITE
from .tables import index_keys, journal_name
from .views import JournalView

UNTOUCHED = "rm_untouched"  # keys of the rows that nobody changed since


@contextmanager
def keeping(run: ActiveRun, step: Step, target: str, keys: Sequence[str], old: str, new: str) -> Iterator[None]:
    """
    Keep what the column ``old`` of the quoted table ``target`` loses inside, where it becomes ``new``.

    The caller's transaction is open.
    """
    db, table = run.db, run.db.quote(journal_name(step, 0))
    was = db.quote(f"{journal_name(step, 0)}_was")
    images = db.images("key", keys)
    named = ", ".join(f"{db.column(target, key)} AS {image}" for key, image in zip(keys, images, strict=True))
    type_ = db.read_columns(target)[old].type
    db.execute(f"CREATE TABLE {was} AS SELECT {named}, {db.column(target, old)} AS was FROM {target}")
    yield
    db.forget_columns()
    joined = " AND ".join(f"{db.column(target, key)} = {was}.{i}" for key, i in zip(keys, images, strict=True))
    now = db.column(target, new)
    before, after = db.images("before", [new])[0], db.images("after", [new])[0]
    kept = (
        f"CREATE TABLE {table} AS SELECT 1 AS batch, {', '.join(f'{was}.{image}' for image in images)},"
        f" {was}.was AS {before}, {now} AS {after} FROM {was} JOIN {target} ON {joined} WHERE "
    )
    try:
        with transaction.atomic(using=run.alias):
            db.execute(f"{kept} NOT {db.same([f'{was}.was'], [db.turned_back(now, type_)])}")
    except DatabaseError as error:  # some value cannot be turned back: all of them are kept
        if db.is_lost_connection(error):
            raise
        db.execute(f"{kept} 1 = 1")
    db.drop_table(was)
    rows = int(db.value(f"SELECT count(*) FROM {table}") or 0)
    if not rows:
        db.drop_table(table)
        return
    types = {name: column.type for name, column in db.columns(target).items() if name in {*keys, new}}
    JournalTable.objects.using(run.alias).create(
        step=step, position=0, table_name=journal_name(step, 0), kind=JournalKind.UPDATE, model=step.model,
        target=target, keys=list(keys), columns={"order": [new], "types": types}, rows=rows,
        bytes=db.table_bytes(table), remembered={"column": old},
    )  # fmt: skip


@contextmanager
def giving_back(run: ActiveRun, step: Step, journal: JournalTable) -> Iterator[None]:
    """
    Give the rows back, behind the change inside, what they had lost; rows changed since are conflicts.

    Raise ``UndoConflicts`` before the change where ``on_conflict`` is "abort". The caller's transaction is open.
    """
    db, policy = run.db, str(run.option("ON_CONFLICT"))
    view = JournalView(db, journal)
    index_keys(db, view.table, journal)
    conflicts = _note_untouched(run, step, view, policy)
    if conflicts and policy == ABORT:
        raise UndoConflicts(
            f"{run}, {step}",
            f"{conflicts:,} rows were changed since, and on_conflict is 'abort'.",
            standing="Nothing of this step was undone.",
            todo="Undo with --on-conflict keep (these rows stay as they are) or overwrite.",
            conflicts=conflicts,
        )
    yield
    db.forget_columns()
    column = db.literal(db.quote(journal.remembered["column"]))
    images = db.images("key", journal.keys)
    own = [db.literal(db.quote(key)) for key in journal.keys]
    chosen = view.table if policy == OVERWRITE else UNTOUCHED
    listed = ", ".join(images)
    restored = db.execute(
        f"UPDATE {view.target} SET {column} = {view.before[0]} FROM {view.table}"
        f" WHERE {view.joined} AND ({', '.join(f'{view.target}.{key}' for key in own)}) IN"
        f" (SELECT {listed} FROM {chosen})"
    )
    db.drop_table(UNTOUCHED)
    counts = {"rows_done": restored, "rows_conflicting": conflicts}
    run.steps().filter(pk=step.pk).update(**counts)
    JournalTable.objects.using(run.alias).filter(pk=journal.pk).update(state=JournalState.RESTORED)


def _note_untouched(run: ActiveRun, step: Step, view: JournalView, policy: str) -> int:
    """Write down which rows still have what the change made of them, and list the others; return how many these are."""
    db, ledger = run.db, run.db.quote(ConflictingRow._meta.db_table)
    joined = f"{view.table} JOIN {view.target} ON {view.joined}"
    same = db.same(view.columns, view.after)
    db.execute(f"CREATE TEMPORARY TABLE {UNTOUCHED} AS SELECT {', '.join(view.key_images)} FROM {joined} WHERE {same}")
    outcome = "overwritten" if policy == OVERWRITE else "kept"
    return db.execute(
        f"INSERT INTO {ledger} (step_id, target, key, reason, outcome) SELECT {int(step.pk)}, %s, {view.key_text()},"
        f" CASE WHEN {view.keys[0]} IS NULL THEN 'gone' ELSE 'changed' END,"
        f" CASE WHEN {view.keys[0]} IS NULL THEN 'kept' ELSE '{outcome}' END"
        f" FROM {view.table} LEFT JOIN {view.target} ON {view.joined}"
        f" WHERE {_is_changed(view)}",
        [view.target],
    )


def count_changed(db: Database, journal: JournalTable) -> int:
    """Return how many of the rows that lost something are gone, or were changed since."""
    view = JournalView(db, journal)
    found = db.value(
        f"SELECT count(*) FROM {view.table} LEFT JOIN {view.target} ON {view.joined} WHERE {_is_changed(view)}"
    )
    return int(found or 0)


def _is_changed(view: JournalView) -> str:
    return f"({view.keys[0]} IS NULL OR NOT {view.db.same(view.columns, view.after)})"


def journal_of_change(db: Database, step: Step | None) -> JournalTable | None:
    """Return what a change of a column has kept, if there is anything."""
    kept = JournalTable.objects.using(db.alias).filter(step=step, state=JournalState.KEPT)
    return None if step is None else kept.first()
