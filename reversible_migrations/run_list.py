"""
Runs as a list shows them: the same few queries, whether there are 10 runs or 10,000.

Nothing is looked up run by run, so rollback data are not in it: ``overview.read_runs`` says of one
run what can be undone.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import DatabaseError
from django.db.models import (
    CharField,
    DurationField,
    ExpressionWrapper,
    F,
    JSONField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce, Concat, Now

from .databases import database, watched_databases
from .databases.base import Database
from .models import Event, KeyRange, Run, Step
from .models.run import COUNTS
from .overview import RunOverview, overview_of, what_next
from .runs import lease
from .runs.run import has_ledger
from .states import IN_HAND, UNFINISHED, Phase, RunStatus, StepStatus

PAGE_SIZE = 25
MOST_STOPPED = 50  # stopped runs that are shown at once; the filters find the others
AGE = ExpressionWrapper(Now() - F("heartbeat"), output_field=DurationField())
LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for; what is empty asks for nothing. ``search`` is a part of ``app.name``, or a run's id."""

    search: str = ""
    app: str = ""
    database: str = ""
    status: str = ""
    page: int = 1

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.app or self.database or self.status)


@dataclass(frozen=True)
class ListedRun:
    """A run of the database ``alias``, as of its event ``number``."""

    alias: str
    run: RunOverview
    number: int


