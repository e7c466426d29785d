"""The journals of one step, in the order in which undo goes through them."""

from graphlib import CycleError, TopologicalSorter

from ..databases.base import Database
from ..models import JournalTable, Step
from ..states import JournalKind
from . import recording
from .views import JournalView


def journals_of(step: Step, alias: str) -> list[JournalTable]:
    return list(JournalTable.objects.using(alias).filter(step=step))


def views_of(step: Step, db: Database) -> list[JournalView]:
    """
    Return the step's journals in the order in which undo goes through them.

    Created rows go first, children before parents; of what the step deleted parents come back before children.
    """
    views: list[JournalView] = []
    for journal in journals_of(step, db.alias):
        if journal.kind == JournalKind.RECORD:
            views += recording.net_views(db, journal)
        else:
            views.append(JournalView(db, journal))
    created = _parents_first([view for view in views if view.kind == JournalKind.CREATE], db)[::-1]
    updated = [view for view in views if view.kind == JournalKind.UPDATE]
    deleted = _parents_first([view for view in views if view.kind == JournalKind.DELETE], db)
    return created + (updated + deleted if created else deleted + updated)


def _parents_first(views: list[JournalView], db: Database) -> list[JournalView]:
    by_table = {view.target: view for view in views}
    sorter: TopologicalSorter[str] = TopologicalSorter(dict.fromkeys(by_table, ()))
    for target in by_table:
        for reference in db.references(target):
            if reference.table == target and reference.target in by_table and reference.target != target:
                sorter.add(target, reference.target)
    try:
        return [by_table[target] for target in sorter.static_order()]
    except CycleError:  # their foreign keys are checked at commit
        return views
