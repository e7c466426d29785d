"""
Journal tables: one per step and table of the project, with the table's own column types.

    batch | key_id | before_price | after_price          an update
    batch | place | key_id | after_id | after_name ...   created rows, with their place in the call
    batch | key_id | before_id | before_name | ...       deleted rows
    batch | op | key_id | before_... | after_... | seq   recorded code

The types are taken over by the database itself, so values never change on their way.
"""

from collections.abc import Sequence

from django.db import DatabaseError, transaction
from django.db.models import Sum
from django.db.models.functions import Now

from ..databases.base import Database
from ..exceptions import CannotJournal
from ..models import JournalTable, Step
from ..runs.run import ActiveRun
from ..states import JournalKind, JournalState

HOLDS_BEFORE = {JournalKind.UPDATE, JournalKind.DELETE, JournalKind.RECORD}
HOLDS_AFTER = {JournalKind.UPDATE, JournalKind.CREATE, JournalKind.RECORD}


def journal_name(step: Step, position: int) -> str:
    return f"rm_journal_{step.pk}_{position}"


def journal_of(
    run: ActiveRun,
    step: Step,
    model: str,
    target: str,
    kind: JournalKind,
    keys: Sequence[str],
    columns: Sequence[str],
    indexed: bool = False,
) -> JournalTable:
    """
    Return the journal of ``target`` (quoted) for ``step``; create its table where there is none yet.

    ``indexed`` makes its batches quick to find while the step runs; undo makes sure of that by itself.

    Raise ``CannotJournal`` if the database does not let us; nothing is changed then.
    """
    known = _known(run, step, target, kind, columns)
    if known is not None:
        return known
    try:
        return _create(run, step, model, target, kind, keys, columns, indexed)
    except DatabaseError as error:
        if run.db.is_lost_connection(error) or run.db.is_passing(error):
            raise
        why = run.db.is_out_of_place(error) or run.db.describe(error)
        raise CannotJournal(
            f"{run}, {step}",
            f"a table for the rollback data of {target} cannot be created: {why}.",
            standing="Nothing of this step was changed.",
            todo="Let the role create tables (PostgreSQL: GRANT CREATE ON SCHEMA), or free space; run it again.",
        ) from None


def _known(run: ActiveRun, step: Step, target: str, kind: JournalKind, columns: Sequence[str]) -> JournalTable | None:
    journals = JournalTable.objects.using(run.alias).filter(step=step, target=target, kind=kind)
    return next((journal for journal in journals if columns_of(journal) == list(columns)), None)


def _create(
    run: ActiveRun,
    step: Step,
    model: str,
    target: str,
    kind: JournalKind,
    keys: Sequence[str],
    columns: Sequence[str],
    indexed: bool = False,
) -> JournalTable:
    db = run.db
    with transaction.atomic(using=run.alias):
        run.fence()  # under which nobody else creates one
        known = _known(run, step, target, kind, columns)
        if known is not None:  # another worker was quicker
            return known
        position = JournalTable.objects.using(run.alias).filter(step=step).count()
        name = journal_name(step, position)
        db.drop_table(db.quote(name))
        db.create_image_table(db.quote(name), layout(db, target, kind, keys, columns))
        if kind == JournalKind.RECORD:
            db.number_rows(db.quote(name))
        if indexed:
            db.index_batches(db.quote(name))
        types = {name: column.type for name, column in db.columns(target).items() if name in set(columns) | set(keys)}
        return JournalTable.objects.using(run.alias).create(
            step=step, position=position, table_name=name, kind=kind, model=model, target=target,
            keys=list(keys), columns={"order": list(columns), "types": types},
        )  # fmt: skip


def layout(db: Database, target: str, kind: JournalKind, keys: Sequence[str], columns: Sequence[str]) -> str:
    """Return the SELECT whose columns are those of the journal."""
    named = ["CAST(0 AS integer) AS batch"]
    if kind == JournalKind.RECORD:
        named.append("CAST('' AS varchar(1)) AS op")
    if kind == JournalKind.CREATE:
        named.append("CAST(0 AS integer) AS place")
    named += _named(db, "key", target, keys)
    if kind in HOLDS_BEFORE:
        named += _named(db, "before", target, columns)
    if kind in HOLDS_AFTER:
        named += _named(db, "after", target, columns)
    return f"SELECT {', '.join(named)} FROM {target}"


def _named(db: Database, prefix: str, target: str, columns: Sequence[str]) -> list[str]:
    images = db.images(prefix, columns)
    return [f"{target}.{db.quote(c)} AS {image}" for c, image in zip(columns, images, strict=True)]


def columns_of(journal: JournalTable) -> list[str]:
    names: list[str] = journal.columns["order"]
    return names


def index_keys(db: Database, table: str, journal: JournalTable) -> None:
    """Make single rows of the quoted ``table`` of images cheap to find; harmless when repeated."""
    name = db.quote(f"{table.strip(chr(34))}_key")
    db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} ({', '.join(db.images('key', journal.keys))})")


def index_slices(db: Database, table: str, journal: JournalTable) -> None:
    """Make parts of a batch of the quoted ``table`` cheap to find; harmless when repeated."""
    name = db.quote(f"{table.strip(chr(34))}_slice")
    db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {table} (batch, {', '.join(db.images('key', journal.keys))})")


def close_journals(run: ActiveRun, step: Step) -> None:
    """Note rows and bytes of a step's journals where that is not done yet; drop those that stayed empty."""
    for journal in left_open(run, step):
        table = run.db.quote(journal.table_name)
        rows = run.db.value(f"SELECT count(*) FROM {table}") or 0
        with transaction.atomic(using=run.alias):
            run.fence()
            if not rows:
                run.db.drop_table(table)
                journal.delete(using=run.alias)
            else:
                journal.rows, journal.bytes = rows, run.db.table_bytes(table)
                journal.save(using=run.alias, update_fields=["rows", "bytes"])


def left_open(run: ActiveRun, step: Step) -> list[JournalTable]:
    images = JournalTable.objects.using(run.alias).exclude(kind=JournalKind.RETIRED)
    return list(images.filter(step=step, rows=0))


def set_state(run: ActiveRun, step: Step, state: str) -> None:
    JournalTable.objects.using(run.alias).filter(step=step).exclude(state=state).update(state=state, closed_at=Now())


def how_it_went(journal: JournalTable) -> str:
    """Return in words why what the ledger knows is not there."""
    purged = journal.state == JournalState.PURGED and journal.closed_at is not None
    return f"purged on {journal.closed_at:%Y-%m-%d %H:%M}" if purged else "dropped by someone else"


def total_rows(step: Step, alias: str) -> int:
    return int(JournalTable.objects.using(alias).filter(step=step).aggregate(rows=Sum("rows"))["rows"] or 0)