@dataclass
class RunList:
    """
    Runs in groups, each newest first: at work, paused, stopped before their end, and one page of those that ended.

    ``stopped_total`` and ``past_total`` count those that are not shown too. ``aliases`` are the databases with a
    ledger, ``silent`` those that did not answer.
    """

    running: list[ListedRun] = field(default_factory=list)
    waiting: list[ListedRun] = field(default_factory=list)
    stopped: list[ListedRun] = field(default_factory=list)
    past: list[ListedRun] = field(default_factory=list)
    stopped_total: int = 0
    past_total: int = 0
    page: int = 1
    apps: set[str] = field(default_factory=set)
    aliases: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    @property
    def pages(self) -> int:
        return max(1, -(-self.past_total // PAGE_SIZE))

    @property
    def is_empty(self) -> bool:
        return not (self.running or self.waiting or self.stopped_total or self.past_total)


def read_list(wanted: Wanted) -> RunList:
    """Return the runs of all databases that ``wanted`` asks for; a database that does not answer is named."""
    found = RunList()
    for alias in watched_databases():
        try:
            db = database(alias)
            if has_ledger(db):
                found.aliases.append(alias)
                found.apps.update(Run.objects.using(alias).order_by("app").values_list("app", flat=True).distinct())
        except DatabaseError:
            found.silent.append(alias)
    asked = [alias for alias in found.aliases if wanted.database in ("", alias)]
    for alias in asked:
        _sort_in(found, [each for each in open_runs(alias, wanted) if wanted.status in ("", each.run.status)])
    _add_past(found, asked, wanted)
    return found


def open_runs(alias: str, wanted: Wanted | None = None) -> list[ListedRun]:
    """Return the runs of one database that have not ended, newest first; a migration has one at the most."""
    matching = _matching(Run.objects.using(alias).filter(status__in=UNFINISHED), wanted or Wanted())
    return listed(matching.order_by("-pk"), database(alias))


def _sort_in(found: RunList, runs: Iterable[ListedRun]) -> None:
    for each in runs:
        if each.run.status == RunStatus.RUNNING:
            found.running.append(each)
        elif each.run.status == RunStatus.PAUSED:
            found.waiting.append(each)
        else:
            found.stopped_total += 1
            if len(found.stopped) < MOST_STOPPED:
                found.stopped.append(each)


def _add_past(found: RunList, aliases: Sequence[str], wanted: Wanted) -> None:
    """Add one page of the runs that ended, of all ``aliases`` together."""
    past = {alias: _past(alias, wanted) for alias in aliases}
    found.past_total = sum(runs.count() for runs in past.values())
    found.page = min(max(1, wanted.page), found.pages)
    last = found.page * PAGE_SIZE
    first = last - PAGE_SIZE
    skipped = first if len(past) == 1 else 0  # of several databases, the first pages have to be merged to know the next
    moments = [
        (at or LONG_AGO, alias, key)
        for alias, runs in past.items()
        for key, at in runs.order_by("-pk").values_list("pk", "started_at")[skipped:last]
    ]
    if len(past) > 1:
        moments.sort(key=lambda moment: moment[0], reverse=True)
    page = moments[first - skipped : last - skipped]
    known = {}
    for alias in past:
        keys = [key for _, of, key in page if of == alias]
        for each in listed(Run.objects.using(alias).filter(pk__in=keys), database(alias)):
            known[alias, each.run.id] = each
    found.past = [known[alias, key] for _, alias, key in page if (alias, key) in known]


def _past(alias: str, wanted: Wanted) -> QuerySet[Run]:
    runs = Run.objects.using(alias).exclude(status__in=UNFINISHED)
    return _matching(runs.filter(status=wanted.status) if wanted.status else runs, wanted)


def _matching(runs: QuerySet[Run], wanted: Wanted) -> QuerySet[Run]:
    if wanted.app:
        runs = runs.filter(app=wanted.app)
    if not wanted.search:
        return runs
    title = Concat(F("app"), Value("."), F("name"), output_field=CharField())
    by_number = Q(pk=int(wanted.search)) if wanted.search.isdecimal() and len(wanted.search) < 19 else Q()
    return runs.alias(full_name=title).filter(Q(full_name__icontains=wanted.search) | by_number)


# Runs with what is shown of them


def listed(runs: QuerySet[Run], db: Database) -> list[ListedRun]:
    """Return ``runs`` with their steps, in at most five queries however many they are."""
    found = list(_with_facts(runs))
    steps, ages = _steps(found, db)
    left = lease.left(found, db)
    return [
        ListedRun(db.alias, _overview(run, steps[run.pk], ages.get(run.pk), run.pk in left), run.number)
        for run in found
    ]


def _with_facts(runs: QuerySet[Run]) -> Any:
    """Let each run bring the age of its heartbeat, the number of its last event, and what its last tick said."""
    events = Event.objects.filter(run=OuterRef("pk")).order_by("-pk")
    return runs.annotate(
        age=AGE,
        number=Coalesce(Subquery(events.values("pk")[:1]), 0),
        pace=Subquery(events.filter(kind="progress").values("facts")[:1], output_field=JSONField()),
    )


def _steps(runs: Iterable[Run], db: Database) -> tuple[dict[int, list[Step]], dict[int, timedelta]]:
    """Return the steps of ``runs``, open ones with the sums of their ranges, and the age of those' newest heartbeat."""
    steps = list(Step.objects.using(db.alias).filter(run__in=[run.pk for run in runs]).order_by("run_id", "number"))
    working = {step.pk: step.run_id for step in steps if step.status != StepStatus.DONE}
    ranges = KeyRange.objects.using(db.alias).filter(step__in=list(working)).order_by()
    of_ranges = ranges.values("step_id").annotate(youngest=Min(AGE), **{f"sum_{name}": Sum(name) for name in COUNTS})
    sums: dict[int, dict[str, Any]] = {row["step_id"]: dict(row) for row in of_ranges}
    of_runs = defaultdict(list)
    for step in steps:
        for name in COUNTS if step.pk in sums else ():
            setattr(step, name, sums[step.pk][f"sum_{name}"])
        of_runs[step.run_id].append(step)
    youngest = {working[key]: row["youngest"] for key, row in sums.items() if row["youngest"] is not None}
    return of_runs, youngest


def _overview(run: Any, steps: Sequence[Step], of_workers: timedelta | None, is_left: bool) -> RunOverview:
    status = RunStatus.INTERRUPTED if is_left and run.status in IN_HAND and run.owner else run.status
    pace = run.pace or {}
    ages = [age.total_seconds() for age in (run.age, of_workers) if age is not None]
    return RunOverview(
        id=run.pk, app=run.app, name=run.name, phase=Phase(run.phase).label if run.phase else "",
        direction=run.direction, status=status, waiting=run.waiting, undoes=run.undoes_id,
        owner=lease.owner_in_words(run.owner) if run.owner else "", started_by=run.started_by,
        started_at=run.started_at, finished_at=run.finished_at, heartbeat_seconds=min(ages, default=None),
        rows=run.rows_done, error=run.error,
        steps=tuple(overview_of(step, pace if pace.get("step") == step.number else None) for step in steps),
        journals=(), rollback="", rollback_fault="", next=what_next(run, status, ""),
    )  # fmt: skip
