"""
Recording what any code does to a few tables, by triggers bound to one transaction.

The triggers note every row change; undo works on the *net* change of each row, from its first
before-image to its last after-image, so a row written a thousand times is restored once.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial

from django.db import DatabaseError, transaction

from ..databases.base import Database
from ..exceptions import CannotJournal, UnrecordedChange
from ..models import JournalTable, Step
from ..runs.run import ActiveRun
from ..states import JournalKind
from .tables import close_journals, columns_of, left_open
from .views import JournalView

logger = logging.getLogger("reversible_migrations")


@contextmanager
def recorded(run: ActiveRun, step: Step, journals: Sequence[JournalTable], tables: Sequence[str]) -> Iterator[None]:
    """
    Record, inside, every change of the journals' targets in the caller's transaction.

    Raise ``UnrecordedChange`` at the end if another one of ``tables`` (unquoted, all of the project)
    was written: the caller's transaction must be rolled back then.
    """
    known = {unqualified(journal.target) for journal in journals}
    with ExitStack() as stack:
        written = stack.enter_context(run.db.watch_writes(sorted(set(tables) - known)))
        stack.enter_context(run.db.recording(mark(step)))
        yield
    beside = sorted((set(written) & set(tables)) - known)
    if beside:
        raise UnrecordedChange(
            f"{run}, {step}",
            f"the recorded code also wrote to {', '.join(beside)}, which it was not said to.",
            standing="All of this step was rolled back.",
            todo="Name the models of these tables too: patch.record(..., TheModel), or models=[...] of the operation.",
            tables=beside,
        )


def unqualified(target: str) -> str:
    """Return the name of a quoted table without quotes and schema."""
    return target.strip('"').split('"."')[-1]


def mark(step: Step) -> str:
    return f"step {int(step.pk)}"


@contextmanager
def triggers(run: ActiveRun, step: Step, journals: Sequence[JournalTable]) -> Iterator[None]:
    """Install the recording triggers for the code inside, and take them away, in short transactions of their own."""
    try:
        for journal in journals:
            between_locks(run, partial(_install, run, step, journal))
    except DatabaseError as error:
        remove(run, journals)
        why = run.db.is_out_of_place(error) or run.db.describe(error)
        held = ", ".join(filter(None, (run.db.blockers(journal.target) for journal in journals)))
        raise CannotJournal(
            f"{run}, {step}",
            f"the recording triggers cannot be installed: {why}{f'; locked by {held}' if held else ''}.",
            standing="Nothing of this step was run.",
            todo="Let the migrating role create triggers on the table; where it is locked, try again when it is free.",
        ) from None
    try:
        yield
    finally:
        remove(run, journals)


def _install(run: ActiveRun, step: Step, journal: JournalTable) -> None:
    names = columns_of(journal)
    run.db.install_recorder(journal.target, run.db.quote(journal.table_name), journal.keys, names, mark(step))


def between_locks(run: ActiveRun, action: Callable[[], None]) -> None:
    """
    Do ``action``, which locks a table, without ever making others wait long for it.

    Each try waits ``LOCK_TIMEOUT_SECONDS`` at most for its lock, because the application's statements queue
    behind a waiting one; between tries they pass.
    """
    tries = 0 if run.db.connection.in_atomic_block else int(run.option("RETRIES"))
    for number in range(tries + 1):
        try:
            with run.db.short_lock_waits(float(run.option("LOCK_TIMEOUT_SECONDS"))):
                action()
            return
        except DatabaseError as error:
            if number == tries or not run.db.is_passing(error):
                raise
            time.sleep(random.uniform(0.1, min(10.0, 0.2 * 2**number)))


def remove(run: ActiveRun, journals: Sequence[JournalTable]) -> None:
    """Take the triggers away. Where a lock forbids it they stay, and do nothing: they fire for one step alone."""
    if run.db.connection.needs_rollback:
        return
    for journal in journals:
        name = run.db.quote(journal.table_name)
        try:
            between_locks(run, partial(run.db.remove_recorder, journal.target, name))
        except DatabaseError as error:
            if not run.db.is_passing(error):
                raise
            logger.warning("The recording trigger of %s on %s is left: the table is locked.", name, journal.target)


def close_interrupted(run: ActiveRun, step: Step) -> None:
    """Do what a crash kept ``step`` from: take its recording triggers away, and close its journals."""
    remove(run, [journal for journal in left_open(run, step) if journal.kind == JournalKind.RECORD])
    close_journals(run, step)


def net_table(journal: JournalTable) -> str:
    return f"{journal.table_name}_net"


def net_views(db: Database, journal: JournalTable) -> list[JournalView]:
    """Return the net changes of a recording as three views: created, changed and deleted rows."""
    table = db.quote(net_table(journal))
    if not db.journal_exists(table):
        build_net(db, journal)
    return [
        JournalView(db, journal, kind, table) for kind in (JournalKind.CREATE, JournalKind.UPDATE, JournalKind.DELETE)
    ]


def build_net(db: Database, journal: JournalTable) -> None:
    """Write the table of net changes: per key the first before-image and the last after-image."""
    source, table = db.quote(journal.table_name), db.quote(net_table(journal))
    number = db.quote("seq") if "seq" in db.read_columns(source) else "rowid"
    keys = db.images("key", journal.keys)
    names = columns_of(journal)
    before, after = db.images("before", names), db.images("after", names)
    kept = [f"first.{image} AS {image}" for image in keys + before] + [f"last.{image} AS {image}" for image in after]
    same_key = " AND ".join(f"first.{k} = span.{k} AND last.{k} = span.{k}" for k in keys)
    with transaction.atomic(using=db.alias):
        db.execute(
            f"CREATE TABLE {table} AS SELECT 1 AS batch, CASE WHEN first.op = 'I' THEN 'I'"
            f" WHEN last.op = 'D' THEN 'D' ELSE 'U' END AS net, {', '.join(kept)}"
            f" FROM (SELECT {', '.join(keys)}, min({number}) AS low, max({number}) AS high FROM {source}"
            f" GROUP BY {', '.join(keys)}) AS span"
            f" JOIN {source} AS first ON first.{number} = span.low JOIN {source} AS last ON last.{number} = span.high"
            f" WHERE {same_key} AND NOT (first.op = 'I' AND last.op = 'D')"
        )
