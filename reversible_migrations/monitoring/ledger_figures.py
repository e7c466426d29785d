"""
The figures of one database's ledger, as samples of ``metrics``.

They are read from the ledger and not counted in this process, so that ``migrate`` processes are seen that have
ended long ago. The number of queries does not depend on the number of runs, but for those in hand.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate
from typing import Any

from django.db.models import Count, DurationField, ExpressionWrapper, F, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, Greatest, Now

from ..batches.timings import LABELS
from ..databases import catalogue_of, database
from ..models import JournalTable, KeyRange, Run, Step, Timing, Verification
from ..runs import lease
from ..runs.run import has_ledger
from ..states import IN_HAND, UNFINISHED, Direction, JournalState, Phase, RunStatus, TimingKind
from .metrics import OURS, Sample

RUNS_SHOWN = 50  # runs with series of their own: open ones first, then the newest


def read_ledger(alias: str, seconds: float) -> list[Sample]:
    """
    Return the samples of the database ``alias``; none where it has no ledger.

    Nothing is changed, and a statement may take ``seconds``. Raise ``DatabaseError`` where it cannot be read.
    """
    db = database(alias)
    with catalogue_of(db).reading(seconds):
        if not has_ledger(db):
            return []
        runs = _runs_shown(alias)
        left = [run for run in runs if run.status in IN_HAND and run.owner and lease.is_left(run, db)]
        return [
            Sample(f"{OURS}up", (alias,), 1),
            *_of_steps(alias),
            *_of_timings(alias),
            *_of_runs(alias, left),
            *_of_journals(alias),
            *_of_runs_shown(runs, left, alias),
            *_of_verification(alias),
        ]


def _of_steps(alias: str) -> Iterator[Sample]:
    counts = ("rows_done", "rows_skipped", "rows_conflicting", "rows_seen", "rows_failed", "batches", "seconds")
    sums = {f"all_{name}": Sum(name) for name in counts}
    for app, direction, *values in (
        _by_app(Step.objects.using(alias), "run__").annotate(**sums).values_list("run__app", "run__direction", *sums)
    ):
        labels = (alias, app, direction)
        found = dict(zip(counts, (value or 0 for value in values), strict=True))
        for outcome in ("done", "skipped", "conflicting"):
            yield Sample(f"{OURS}rows_total", (*labels, outcome), found[f"rows_{outcome}"])
        yield Sample(f"{OURS}rows_seen_total", labels, found["rows_seen"])
        yield Sample(f"{OURS}rows_quarantined", labels, found["rows_failed"])
        yield Sample(f"{OURS}batches_total", labels, found["batches"])
        yield Sample(f"{OURS}step_seconds_total", labels, found["seconds"])


def _by_app(records: QuerySet[Any], path: str) -> QuerySet[Any, Any]:
    return records.order_by().values(f"{path}app", f"{path}direction")


def _of_timings(alias: str) -> Iterator[Sample]:
    found = _by_app(Timing.objects.using(alias), "step__run__").values_list(
        "step__run__app", "step__run__direction", "kind", "label"
    )
    batches: dict[tuple[str, str, str], dict[str, tuple[int, float]]] = {}
    for app, direction, kind, label, number, seconds in found.annotate(numbers=Sum("number"), total=Sum("seconds")):
        labels = (alias, app, direction)
        if kind == TimingKind.BATCH:
            batches.setdefault(labels, {})[label] = (number, seconds)
            continue
        yield Sample(f"{OURS}wait_seconds_total", (*labels, label), seconds)
        if label == "retry":
            yield Sample(f"{OURS}errors_total", (*labels, "batch"), number)
    for labels, by_bound in batches.items():
        numbers = accumulate(by_bound.get(label, (0, 0.0))[0] for label in LABELS)
        total = sum(seconds for _, seconds in by_bound.values())
        yield Sample(f"{OURS}batch_seconds", labels, total, dict(zip(LABELS, numbers, strict=True)))


def _of_runs(alias: str, left: Sequence[Run]) -> Iterator[Sample]:
    numbers = dict.fromkeys(map(str, RunStatus), 0)
    failures, undos = Counter[tuple[str, str]](), Counter[str]()
    counted = Run.objects.using(alias).order_by().values_list("app", "direction", "status")
    for app, direction, status, number, failed in counted.annotate(number=Count("pk"), failed=Sum("failures")):
        numbers[status] += number
        failures[app, direction] += failed
        undos[app] += number if direction == Direction.BACKWARDS else 0
    for run in left:
        numbers[run.status] -= 1
        numbers[RunStatus.INTERRUPTED] += 1
    for status, number in numbers.items():
        yield Sample(f"{OURS}runs", (alias, status), number)
    for (app, direction), number in failures.items():
        yield Sample(f"{OURS}errors_total", (alias, app, direction, "run"), number)
    for app, number in undos.items():
        yield Sample(f"{OURS}rollbacks_total", (alias, app), number)


def _of_journals(alias: str) -> Iterator[Sample]:
    kept = JournalTable.objects.using(alias).filter(state=JournalState.KEPT).order_by().values_list("step__run__app")
    for app, size, rows in kept.annotate(size=Sum("bytes"), all_rows=Sum("rows")):
        yield Sample(f"{OURS}journal_bytes", (alias, app), size or 0)
        yield Sample(f"{OURS}journal_rows", (alias, app), rows or 0)


def _runs_shown(alias: str) -> Sequence[Run]:
    """Return the newest run of each migration, phase and direction: the open ones, then others; with their ages."""
    of_ranges = KeyRange.objects.filter(step__run=OuterRef("pk")).order_by().values("step__run")
    beat = Coalesce(Subquery(of_ranges.annotate(last=Max("heartbeat")).values("last")), "heartbeat")
    runs = Run.objects.using(alias).annotate(
        silent=_since(Greatest(beat, "heartbeat")), took=_since("started_at", Coalesce("finished_at", Now()))
    )
    newest = runs.order_by("-pk")
    found = [*newest.filter(status__in=UNFINISHED)[:RUNS_SHOWN], *newest.exclude(status__in=UNFINISHED)[:RUNS_SHOWN]]
    return list({_labels(run, alias): run for run in reversed(found)}.values())[-RUNS_SHOWN:]


def _since(moment: Any, until: Any = None) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper((until or Now()) - (F(moment) if isinstance(moment, str) else moment), DurationField())


def _labels(run: Run, alias: str) -> tuple[str, ...]:
    return alias, run.app, run.name, Phase(run.phase).label if run.phase else "", run.direction


def _of_runs_shown(runs: Sequence[Run], left: Sequence[Run], alias: str) -> Iterator[Sample]:
    is_open = [run.pk for run in runs if run.status in UNFINISHED]
    steps = Step.objects.using(alias).filter(run__in=is_open).order_by().values_list("run")
    rows = {pk: found for pk, *found in steps.annotate(seen=Sum("rows_seen"), expected=Sum("rows_total"))}
    for run in runs:
        labels = _labels(run, alias)
        yield Sample(f"{OURS}run_seconds", labels, _seconds(run, "took"))
        if run.status in UNFINISHED:
            seen, expected = rows.get(run.pk, (0, None))
            yield Sample(f"{OURS}run_rows", labels, seen)
            if expected is not None:
                yield Sample(f"{OURS}run_rows_expected", labels, expected)
            yield Sample(f"{OURS}run_waiting", labels, int(run.status == RunStatus.PAUSED or bool(run.waiting)))
            yield Sample(f"{OURS}run_stale", labels, int(run in left))
        if run.status in IN_HAND and run.owner:
            yield Sample(f"{OURS}heartbeat_age_seconds", labels, _seconds(run, "silent"))


def _seconds(run: Run, name: str) -> float:
    found: timedelta | None = getattr(run, name)
    return 0.0 if found is None else max(0.0, found.total_seconds())


def _of_verification(alias: str) -> Iterator[Sample]:
    last = Verification.objects.using(alias).last()
    if last is not None:
        yield Sample("migration_data_mismatch_count", (alias,), last.mismatches)
        yield Sample(f"{OURS}verified_timestamp_seconds", (alias,), last.at.timestamp())
