"""What happened to a run, and what was asked of it, by whom and why: its events and wishes in one list."""

from dataclasses import dataclass
from datetime import datetime

from ..models import Event, Wish

MOST = 100
OF_WISHES = "heeded"  # events that say of a wish what the wish itself says better


@dataclass(frozen=True)
class Entry:
    """
    An event, or a wish (``kind`` is "pause", "set" ...), with who and why.

    ``options`` are the settings that a wish changes; ``heeded_at`` is None while it is not heeded.
    """

    at: datetime
    kind: str
    text: str = ""
    by: str = ""
    reason: str = ""
    options: str = ""
    is_wish: bool = False
    heeded_at: datetime | None = None


def read_entries(run: int, alias: str, most: int = MOST) -> list[Entry]:
    """Return the newest ``most`` events and wishes of a run, newest first, without its progress; two queries."""
    events = Event.objects.using(alias).filter(run_id=run).exclude(kind__in=["progress", "waited", OF_WISHES])
    wishes = Wish.objects.using(alias).filter(run_id=run).order_by("-pk")[:most]
    found = [*map(_of_event, events.order_by("-pk")[:most]), *map(_of_wish, wishes)]
    return sorted(found, key=lambda entry: entry.at, reverse=True)[:most]


def _of_event(event: Event) -> Entry:
    kind = str(event.facts.get("status", event.kind))
    return Entry(event.at, kind, event.text, event.facts.get("by", ""), event.facts.get("reason", ""))


def _of_wish(wish: Wish) -> Entry:
    return Entry(
        wish.at, wish.action, by=wish.by, reason=wish.reason, options=_in_words(wish.options), is_wish=True,
        heeded_at=wish.heeded_at,
    )  # fmt: skip


def _in_words(options: dict[str, object]) -> str:
    """Return ``{"BATCH_SIZE": 500, "LIMITS": {"cpu": 80}}`` as people type it: "batch_size=500 limit.cpu=80"."""
    limits = options.get("LIMITS", {})
    plain = [f"{name.lower()}={value}" for name, value in options.items() if name != "LIMITS"]
    return " ".join([*plain, *(f"limit.{name}={value}" for name, value in dict(limits).items())])  # type: ignore[call-overload]
