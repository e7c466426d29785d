"""What of an event may leave for Sentry: names and numbers, no values of rows. Pure: events in, events out."""

from typing import Any

OURS = "reversible_migrations"

Event = dict[str, Any]


def without_values(event: Event, hint: Any = None) -> Event:
    """
    Return ``event`` without what may hold values of rows.

    These are the local variables of all frames, the texts of all errors that are not ours (a database says
    "Key (email)=(x) already exists", a patch what it likes), breadcrumbs, and the parameters of queries and log lines.
    """
    for error in _values_of(event, "exception"):
        if not (error.get("module") or "").startswith(OURS):
            error["value"] = ""
        (error.get("mechanism") or {}).pop("data", None)
        _strip_frames(error)
    for thread in _values_of(event, "threads"):
        _strip_frames(thread)
    _strip_frames(event)
    event.pop("breadcrumbs", None)
    for name in ("params", "formatted"):
        (event.get("logentry") or {}).pop(name, None)
    for span in event.get("spans") or ():
        _strip_query(span)
    return event


def without_values_of_ours(event: Event, hint: Any = None) -> Event:
    """Return the same for an event of a failed run that somebody else sends later, any other event as it is."""
    return without_values(event) if is_about_a_run(event) else event


def is_about_a_run(event: Event) -> bool:
    """Return whether one of the errors of ``event`` came through our code."""
    for error in _values_of(event, "exception"):
        modules = [error.get("module"), *(frame.get("module") for frame in _frames_of(error))]
        if any((module or "").partition(".")[0] == OURS for module in modules):
            return True
    return False


def _values_of(event: Event, name: str) -> list[Event]:
    found = event.get(name) or {}
    values = found.get("values") if isinstance(found, dict) else found
    return [value for value in values or () if isinstance(value, dict)]


def _frames_of(holder: Event) -> list[Event]:
    return [frame for frame in (holder.get("stacktrace") or {}).get("frames") or () if isinstance(frame, dict)]


def _strip_frames(holder: Event) -> None:
    for frame in _frames_of(holder):
        frame.pop("vars", None)


def _strip_query(span: Event) -> None:
    if str(span.get("op", "")).startswith("db"):
        for name in [name for name in span.get("data") or () if name.startswith("db.param")]:
            del span["data"][name]
