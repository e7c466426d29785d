"""The checks of ``health``. Each is given a time limit, and says what it found in words without values of rows."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, router, transaction

from ..conf import setting
from ..databases import catalogue_of, database
from ..databases.base import Database
from ..load.gauges import Figure, Gauge, Look
from ..load.host import CGROUPS, Cpu, DiskUsed, Memory, cpu_quota, memory_limit
from ..load.pace import amount
from ..models import Run
from ..runs import lease
from ..runs.run import has_ledger
from ..states import IN_HAND
from .health import CheckResult, Outcome
from .within import NoAnswer, all_within, within

BETWEEN_LOOKS_SECONDS = 0.2  # CPU time is what was used between two looks
MOST_RUNS = 50  # in hand at once, of which each owner is looked for
PARTIAL = ".partial"  # of a backup that is being written


# Databases


def database_checks(aliases: Sequence[str]) -> list[CheckResult]:
    """Return the checks of each database: it answers and can be written, has a ledger, no run without its process."""
    seconds = float(setting("METRICS_SECONDS"))
    named = {f"the health of the database {alias!r}": alias for alias in aliases}
    found = all_within(seconds, {name: partial(_database, alias, seconds) for name, alias in named.items()})
    return [check for name, alias in named.items() for check in _or_failed(alias, found[name])]


def _or_failed(alias: str, found: list[CheckResult] | Exception) -> list[CheckResult]:
    if not isinstance(found, Exception):
        return found
    if isinstance(found, NoAnswer):
        words = "It does not answer in time."
    else:
        why = database(alias).is_out_of_place(found) or type(found).__name__
        words = f"It does not answer: {why}."
    return [CheckResult("database", Outcome.FAILED, words, None, "s", alias)]


def _sentence(error: Exception) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


def _database(alias: str, seconds: float) -> list[CheckResult]:
    return list(_checks_of(alias, seconds))


def _checks_of(alias: str, seconds: float) -> Iterator[CheckResult]:
    db, began = database(alias), time.monotonic()
    with catalogue_of(db).reading(seconds):
        there = has_ledger(db)
    taken = time.monotonic() - began
    if not there:
        yield CheckResult("database", Outcome.OK, "It answers.", taken, "s", alias)
        yield _no_ledger(alias)
        return
    fault = why_not_writable(db, seconds)
    words = f"It answers, but {fault}." if fault else "It answers and can be written."
    yield CheckResult("database", Outcome.FAILED if fault else Outcome.OK, words, taken, "s", alias)
    yield CheckResult("ledger", Outcome.OK, "It is there.", None, "", alias)
    with catalogue_of(db).reading(seconds):
        yield _stale_runs(db)
        disk = db.data_directory()
    if disk is not None and Path(disk).is_dir():
        yield from _of_gauge(DiskUsed(disk), Look(db), Outcome.FAILED, alias)


def _no_ledger(alias: str) -> CheckResult:
    if not router.allow_migrate(alias, Run._meta.app_label, model_name=Run._meta.model_name):
        return CheckResult("ledger", Outcome.OK, "The routers do not want one here.", None, "", alias)
    todo = f"`manage.py migrate reversible_migrations --database {alias}` makes it."
    return CheckResult("ledger", Outcome.FAILED, f"There is none. {todo}", None, "", alias)


def why_not_writable(db: Database, seconds: float) -> str | None:
    """Return why the ledger cannot be written, or None; an update of no row tells, and is rolled back."""
    try:
        with db.briefly_waiting(min(seconds / 2, 1.0)), transaction.atomic(using=db.alias):
            Run.objects.using(db.alias).filter(pk=-1).update(waiting="")
            transaction.set_rollback(True, using=db.alias)
    except DatabaseError as error:
        if db.is_passing(error) or db.is_lock_timeout(error):
            return None  # somebody writes at the moment
        return f"cannot be written: {db.is_out_of_place(error) or db.describe(error)}"
    return None


def _stale_runs(db: Database) -> CheckResult:
    in_hand = Run.objects.using(db.alias).filter(status__in=IN_HAND).order_by("pk")[:MOST_RUNS]
    left = [run for run in in_hand if run.owner and lease.is_left(run, db)]
    if not left:
        return CheckResult("stale runs", Outcome.OK, "Every open run has its process.", 0, "runs", db.alias)
    first = left[0]
    words = f"Run {first.pk} of {first.title}: its process is gone. Go on with `{first.command}`, or undo it."
    return CheckResult("stale runs", Outcome.WARNING, words, len(left), "runs", db.alias)


# The host


def host_checks() -> list[CheckResult]:
    """Return the checks of CPU and memory of this host, or of this container, against the limits of the gauges."""
    look = Look(database(DEFAULT_DB_ALIAS))
    cpu = Cpu(cpu_quota(CGROUPS))
    cpu.read(look)
    time.sleep(BETWEEN_LOOKS_SECONDS)
    return [
        *_of_gauge(cpu, look, Outcome.WARNING),
        *_of_gauge(Memory(memory_limit(CGROUPS)), look, Outcome.WARNING),
    ]


def _of_gauge(gauge: Gauge, look: Look, beyond: Outcome, subject: str = "") -> Iterator[CheckResult]:
    limit = setting("LIMITS").get(gauge.name, gauge.limit)
    if limit is None:  # switched off
        return
    try:
        found = gauge.read(look)
    except Exception as error:
        yield CheckResult(gauge.name, Outcome.WARNING, f"It cannot be read: {type(error).__name__}.", subject=subject)
        return
    value = found.value if isinstance(found, Figure) else found
    if value is None:
        return
    outcome = beyond if value >= limit else Outcome.OK
    words = f"{amount(value, gauge.unit)} are in use, the limit is {amount(limit, gauge.unit)}."
    yield CheckResult(gauge.name, outcome, words, round(value, 1), gauge.unit, subject)


# What else there is


def other_checks() -> list[CheckResult]:
    """Return the checks of channel layer and backup, where they are configured."""
    found: list[CheckResult] = []
    if getattr(settings, "CHANNEL_LAYERS", None):
        found.append(_timed("channel layer", "It does not work", _round_trip))
    if setting("BACKUP_FOLDER") is not None:
        found.append(_timed("backup", "It cannot be looked at", lambda: newest_backup(Path(setting("BACKUP_FOLDER")))))
    return found


def _timed(name: str, fault: str, check: Callable[[], CheckResult]) -> CheckResult:
    try:
        return within(float(setting("METRICS_SECONDS")), f"the {name}", check)
    except NoAnswer as error:
        return CheckResult(name, Outcome.FAILED, f"{_sentence(error)}.")
    except Exception as error:
        return CheckResult(name, Outcome.FAILED, f"{fault}: {type(error).__name__}.")


def _round_trip() -> CheckResult:
    try:
        layers = import_module("channels.layers")
    except ImportError:
        words = "CHANNEL_LAYERS is set, but channels is not installed: `pip install reversible-migrations[channels]`."
        return CheckResult("channel layer", Outcome.FAILED, words)
    began = time.monotonic()
    async_to_sync(_there_and_back)(layers.get_channel_layer(), float(setting("METRICS_SECONDS")))
    return CheckResult("channel layer", Outcome.OK, "A message came back.", time.monotonic() - began, "s")


async def _there_and_back(layer: Any, seconds: float) -> None:
    channel = await layer.new_channel()
    await layer.send(channel, {"type": "reversible_migrations.health"})
    await asyncio.wait_for(layer.receive(channel), seconds)


def newest_backup(folder: Path, now: datetime | None = None) -> CheckResult:
    """
    Return how old the newest backup in ``folder`` is: any file or folder in it, by when it was last changed.

    It has failed where that is more than ``BACKUP_MAX_HOURS`` ago, or where there is none.
    """
    moments = [entry.stat().st_mtime for entry in folder.iterdir() if not entry.name.endswith(PARTIAL)]
    if not moments:
        return CheckResult("backup", Outcome.FAILED, f"There is none in {folder}.", None, "h")
    hours = max(0.0, ((now or datetime.now(UTC)).timestamp() - max(moments)) / 3600)
    limit = float(setting("BACKUP_MAX_HOURS"))
    outcome = Outcome.FAILED if hours > limit else Outcome.OK
    return CheckResult("backup", outcome, f"The newest is {hours:.1f} h old, {limit:g} h are allowed.", hours, "h")
