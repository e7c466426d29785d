"""
What is out of use: a column or a table, kept with all it holds until it comes back or is purged.

On PostgreSQL it is the thing itself under another name; elsewhere it is a copy. The ledger knows each by a
``JournalTable`` of kind RETIRED, whose ``table_name`` is that name.
"""

from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models.functions import Now

from ..databases.base import Database
from ..databases.retirement import Kept, Retiree
from ..exceptions import JournalMismatch, MissingJournal, ReversibleMigrationError, RowsDoNotSuit
from ..models import ConflictingRow, JournalTable, Step
from ..runs.run import ActiveRun
from ..states import JournalKind, JournalState, StepStatus
from .tables import how_it_went


def retired_name(step: Step, position: int) -> str:
    return f"rm_retired_{step.pk}_{position}"


def note(
    run: ActiveRun, step: Step, position: int, thing: Retiree, keys: Sequence[str], needed: Sequence[str], kept: Kept
) -> None:
    """Note in the ledger that ``thing`` is taken out of use; ``needed`` are its columns that may not be NULL."""
    references = [
        [reference.columns[0], reference.target, reference.target_columns[0]]
        for reference in run.db.references(thing.table)
        if reference.table == thing.table and len(reference.columns) == 1
        if reference.columns[0] == thing.column or (not thing.column and reference.target != thing.table)
    ]
    estimate = run.db.estimated_rows(thing.table)
    JournalTable.objects.using(run.alias).update_or_create(
        table_name=thing.name,
        defaults={
            "step": step, "position": position, "kind": JournalKind.RETIRED, "model": step.model,
            "target": thing.table, "keys": list(keys), "columns": {"order": [thing.column] * bool(thing.column)},
            "remembered": {"references": references, "needed": list(needed), **kept.as_json()}, "rows": estimate,
            "bytes": None if thing.column else run.db.table_bytes(thing.table),
        },
    )  # fmt: skip


def retirees(step: Step, alias: str) -> list[JournalTable]:
    """Return what ``step`` took out of use and no undo has brought back."""
    kept = JournalTable.objects.using(alias).filter(step=step, kind=JournalKind.RETIRED)
    return list(kept.exclude(state=JournalState.RESTORED))


def thing_of(journal: JournalTable) -> Retiree:
    return Retiree(journal.target, "".join(journal.columns["order"]), journal.table_name)


def kept_of(journal: JournalTable) -> Kept:
    return Kept(journal.remembered["objects"], journal.remembered["sequence"])


def title_of(journal: JournalTable) -> str:
    """Return the table that a journal is of, and of a retired column its name behind it, without quotes."""
    table = journal.target.strip('"')
    is_column = journal.kind == JournalKind.RETIRED and thing_of(journal).column
    return f"{table}.{thing_of(journal).column}" if is_column else table


def fault_of_retired(where: str, journal: JournalTable, db: Database) -> ReversibleMigrationError | None:
    """Return why what is out of use could not come back, or None if it can, or is on its way."""
    if journal.state == JournalState.RESTORED or is_moving(journal, db.alias):
        return None
    place = None if journal.state == JournalState.PURGED else db.retired_place(journal.table_name)
    if place is None:
        return _gone(where, journal)
    thing = thing_of(journal)
    in_use = db.has_table(thing.table) and (not thing.column or thing.column in db.read_columns(thing.table))
    if in_use:
        return JournalMismatch(
            where,
            f"{title_of(journal)} is there again, so the retired one cannot take its name.",
            todo="Undo the later migration that made it first, or rename it.",
        )
    return _unfit(where, journal, db, place)


def is_moving(journal: JournalTable, alias: str) -> bool:
    """Return whether it is only in part out of use, or back: its step, or the undo of it, was interrupted."""
    if journal.step.status != StepStatus.DONE:
        return True
    return Step.objects.using(alias).filter(restores=journal.step_id, statements_done__gt=0).exists()


def _gone(where: str, journal: JournalTable) -> MissingJournal:
    return MissingJournal(
        where,
        f"{title_of(journal)}, which was out of use as {journal.table_name}, was {how_it_went(journal)}.",
        todo="It cannot come back from here: restore it from a backup, or mark it as unapplied with --fake.",
    )


def _unfit(where: str, journal: JournalTable, db: Database, place: str) -> RowsDoNotSuit | None:
    """Return what rows lack that came, or lost what they point at, while it was out of use."""
    thing = thing_of(journal)
    is_there = db.has_table(thing.table)
    for column in journal.remembered["needed"] if thing.column and not is_copy(thing, place) else ():
        empty = f"{db.literal(db.quote(thing.name))} IS NULL"
        rows = db.value(f"SELECT count(*) FROM {db.literal(place)} WHERE {empty}")
        if rows:
            return RowsDoNotSuit(
                where,
                f"{rows:,} rows of {place} came while {column} was out of use, and have no value in it; it may not be"
                " NULL, and its field has no default.",
                todo=f"Give them one: UPDATE {place} SET {db.quote(thing.name)} = ... WHERE {empty}.",
                rows=rows,
            )
    for column, target, target_column in journal.remembered["references"]:
        if column in journal.remembered["needed"] and db.has_table(target) and (thing.column == "" or is_there):
            rows = db.value(f"SELECT count(*) FROM {_dangling(db, journal, place, column, target, target_column)}")
            if rows:
                return RowsDoNotSuit(
                    where,
                    f"{rows:,} rows point by {column} at rows of {target} that were deleted while it was out of use.",
                    todo=f"Delete these rows of {thing.table if thing.column else place}, or bring those back.",
                    rows=rows,
                )
    return None


