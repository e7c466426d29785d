"""
The project-wide settings, in ``settings.REVERSIBLE_MIGRATIONS``: name, default, type, unit, meaning.

    REVERSIBLE_MIGRATIONS = {"BATCH_SIZE": 2_000, "RETENTION_DAYS": 14}

A migration overrides those that are about its own work (``BATCH_SIZE``, ``PAUSE_SECONDS``, ``ON_CONFLICT``,
``MAX_FAILED_SHARE``, ``RETRIES``, ``LOCK_TIMEOUT_SECONDS``) by the class attribute of the same name in small letters.
"""

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

    def fault_of(self, value: Any) -> str | None:
        """Return what is wrong with ``value`` as a sentence, or None."""
        expected = self.type if isinstance(self.type, tuple) else (self.type,)
        if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
            return f"must be {' or '.join(kind.__name__ for kind in expected)}, not {type(value).__name__}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        number: Any = value
        if self.smallest is not None and number < self.smallest:
            return f"must be {self.smallest} or more"
        if self.largest is not None and number > self.largest:
            return f"must be {self.largest} or less"
        return None


SETTINGS: dict[str, Setting] = {
    "BATCH_SIZE": Setting(10_000, int, "rows", "rows read by one batch, which is one transaction", smallest=1),
    "PAUSE_SECONDS": Setting(0.0, (int, float), "seconds", "pause after each batch", smallest=0),
    "ON_CONFLICT": Setting(
        "keep", str, "", "what undo does with a row that was changed since", choices=("keep", "overwrite", "abort")
    ),
    "MAX_FAILED_SHARE": Setting(
        0.01, (int, float), "share", "rows that may fail before a step stops", smallest=0, largest=1
    ),
    "RETENTION_DAYS": Setting(30, int, "days", "how long rollback data of a finished run is kept", smallest=0),
    "LEASE_SECONDS": Setting(60, (int, float), "seconds", "how long a run is held past its last heartbeat", smallest=1),
    "LEASE_WAIT_SECONDS": Setting(
        0, (int, float), "seconds", "how long a second process waits for the first to end", smallest=0
    ),
    "RETRIES": Setting(8, int, "tries", "tries of a batch after a deadlock or a lost connection", smallest=0),
    "LOCK_TIMEOUT_SECONDS": Setting(
        2.0, (int, float), "seconds", "how long one try to install recording triggers waits for its lock", smallest=0.05
    ),
    "PROGRESS_SECONDS": Setting(
        10.0, (int, float), "seconds", "time between two progress lines where there is no terminal", smallest=0.1
    ),
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
