"""
What watchers are sent of a run: JSON of version 1, as ``docs/reference/messages.md`` describes it.

A message says how the run is, not what has changed: whoever has missed one loses nothing, and one that comes twice does
no harm. It has no row values, and ``error`` has none: the ledger keeps this app's own words of errors only.
``snapshot`` reads the ledger; all else is pure.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from django.db import DatabaseError, InterfaceError

from ..databases import database, is_served
from ..models import Event, Run
from ..overview import FINISHED, RunOverview, progress_of, read_runs, step_in_hand
from ..runs.run import has_ledger
from ..states import UNFINISHED, RunStatus

VERSION = 1
PROGRESS, STATUS, COMPLETION, SNAPSHOT = "progress", "status", "completion", "snapshot"
ENDED = (*FINISHED, RunStatus.FAILED, RunStatus.CANCELLED)

Message = dict[str, Any]


def message(kind: str, run: RunOverview, alias: str, number: int | None, now: datetime | None = None) -> Message:
    """Return how ``run`` on the database ``alias`` is, as a message of ``kind``, as of its event ``number``."""
    step = step_in_hand(run)
    return {
        "version": VERSION,
        "type": kind,
        "number": number,
        "database": alias,
        "run": run.id,
        "app": run.app,
        "name": run.name,
        "migration": run.migration,
        "phase": run.phase,
        "direction": run.direction,
        "status": str(run.status),
        **asdict(progress_of(run)),
        "rate": None if step is None or step.rows_per_second is None else round(step.rows_per_second, 1),
        "eta": list(step.eta) if step is not None and step.eta else None,
        "step": None if step is None else {"number": step.number, "title": step.title},
        "batch_size": step.batch_size if step else None,
        "workers": step.workers if step else None,
        "gauge": step.gauge if step else "",
        "waiting": run.waiting,
        "owner": run.owner,
        "heartbeat_seconds": None if run.heartbeat_seconds is None else round(run.heartbeat_seconds, 1),
        "error": run.error,
        "next": run.next,
        "started_at": moment(run.started_at),
        "finished_at": moment(run.finished_at),
        "timestamp": moment(now or datetime.now(UTC)),
    }


def kind_of(run: RunOverview) -> str:
    """Return the kind of message that a change of status of ``run`` is: it has ended, for good or ill, or not."""
    return COMPLETION if run.status in ENDED else STATUS


def snapshot(aliases: Sequence[str], last: int = 20) -> Message:
    """
    Return every open run of the databases ``aliases`` and the ``last`` closed ones of each, as one message.

    ``numbers`` has the newest event of each as of before its runs were read, so that what comes behind it is not
    missed. A database without this app's tables is left out; one that does not answer is in ``unreachable``.
    """
    numbers: dict[str, int] = {}
    runs: list[Message] = []
    unreachable = []
    for alias in aliases:
        try:
            if has_runs(alias):
                numbers[alias] = newest_number(alias)
                runs += runs_of(alias, numbers[alias], last)
        except (DatabaseError, InterfaceError):
            numbers.pop(alias, None)
            unreachable.append(alias)
    return {
        "version": VERSION,
        "type": SNAPSHOT,
        "numbers": numbers,
        "unreachable": unreachable,
        "runs": runs,
        "timestamp": moment(datetime.now(UTC)),
    }


def runs_of(alias: str, newest: int, last: int) -> list[Message]:
    known = {run: newest_number(alias, run) for run in open_runs(alias)}
    return [message(STATUS, run, alias, known.get(run.id, newest)) for run in read_runs(alias, last=last)]


def has_runs(alias: str) -> bool:
    """Return whether this app's tables are in the database ``alias``, and it is of a kind that this app works on."""
    return is_served(alias) and has_ledger(database(alias))


def newest_number(alias: str, run: int | None = None) -> int:
    """Return the number of the newest event of ``run``, or of all; 0 where there is none."""
    events = Event.objects.using(alias) if run is None else Event.objects.using(alias).filter(run_id=run)
    return events.order_by("-pk").values_list("pk", flat=True).first() or 0


def open_runs(alias: str) -> list[int]:
    """Return the numbers of the runs that are not closed."""
    runs = Run.objects.using(alias).filter(status__in=[*UNFINISHED, RunStatus.UNDOING])
    return list(runs.order_by("pk").values_list("pk", flat=True))


def moment(value: datetime | None) -> str | None:
    """Return 2024-05-04T21:00:00.250Z."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
