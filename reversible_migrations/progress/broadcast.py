"""
Tells other processes how the runs of this one are, through the project's channel layer.

It listens to the engine's signals and posts messages to a ``Sender``. Without a channel layer that other processes can
read (``CHANNEL_LAYERS`` with Redis) it does nothing, and nothing of Channels is imported.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, connections

from .. import signals
from ..models import Run, Step
from ..overview import RunOverview, StepOverview, overview_of, read_runs
from ..runs.lease import owner_in_words
from ..states import Phase
from .messages import PROGRESS, STATUS, kind_of, message
from .sender import Sender, layer_name

Key = tuple[str, int]


class Broadcast:
    """What is known of each run of this process, from its signals."""

    def __init__(self, sender: Sender | None = None):
        self.sender = sender or Sender()
        self.runs: dict[Key, RunOverview] = {}
        self.paces: dict[Key, Mapping[str, Any]] = {}

    def run_started(self, run: Run, using: str, **facts: Any) -> None:
        if layer_name() is not None:
            self.runs[using, run.pk] = read(run, using)
            self._post(run, using, STATUS)

    def run_finished(self, run: Run, using: str, **facts: Any) -> None:
        if (using, run.pk) in self.runs:
            self.runs[using, run.pk] = found = replace(read(run, using), steps=self.runs[using, run.pk].steps)
            self._post(run, using, kind_of(found))
            self.runs.pop((using, run.pk))
            self.paces.pop((using, run.pk), None)

    def status_changed(self, run: Run, using: str, **facts: Any) -> None:
        self._post(run, using, STATUS)  # its end is told by run_finished

    def waiting(self, run: Run, using: str, reason: str, **facts: Any) -> None:
        self._post(run, using, STATUS, reason)

    def step_moved(self, run: Run, step: Step, using: str, pace: Mapping[str, Any] | None = None, **facts: Any) -> None:
        key = using, run.pk
        if key in self.runs:
            if pace is not None:
                self.paces[key] = pace
            known = {each.number: each for each in self.runs[key].steps}
            known[step.number] = overview_of(step, self.paces.get(key))
            self.runs[key] = replace(self.runs[key], steps=in_order(known))
            self._post(run, using, PROGRESS)

    def step_started(self, run: Run, step: Step, using: str, **facts: Any) -> None:
        self.paces.pop((using, run.pk), None)
        self.step_moved(run, step, using)

    def _post(self, run: Run, using: str, kind: str, waiting: str | None = None) -> None:
        """Post how ``run`` is now; what changes of it in this thread afterwards is not in the message."""
        known = self.runs.get((using, run.pk))
        if known is not None:
            now = replace(
                known, status=run.status, error=run.error, finished_at=run.finished_at, heartbeat_seconds=0.0,
                waiting=run.waiting if waiting is None else waiting,
            )  # fmt: skip
            self.sender.post((using, run.pk), kind, partial(message, kind, now, using, run.last_event))


def in_order(steps: Mapping[int, StepOverview]) -> tuple[StepOverview, ...]:
    return tuple(steps[number] for number in sorted(steps))


def read(run: Run, using: str) -> RunOverview:
    """Return ``run`` as the ledger has it; without a question where one that fails would end a transaction."""
    if not connections[using].in_atomic_block:
        try:
            found = read_runs(using, run=run.pk)
        except (DatabaseError, InterfaceError):
            found = []
        if found:
            return found[0]
    return RunOverview(
        id=run.pk, app=run.app, name=run.name, phase=Phase(run.phase).label if run.phase else "",
        direction=run.direction, status=run.status, waiting=run.waiting, undoes=run.undoes_id,
        owner=owner_in_words(run.owner) if run.owner else "", started_by=run.started_by, started_at=run.started_at,
        finished_at=run.finished_at, heartbeat_seconds=0.0, rows=run.rows_done, error=run.error, steps=(), journals=(),
        rollback="", rollback_fault="", next="",
    )  # fmt: skip


BROADCAST = Broadcast()


def connect(app_config: Any) -> None:
    name = "reversible_migrations.broadcast"
    signals.run_started.connect(BROADCAST.run_started, dispatch_uid=name)
    signals.run_finished.connect(BROADCAST.run_finished, dispatch_uid=name)
    signals.status_changed.connect(BROADCAST.status_changed, dispatch_uid=name)
    signals.waiting.connect(BROADCAST.waiting, dispatch_uid=name)
    signals.step_started.connect(BROADCAST.step_started, dispatch_uid=name)
    for signal in (signals.step_moved, signals.step_progressed, signals.step_finished):
        signal.connect(BROADCAST.step_moved, dispatch_uid=name)
