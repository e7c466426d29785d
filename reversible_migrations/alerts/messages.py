"""
What is sent: one message for all outlets, with its words and with its facts as JSON of version 1.

It says where, what, how things stand and what to do. It has no row values: of a row that was set aside not even
the error's text is in it, and ``Run.error`` is in this app's own words.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from ..conf import setting
from ..overview import RunOverview, StepOverview, progress_of, step_in_hand
from ..progress import words
from ..states import AlertKind, AlertLevel, StepStatus
from .conditions import CONDITIONS, Sign

VERSION = 1


@dataclass(frozen=True)
class Message:
    """
    One message. ``id`` stays the same when it is sent again. ``subject`` is one line, ``body`` some.

    ``facts`` are figures and names for programs.
    """

    id: str
    kind: AlertKind
    condition: str
    level: AlertLevel
    database: str
    subject: str
    text: str
    body: str
    at: datetime
    next: str = ""
    url: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as webhooks and Channels get it; ``docs/reference/alerts.md`` describes each key."""
        return {
            "version": VERSION,
            "type": "alert",
            "id": self.id,
            "kind": str(self.kind),
            "condition": self.condition,
            "level": str(self.level),
            "database": self.database,
            **self.facts,
            "subject": self.subject,
            "text": self.text,
            "next": self.next,
            "url": self.url,
            "timestamp": self.at.replace(tzinfo=self.at.tzinfo or UTC).astimezone(UTC).isoformat(timespec="seconds"),
        }


def alert(
    id: str, condition: str, sign: Sign, level: AlertLevel, run: RunOverview, alias: str, at: datetime
) -> Message:
    """Return the message that ``condition`` is met by ``run``."""
    title = CONDITIONS[condition].title
    return _of_run(id, AlertKind.ALERT, condition, level, run, alias, at, title, sign.text)


def recovery(id: str, condition: str, level: AlertLevel, run: RunOverview, alias: str, at: datetime) -> Message:
    """Return the message that ``condition`` has ended."""
    text = f"It is {run.status}."
    return _of_run(id, AlertKind.RECOVERY, condition, level, run, alias, at, CONDITIONS[condition].over, text)


def mismatch(id: str, sign: Sign | None, level: AlertLevel, alias: str, at: datetime) -> Message:
    """Return the message that the database does not verify; without a ``sign``, that it does so again."""
    kind = AlertKind.RECOVERY if sign is None else AlertKind.ALERT
    condition = CONDITIONS["mismatch"]
    text = "Everything that was looked at is as the migrations left it." if sign is None else sign.text
    where, title = f"database {alias!r}", condition.over if sign is None else condition.title
    todo = "" if sign is None else f"`manage.py verify_migrations --database {alias}` lists what it is."
    lines = [f"The {where} {title}.", "", text, *([f"Next: {todo}"] if todo else []), *_link_line()]
    return Message(
        id, kind, condition.name, level, alias, _subject(kind, level, where, title), text, "\n".join(lines), at,
        next=todo, url=setting("PAGE_URL"), facts={"run": None, "faults": 0 if sign is None else sign.size},
    )  # fmt: skip


def test(level: AlertLevel, alias: str, at: datetime) -> Message:
    """Return a message that only shows that an outlet works."""
    text = "This is a test: nothing is wrong."
    lines = [f"A test of alerts of level {level}, for the database {alias!r}.", "", text, *_link_line()]
    return Message(
        f"test-{at:%Y%m%d%H%M%S}", AlertKind.TEST, "test", level, alias,
        _subject(AlertKind.TEST, level, f"database {alias!r}", "is only being tested"), text, "\n".join(lines), at,
        url=setting("PAGE_URL"), facts={"run": None},
    )  # fmt: skip


def _of_run(
    id: str, kind: AlertKind, condition: str, level: AlertLevel, run: RunOverview, alias: str, at: datetime,
    title: str, text: str,
) -> Message:  # fmt: skip
    where = run.title if alias == DEFAULT_DB_ALIAS else f"{run.title} ({alias})"
    return Message(
        id, kind, condition, level, alias, _subject(kind, level, where, title), text,
        "\n".join(_body(run, where, title, text, alias)), at, run.next, setting("PAGE_URL"), _facts(run),
    )  # fmt: skip


def _subject(kind: AlertKind, level: AlertLevel, where: str, title: str) -> str:
    tag = {AlertKind.ALERT: str(level), AlertKind.RECOVERY: "over", AlertKind.TEST: "test"}[kind]
    return " ".join(f"[{tag}] {where} {title}".split())  # one line: it becomes a header


def _body(run: RunOverview, where: str, title: str, text: str, alias: str) -> list[str]:
    step = step_in_hand(run)
    standing = [f"Run {run.id} on the database {alias!r}, {run.direction}: {run.status.upper()}."]
    if step is not None:
        standing.append(f"Step {step.number}, {step.title}: {_how_far(step)}.")
    if run.waiting:
        standing.append(f"Waiting: {run.waiting}")
    if run.error and run.error != text:
        standing.append(f"Error: {run.error}")
    next_line = [f"Next: {run.next}"] if run.next else []
    return [f"{where} {title}.", "", text, "", *standing, *next_line, *_link_line()]


def _link_line() -> list[str]:
    return [f"Page: {setting('PAGE_URL')}"] if setting("PAGE_URL") else []


def _how_far(step: StepOverview) -> str:
    if step.status == StepStatus.DONE:
        return f"done, {words.result(step)}"
    return ", ".join([words.progress(step), *words.exceptions(step)])


def _facts(run: RunOverview) -> dict[str, Any]:
    progress = progress_of(run)
    return {
        "run": run.id,
        "app": run.app,
        "name": run.name,
        "migration": run.migration,
        "phase": run.phase,
        "direction": run.direction,
        "status": str(run.status),
        "percent": progress.percent,
        "rows": progress.rows,
        "rows_failed": sum(step.failed for step in run.steps),
        "rows_conflicting": sum(step.conflicting for step in run.steps),
    }
