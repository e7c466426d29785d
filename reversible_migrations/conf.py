"""
The project-wide settings, in ``settings.REVERSIBLE_MIGRATIONS``: name, default, type, unit, meaning.

    REVERSIBLE_MIGRATIONS = {"BATCH_SIZE": 2_000, "RETENTION_DAYS": 14}

A migration overrides those that are about its own work (``is_own`` below) by the class attribute of the same name
in small letters.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings as django_settings


@dataclass(frozen=True)
class Setting:
    default: Any
    type: type | tuple[type, ...]
    unit: str
    meaning: str
    smallest: float | None = None
    largest: float | None = None
    choices: tuple[str, ...] = ()
    is_own: bool = False  # whether a migration may override it

    def fault_of(self, value: Any) -> str | None:
        """Return what is wrong with ``value`` as a sentence, or None."""
        expected = self.type if isinstance(self.type, tuple) else (self.type,)
        if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
            return f"must be {' or '.join(map(type_name, expected))}, not {type_name(type(value))}"
        if value is None:
            return None
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a finite number"
        number: Any = value
        if self.smallest is not None and number < self.smallest:
            return f"must be {self.smallest} or more"
        if self.largest is not None and number > self.largest:
            return f"must be {self.largest} or less"
        return None


def type_name(kind: type) -> str:
    return "None" if kind is type(None) else kind.__name__


NUMBER = (int, float)

SETTINGS: dict[str, Setting] = {
    "BATCH_SIZE": Setting(
        None, (int, type(None)), "rows", "rows read by each batch; None: found while it runs", smallest=1, is_own=True
    ),
    "MAX_BATCH_SIZE": Setting(
        100_000, int, "rows", "the most rows that a batch may grow to by itself", smallest=1, is_own=True
    ),
    "TARGET_BATCH_SECONDS": Setting(
        0.25, NUMBER, "seconds", "what a batch should take while nobody else is at work", smallest=0.001, is_own=True
    ),
    "SHARED_BATCH_SECONDS": Setting(
        0.01, NUMBER, "seconds", "what a batch should take while others are at work", smallest=0.001, is_own=True
    ),
    "PAUSE_SECONDS": Setting(0.0, NUMBER, "seconds", "least pause after each batch", smallest=0, is_own=True),
    "PACE": Setting(
        "adaptive", str, "", "how batch size and pauses are found", choices=("adaptive", "fixed"), is_own=True
    ),
    "MIN_SHARE": Setting(
        0.02, NUMBER, "share", "of the time, that is worked whatever the load", smallest=0, largest=1, is_own=True
    ),
    "PARALLEL": Setting(
        1, int, "workers", "key ranges that are worked on at once", smallest=1, largest=64, is_own=True
    ),
    "WINDOW": Setting(
        None, (str, type(None)), "", 'when it may work: "01:00-09:00", "Mon-Fri 22:00-06:00 UTC"', is_own=True
    ),
    "OUTSIDE_WINDOW": Setting(
        "wait", str, "", "what is done when the window closes", choices=("wait", "stop"), is_own=True
    ),
    "LIMITS": Setting({}, dict, "", "limits of gauges by their names; None switches one off", is_own=True),
    "GAUGES": Setting([], (list, tuple), "", "more gauges: dotted paths, or dicts with the path and its arguments"),
    "ON_CONFLICT": Setting(
        "keep",
        str,
        "",
        "what undo does with a row that was changed since",
        choices=("keep", "overwrite", "abort"),
        is_own=True,
    ),
    "MAX_FAILED_SHARE": Setting(
        0.01, NUMBER, "share", "rows that may fail before a step stops", smallest=0, largest=1, is_own=True
    ),
    "RETENTION_DAYS": Setting(30, int, "days", "how long rollback data of a finished run is kept", smallest=0),
    "LEASE_SECONDS": Setting(60, NUMBER, "seconds", "how long a run is held past its last heartbeat", smallest=1),
    "LEASE_WAIT_SECONDS": Setting(
        0, NUMBER, "seconds", "how long a second process waits for the first to end", smallest=0
    ),
    "RETRIES": Setting(
        8, int, "tries", "tries of a batch after a deadlock or a lost connection", smallest=0, is_own=True
    ),
    "LOCK_TIMEOUT_SECONDS": Setting(
        2.0,
        NUMBER,
        "seconds",
        "how long one try to install recording triggers waits for its lock",
        smallest=0.05,
        is_own=True,
    ),
    "REQUIRE_PHASED": Setting(
        False, bool, "", "whether plain `migrate` refuses the later phases of a migration where there are rows"
    ),
    "PHASES": Setting(
        {}, dict, "", 'phases of migrations that do not say theirs: {"an_app": "prepare", "other.0007_x": "switch"}'
    ),
    "LINT": Setting({}, dict, "", "levels of rules, per app too, what is left out, and rules of your own"),
    "LOCK_TRIES": Setting(
        30, int, "tries", "how often a schema change asks for a lock before it gives up", smallest=1, is_own=True
    ),
    "START_RUNS": Setting(
        None,
        (str, type(None)),
        "",
        "dotted path of what calls `manage.py` with a list of arguments for the page; None: a process of its own",
    ),
    "PROGRESS_SECONDS": Setting(
        10.0, NUMBER, "seconds", "time between two progress lines where there is no terminal", smallest=0.1
    ),
    "ALERT_AFTER_SECONDS": Setting(
        1800, NUMBER, "seconds", "work after which a run that is not half done is slow", smallest=1, is_own=True
    ),
    "ALERTS": Setting({}, dict, "", "who is told when something is wrong: outlets, levels and limits"),
    "PAGE_URL": Setting("", str, "", "the address of the page, for links in alerts: https://shop.example/migrations/"),
    "CHANNEL_LAYER": Setting(
        "default", (str, type(None)), "", "the name in CHANNEL_LAYERS by which runs are told of; None: by none"
    ),
    "WATCHED_DATABASES": Setting(
        None, (list, tuple, type(None)), "", "aliases whose runs are shown; None: all that have this app's tables"
    ),
    "SENTRY_MONITOR": Setting(
        None, (str, type(None)), "", "slug of the monitor in Sentry that runs check in with; None: no check-ins"
    ),
    "METRICS_TOKEN": Setting(
        None, (str, type(None)), "", "bearer token that may read metrics and health; None: staff that may see runs only"
    ),
    "METRICS_SECONDS": Setting(
        5.0, NUMBER, "seconds", "how long metrics and health wait for the answer of a database", smallest=0.1
    ),
    "BACKUP_FOLDER": Setting(
        None, (str, type(None)), "", "folder of the backups, whose newest the health looks at; None: it does not"
    ),
    "BACKUP_MAX_HOURS": Setting(24, NUMBER, "hours", "how old the newest backup may be", smallest=0),
}


def setting(name: str) -> Any:
    """Return the project's value of the setting ``name``, or its default."""
    return getattr(django_settings, "REVERSIBLE_MIGRATIONS", {}).get(name, SETTINGS[name].default)


ASKED: ContextVar[dict[str, Any]] = ContextVar("asked", default={})  # noqa: B039 (never changed in place)


@contextmanager
def asked(**options: Any) -> Iterator[None]:
    """Let the given options go before those of migrations and settings, in this context; None asks for nothing."""
    given = {name.upper(): value for name, value in options.items() if value is not None}
    token = ASKED.set({**ASKED.get(), **given})
    try:
        yield
    finally:
        ASKED.reset(token)


def option(owner: object, name: str) -> Any:
    """Return what a command was asked for, else the class attribute of a migration, else the project's setting."""
    if name in ASKED.get():
        return ASKED.get()[name]
    value = getattr(owner, name.lower(), None)
    return setting(name) if value is None else value