def _dangling(db: Database, journal: JournalTable, place: str, column: str, target: str, target_column: str) -> str:
    """Return the rest of a query for the rows in ``place`` whose ``column`` points nowhere."""
    thing = thing_of(journal)
    here = db.column(db.literal(place), _column_in(thing, place, column))
    there = db.literal(db.quote(target_column))
    rest = (
        f"{db.literal(place)} WHERE {here} IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {db.literal(target)} AS rm_there WHERE rm_there.{there} = {here})"
    )
    if thing.column and is_copy(thing, place):  # of rows that may be gone by now
        keys = [db.literal(db.quote(key)) for key in journal.keys]
        same = " AND ".join(f"rm_row.{key} = {db.literal(place)}.{key}" for key in keys)
        rest += f" AND EXISTS (SELECT 1 FROM {db.literal(thing.table)} AS rm_row WHERE {same})"
    return rest


def is_copy(thing: Retiree, place: str) -> bool:
    """Return whether ``place`` is a table of its own, and not the one that has the renamed column."""
    return place.strip('"') == thing.name


def _column_in(thing: Retiree, place: str, column: str) -> str:
    return column if is_copy(thing, place) else thing.name


def count_dangling(db: Database, journal: JournalTable) -> int:
    """Return how many values ``empty_dangling`` would take away."""
    return sum(int(db.value(f"SELECT count(*) FROM {rest}") or 0) for _, rest in _to_be_emptied(db, journal))


def newcomers(db: Database, journal: JournalTable) -> list[str]:
    """Return what is to be said of rows that came while a column was out of use."""
    thing = thing_of(journal)
    place = db.retired_place(thing.name) if thing.column else None
    if place is None:
        return []
    came = f"rows of {thing.table} that came while {thing.column} was out of use"
    if not is_copy(thing, place):
        return [f"{came} keep what they got in it, its default or NULL; how many these are cannot be told"]
    keys = [db.literal(db.quote(key)) for key in journal.keys]
    same = " AND ".join(f"rm_copy.{key} = {db.literal(thing.table)}.{key}" for key in keys)
    rows = db.value(
        f"SELECT count(*) FROM {db.literal(thing.table)}"
        f" WHERE NOT EXISTS (SELECT 1 FROM {db.literal(place)} AS rm_copy WHERE {same})"
    )
    return [f"{rows:,} {came} get its default or NULL"] if rows else []


def _to_be_emptied(db: Database, journal: JournalTable) -> Iterator[tuple[str, str]]:
    """Yield each column that may point nowhere, with the rest of a query for the rows that would."""
    place = db.retired_place(journal.table_name)
    for column, target, target_column in journal.remembered["references"] if place is not None else ():
        if column not in journal.remembered["needed"] and db.has_table(target):  # else they would not come back at all
            yield column, _dangling(db, journal, str(place), column, target, target_column)


def empty_dangling(run: ActiveRun, step: Step, journal: JournalTable) -> None:
    """
    Let no row that comes back point at one that is gone, where it may point nowhere; list each as a conflict.

    They were deleted by an application that did not see the column.
    """
    db, thing = run.db, thing_of(journal)
    for column, dangling in _to_be_emptied(db, journal):
        place = str(db.retired_place(thing.name))
        keys = " || ', ' || ".join(f"CAST({db.literal(db.quote(key))} AS text)" for key in journal.keys)
        ledger = db.quote(ConflictingRow._meta.db_table)
        name = db.literal(db.quote(_column_in(thing, place, column)))
        with transaction.atomic(using=run.alias):
            run.fence()
            listed = db.execute(
                f"INSERT INTO {ledger} (step_id, target, key, reason, outcome)"
                f" SELECT {int(step.pk)}, %s, {keys or repr('')}, 'blocked', 'kept' FROM {dangling}",
                [thing.table],
            )
            if listed:
                db.execute(f"UPDATE {db.literal(place)} SET {name} = NULL WHERE {dangling.partition(' WHERE ')[2]}")
                run.steps().filter(pk=step.pk).update(rows_conflicting=step.rows_conflicting + listed)


def drop_copies(run: ActiveRun, forward: Step) -> None:
    for journal in retirees(forward, run.alias):
        run.db.drop_table(run.db.quote(journal.table_name))


def set_restored(run: ActiveRun, forward: Step) -> None:
    """Note that what ``forward`` retired is in use again."""
    kept = JournalTable.objects.using(run.alias).filter(step=forward, kind=JournalKind.RETIRED)
    kept.update(state=JournalState.RESTORED, closed_at=Now())
