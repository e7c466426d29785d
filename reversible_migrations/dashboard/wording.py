"""
Numbers and times of a run in the reader's language.

``texts`` are given to the page's script as well, which fills in what arrives later in the same words.
"""

from collections.abc import Sequence
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from ..states import RunStatus

MINUTE, HOUR, DAY = 60, 3600, 86_400
UNITS = ((90 * MINUTE, MINUTE, "minutes"), (2 * DAY, HOUR, "hours"), (float("inf"), DAY, "days"))


def texts() -> dict[str, str]:
    """Return the sentences with gaps that server and script fill, by names."""
    return {
        "seconds": _("{number} s"),
        "minutes": _("{number} min"),
        "hours": _("{number} h"),
        "days": _("{number} days"),
        "percent": _("{number} %"),
        "rows": _("{seen} rows"),
        "rows_of": _("{seen} of {total} rows"),
        "rate": _("{number} rows/s"),
        "about": _("about {time}"),
        "between": _("{low} to {high}"),
        "at_least": _("{low} or more"),
        "ago": _("{time} ago"),
        "step": _("{number}: {title}"),
        "workers": _("{batch}, {number} workers"),
    }


def connection_words() -> dict[str, str]:
    """Return what the script says of its connection, and what it reads aloud."""
    return {
        "connecting": _("Connecting"),
        "live": _("Live"),
        "polling": _("No live connection: asked again every few seconds"),
        "stale": _("Offline: this is how it was at {time}"),
        "ended": _("Your session has ended."),
        "forbidden": _("You are no longer allowed to see this."),
        "sign_in": _("Sign in again"),
        "now": _("{migration}: {status}"),
        "reached": _("{migration}: {percent}"),
    }


def status_words() -> dict[str, str]:
    """Return the names of the statuses of runs."""
    return {
        "running": _("running"),
        "paused": _("paused"),
        "interrupted": _("interrupted"),
        "cancelled": _("cancelled"),
        "failed": _("failed"),
        "done": _("done"),
        "undoing": _("undoing"),
        "undone": _("undone"),
    }


def phase_words() -> dict[str, str]:
    """Return the names of the four phases, in order."""
    return {
        "prepare": _("prepare"),
        "migrate_data": _("migrate data"),
        "switch": _("switch"),
        "cleanup": _("cleanup"),
    }


def number(value: float) -> str:
    return number_format(round(value), force_grouping=True)


def duration(seconds: float) -> str:
    """Return 12 s, 5 min, 3 h or 4 days."""
    if seconds < 90:
        return texts()["seconds"].format(number=number(round(seconds)))
    unit, name = next((unit, name) for below, unit, name in UNITS if seconds < below)
    return texts()[name].format(number=number(round(seconds / unit)))


def time_left(eta: Sequence[float | None] | None) -> str:
    """Return 5 min to 7 min, about 12 s, 2 h or more, or nothing where it is not known."""
    if eta is None or eta[0] is None:
        return ""
    low, high = duration(eta[0]), None if eta[1] is None else duration(eta[1])
    if high is None:
        return texts()["at_least"].format(low=low)
    return texts()["about"].format(time=low) if low == high else texts()["between"].format(low=low, high=high)


def rows(message: dict[str, Any]) -> str:
    """Return 120,000 of ~336,776 rows, or 120,000 rows where there is no total."""
    seen = number(message["processed"])
    if message["total"] is None:
        return texts()["rows"].format(seen=seen)
    total = f"{'~' if message['total_is_estimate'] else ''}{number(message['total'])}"
    return texts()["rows_of"].format(seen=seen, total=total)


def facts(message: dict[str, Any]) -> dict[str, str]:
    """Return what is shown of a run, by names; what is not known is empty. The script's ``words.js`` does the same."""
    words, step, rate, batch = texts(), message["step"], message["rate"], message["batch_size"]
    percent, age, workers = message["percent"], message["heartbeat_seconds"], message["workers"] or 1
    batch_words = "" if batch is None else number(batch)
    return {
        "percent": "" if percent is None else words["percent"].format(number=percent),
        "rows": rows(message),
        "rate": "" if rate is None else words["rate"].format(number=number(rate)),
        "left": time_left(message["eta"]),
        "step": words["step"].format(**step) if step else "",
        "batch": words["workers"].format(batch=batch_words, number=workers) if workers > 1 else batch_words,
        "gauge": message["gauge"].replace(" %", "\N{NO-BREAK SPACE}%"),
        "owner": message["owner"],
        "heartbeat": "" if age is None else words["ago"].format(time=duration(age)),
        "waiting": message["waiting"],
        "error": message["error"],
        "next": "" if message["status"] == RunStatus.RUNNING else message["next"],
    }
