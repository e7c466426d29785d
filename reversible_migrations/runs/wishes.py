"""
What operators ask of a run, from any host: written into the ledger, heeded by whoever runs it.

A command and a page make the same wishes by the same calls. Each is recorded with who asked and why.
"""

import difflib
import time
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from ..conf import SETTINGS, Setting
from ..databases import database
from ..databases.base import Database
from ..exceptions import WishRefused
from ..models import Run, Wish
from ..states import IN_HAND, UNFINISHED, RunStatus, WishAction
from . import lease
from .control import in_words, paused_by
from .run import set_status

LIMIT = "limit."
NAP_SECONDS = 0.2


@dataclass(frozen=True)
class Granted:
    """
    What became of a wish. ``is_heeded`` False: the run has not come to the end of its batch yet.

    Or, without ``is_in_hand``, no process has it: changed settings count once it is gone on with.
    """

    wish: Wish
    is_heeded: bool
    is_in_hand: bool
    status: str


def make_wish(
    alias: str, run: Run, action: WishAction, by: str = "", reason: str = "", options: dict[str, Any] | None = None
) -> Wish:
    """
    Record what is wished of ``run``; return the wish.

    Raise ``WishRefused``, with nothing recorded, where it could not be heeded: of a run that is over, or, but
    for a cancellation and changed settings, of one that no process has in hand; or where it is so already.
    An unattended run that is cancelled is so at once.
    """
    db = database(alias)
    refuse_unfit(run, action, db)
    with transaction.atomic(using=alias):
        wish = Wish.objects.using(alias).create(
            run_id=run.pk, action=action, options=options or {}, by=by, reason=reason, at=Now()
        )
        if action == WishAction.CANCEL and lease.is_left(run, db):
            set_status(
                run, RunStatus.CANCELLED, alias, error=f"was cancelled by {in_words(wish)}.", owner={}, waiting=""
            )
            Wish.objects.using(alias).filter(pk=wish.pk).update(heeded_at=Now())
    return wish


def wait_for(wish: Wish, alias: str, seconds: float) -> Granted:
    """Wait until ``wish`` is heeded and, of a cancellation, the run has stopped; for ``seconds`` at the most."""
    db, until = database(alias), time.monotonic() + seconds
    while True:
        run = Run.objects.using(alias).get(pk=wish.run_id)
        wish.refresh_from_db(using=alias)
        is_left = lease.is_left(run, db)
        done = wish.heeded_at is not None and (wish.action != WishAction.CANCEL or run.status not in IN_HAND)
        if done or is_left or time.monotonic() >= until:
            return Granted(wish, done, not is_left, run.status)
        time.sleep(NAP_SECONDS)


def refuse_unfit(run: Run, action: WishAction, db: Database) -> None:
    """Raise ``WishRefused`` if ``action`` could not be heeded, or is so already."""
    if run.status not in UNFINISHED:
        raise WishRefused(f"run {run.pk} of {run.title}", f"is over: it is {run.status}.", "Nothing was changed.")
    if action == WishAction.CANCEL and run.status == RunStatus.CANCELLED:
        raise WishRefused(f"run {run.pk} of {run.title}", "is cancelled already.", "Nothing was changed.")
    if action in (WishAction.CANCEL, WishAction.SET):
        return
    if not lease.is_left(run, db):
        _refuse_what_is_so(run, action, db)
        return
    undo = f"`manage.py safe_rollback {run.app} --run {run.undoes_id or run.pk}`"
    way = undo if run.undoes_id else f"`{run.command}` goes on with it, {undo} undoes it"
    raise WishRefused(
        f"run {run.pk} of {run.title}",
        f"is {run.status}, and no process has it in hand.",
        "Nothing was changed.",
        f"{way}.",
        run=run.pk,
    )


def _refuse_what_is_so(run: Run, action: WishAction, db: Database) -> None:
    wishes = Wish.objects.using(db.alias).filter(run_id=run.pk, action__in=[WishAction.PAUSE, WishAction.RESUME])
    last = wishes.last()
    # Of a pause that was heeded by a process that is gone, the run does not say any more that it waits for it.
    pause = last if last and last.action == WishAction.PAUSE else None
    is_paused = pause is not None and (pause.heeded_at is None or run.waiting == paused_by(pause))
    where = f"run {run.pk} of {run.title}"
    if action == WishAction.PAUSE and pause is not None and is_paused:
        raise WishRefused(where, f"is {paused_by(pause)} already.", "Nothing was changed.")
    if action == WishAction.RESUME and not is_paused:
        waits = f" It waits: {run.waiting}. Other settings may let it go on: `set`." if run.waiting else ""
        raise WishRefused(where, "is not paused by anybody.", f"Nothing was changed.{waits}")


# Settings as people type them


def options_of(texts: list[str]) -> dict[str, Any]:
    """
    Return the settings that ``batch_size=500 limit.cpu=80`` means: ``{"BATCH_SIZE": 500, "LIMITS": {"cpu": 80.0}}``.

    Raise ``WishRefused`` for a name that is not known, with the nearest one, or a value that does not fit.
    """
    options: dict[str, Any] = {}
    for text in texts:
        name, found, value = text.partition("=")
        if not found:
            raise refused(text, "is no setting.", "Write it as name=value, for example batch_size=500.")
        if name.lower().startswith(LIMIT):
            options.setdefault("LIMITS", {})[name[len(LIMIT) :].lower()] = _limit(text, value)
        else:
            options[name.upper()] = _value(text, name.upper(), value)
    return options


def _value(text: str, name: str, value: str) -> Any:
    changeable = {known: setting for known, setting in SETTINGS.items() if setting.is_own and known != "LIMITS"}
    if name not in changeable:
        near = difflib.get_close_matches(name, changeable, 1) or sorted(changeable)
        raise refused(text, "is not known.", f"Known are {', '.join(known.lower() for known in near)}.")
    setting = changeable[name]
    converted = _converted(value, setting)
    fault = setting.fault_of(converted)
    if fault:
        raise refused(text, f"{fault}.", f"It is: {setting.meaning}.")
    return converted


def _converted(value: str, setting: Setting) -> Any:
    """Return ``value`` as the type that ``setting`` has, or as it is."""
    kinds = setting.type if isinstance(setting.type, tuple) else (setting.type,)
    if type(None) in kinds and value.lower() in ("", "none"):
        return None
    for kind in (int, float):
        try:
            if kind in kinds:
                return kind(value)
        except ValueError:
            continue
    return value


def _limit(text: str, value: str) -> float | None:
    if value.lower() in ("", "none"):
        return None
    try:
        return float(value)
    except ValueError:
        raise refused(text, "is no number.", "None switches a gauge off.") from None


def refused(text: str, what: str, todo: str) -> WishRefused:
    return WishRefused(repr(text), what, "Nothing was changed.", todo)
