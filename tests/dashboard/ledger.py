"""Runs to look at, written into the ledger as the engine would."""

from datetime import timedelta

from django.utils import timezone

from reversible_migrations.models import Event, KeyRange, Run, Step
from reversible_migrations.runs import lease
from reversible_migrations.states import UNFINISHED, Direction, RunStatus, StepKind, StepStatus

GONE = {"host": "another-host", "pid": 4242}


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


def many(number):
    """Add ``number`` runs of every kind, as years of migrations leave them."""
    kinds = [RunStatus.DONE] * 6 + [RunStatus.FAILED, RunStatus.RUNNING, RunStatus.PAUSED, RunStatus.UNDONE]
    for place in range(number):
        run(f"{place:04}_change", kinds[place % len(kinds)], app=f"app_{place % 7}")
