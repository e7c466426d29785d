"""What the list shows of one run: made from the very message that watchers are sent of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from ..overview import RunOverview
from ..progress.messages import STATUS, message
from ..run_list import ListedRun
from ..states import Direction, RunStatus
from . import wording

IN_ENGLISH = ("gauge", "owner", "waiting", "error", "next")  # the engine's own words, as in the terminal


@dataclass(frozen=True)
class Fact:
    name: str
    label: str
    text: str
    is_english: bool


@dataclass(frozen=True)
class PhaseMark:
    """One of the four phases: ``state`` is "done", "current" or "ahead", ``said`` is that in words."""

    number: int
    title: str
    state: str
    said: str


@dataclass(frozen=True)
class Card:
    key: str
    run: RunOverview
    message: dict[str, Any]
    url: str
    status: str
    percent_text: str
    rows_text: str
    took: str
    facts: list[Fact]
    phases: list[PhaseMark]


def cards(listed: Iterable[ListedRun]) -> list[Card]:
    return [card(each) for each in listed]


def card(listed: ListedRun) -> Card:
    run = listed.run
    sent = message(STATUS, run, listed.alias, listed.number)
    texts = wording.facts(sent)
    return Card(
        key=f"{listed.alias}-{run.id}",
        run=run,
        message=sent,
        url=run_url(listed.alias, run.id),
        status=wording.status_words()[run.status],
        percent_text=texts["percent"],
        rows_text=wording.number(run.rows),
        took=took(run),
        facts=[Fact(name, label, texts[name], name in IN_ENGLISH) for name, label in labels().items()],
        phases=phase_marks(run),
    )


def labels() -> dict[str, str]:
    """Return the names of the facts of a run, in the order in which they are read."""
    return {
        "waiting": _("Waits because"),
        "error": _("Error"),
        "next": _("What to do"),
        "step": _("Step"),
        "rows": _("Rows"),
        "rate": _("Rate"),
        "left": _("Time left"),
        "batch": _("Batch size"),
        "gauge": _("Nearest to its limit"),
        "owner": _("Run by"),
        "heartbeat": _("Heartbeat"),
    }


def took(run: RunOverview) -> str:
    """Return how long a run took from its begin to its end, waits included."""
    if run.started_at is None or run.finished_at is None:
        return ""
    return wording.duration(max(0.0, (run.finished_at - run.started_at).total_seconds()))


def run_url(alias: str, run: int) -> str:
    try:
        return reverse("reversible_migrations:run", args=[alias, run])
    except NoReverseMatch:
        return ""


def phase_marks(run: RunOverview) -> list[PhaseMark]:
    """Return the four phases of a migration in phases, as far as they are by ``run``; nothing of another."""
    names = list(wording.phase_words())
    if run.phase not in names:
        return []
    here = names.index(run.phase)
    is_applied = run.direction == Direction.FORWARDS and run.status == RunStatus.DONE
    said = {"done": _("done"), "current": wording.status_words()[run.status], "ahead": _("not yet")}
    marks = []
    for place, title in enumerate(wording.phase_words().values()):
        state = "done" if place < here or (place == here and is_applied) else "current" if place == here else "ahead"
        marks.append(PhaseMark(place + 1, title, state, said[state]))
    return marks
