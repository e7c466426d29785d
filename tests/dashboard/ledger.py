"""Runs to look at, written into the ledger as the engine would."""

from datetime import timedelta

from django.utils import timezone

from reversible_migrations.models import Event, KeyRange, Run, Step
from reversible_migrations.runs import lease
from reversible_migrations.states import UNFINISHED, Direction, RunStatus, StepKind, StepStatus

GONE = {"host": "another-host", "pid": 4242}
LIMIT = 6  # seconds that a standby may lag


def clear():
    Run.objects.all().delete()


def run(name, status=RunStatus.DONE, *, app="shop", rows=1_000, seen=None, **facts):
    """Add a run of one step, of ``rows`` rows, of which an open one has looked at ``seen``."""
    is_open = status in UNFINISHED
    now = timezone.now()
    made = Run.objects.create(
        app=app, name=name, status=status, holds=f"{app}.{name}" if is_open else None, rows_done=rows,
        **{
            "direction": Direction.FORWARDS, "owner": lease.this_process(), "heartbeat": now,
            "started_at": now - timedelta(seconds=75), "finished_at": None if is_open else now, **facts,
        },
    )  # fmt: skip
    step = Step.objects.create(
        run=made, number=1, operation=0, ordinal=1, kind=StepKind.UPDATE, model=f"{app}.Product", rows_total=rows,
        rows_seen=rows, rows_done=rows, seconds=2.5,
        status=StepStatus.RUNNING if is_open else StepStatus.DONE,
    )  # fmt: skip
    if is_open:
        done = rows // 4 if seen is None else seen
        KeyRange.objects.create(step=step, number=0, rows_seen=done, rows_done=done)
        pace = {"step": 1, "batch_size": 500, "workers": 2, "gauge": "cpu at 63 % of 90 %", "eta": [120, 240]}
        Event.objects.create(run=made, at=now, kind="progress", facts=pace)
    return made


def measured(run, points=31, seconds=2):
    """Let a run of one step have told of its pace every few seconds up to now, with waits for a standby that lagged."""
    Event.objects.filter(run=run).delete()
    Step.objects.filter(run=run).update(seconds=points * seconds)
    seen = KeyRange.objects.get(step__run=run).rows_seen
    done, was_waiting = 0, False
    for place in range(points):
        at, lag = timezone.now() - timedelta(seconds=seconds * (points - place)), 0.5 + place % 11
        is_waiting = lag > LIMIT
        if is_waiting != was_waiting:
            told = f"replica_lag at {lag:.0f} s of {LIMIT} s" if is_waiting else ""
            Event.objects.create(run=run, at=at, kind="wait" if is_waiting else "waited", text=told)
        if not is_waiting:
            done = min(seen, done + seen // 22 + 400 * (place % 5))
            Event.objects.create(run=run, at=at, kind="progress", facts=pace(place, done, lag))
        was_waiting = is_waiting


def pace(place, seen, lag):
    gauges = {"cpu": [55 + place * 7 % 20, 90, "%"], "replica_lag": [lag, LIMIT, "s"]}
    facts = {"step": 1, "seen": seen, "workers": 2, "gauge": "cpu at 63 % of 90 %", "eta": [120, 240]}
    return {**facts, "batch_size": 500 + 50 * (place % 11), "gauges": gauges}


def many(number):
    """Add ``number`` runs of every kind, as years of migrations leave them."""
    kinds = [RunStatus.DONE] * 6 + [RunStatus.FAILED, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.UNDONE]
    for place in range(number):
        run(f"{place:04}_change", kinds[place % len(kinds)], app=f"app_{place % 7}")
