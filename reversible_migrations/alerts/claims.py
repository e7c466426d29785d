"""
Who tells what: rows of ``Alert``, claimed in the database, so that of two evaluators at once only one tells.

A claim that its process did not live to fulfil, and what an outlet did not take, is claimed again after
``RETRY_SECONDS``, ``MOST_TRIES`` times at the most.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from ..models import Alert
from ..states import AlertKind, AlertLevel
from .conditions import Condition, Sign
from .dispatch import Delivery
from .outlets import Outlet

DATABASE = "database"  # the subject of what is not about one run
GROWN = 10  # times as much as when it was told last is told again
RETRY_SECONDS = 120.0
MOST_TRIES = 10


def subject_of(run: int | None) -> str:
    return DATABASE if run is None else f"run {run}"


def claim(
    alias: str,
    run: int | None,
    condition: Condition,
    sign: Sign,
    level: AlertLevel,
    outlets: Sequence[Outlet],
    remind_seconds: float | None = None,
) -> Alert | None:
    """Return the alert if it is the caller's to tell; None if it was told, or another one tells it just now."""
    known = _known(alias, run, condition)
    if known is None:
        return _first(alias, run, condition, sign, level, outlets)
    if not _is_news(known, condition, sign, level, remind_seconds, alias):
        return None
    again = known.resolved_at is not None and condition.lasts
    return _take(
        known, alias, outlets, number=F("number") + 1, tries=1, kind=AlertKind.ALERT, level=level, size=sign.size,
        **({"first_at": Now()} if again else {}), **({"resolved_at": None} if condition.lasts else {}),
    )  # fmt: skip


def claim_end(alias: str, alert: Alert, outlets: Sequence[Outlet]) -> Alert | None:
    """Return the alert if it is the caller's to tell that it is over."""
    return _take(
        alert, alias, outlets, number=F("number") + 1, tries=1, kind=AlertKind.RECOVERY, size=0, resolved_at=Now()
    )


def claim_retry(alias: str, alert: Alert) -> Alert | None:
    """Return the alert if it is the caller's to send what some outlets have not taken."""
    return _take(alert, alias, None, tries=F("tries") + 1)


def unended(alias: str, runs: Iterable[int]) -> list[Alert]:
    """Return the alerts of ``runs`` that lasted when they were last looked at."""
    return list(Alert.objects.using(alias).filter(run__in=list(runs), resolved_at=None))


def owing(alias: str) -> list[Alert]:
    """Return the alerts that some outlet has not taken, and that nobody has tried to send for a while."""
    before = Now() - timedelta(seconds=RETRY_SECONDS)
    found = Alert.objects.using(alias).exclude(owed="").filter(tries__lt=MOST_TRIES, claimed_at__lt=before)
    return list(found.order_by("pk"))


def note(alias: str, alert: Alert, deliveries: Sequence[Delivery]) -> None:
    """Write down who has taken the message and who has not, unless somebody else has claimed it since."""
    owed = "\n".join(delivery.outlet for delivery in deliveries if not delivery.is_sent)
    sent = {"sent_at": Now()} if any(delivery.is_sent for delivery in deliveries) else {}
    Alert.objects.using(alias).filter(pk=alert.pk, turn=alert.turn).update(owed=owed, **sent)


def _known(alias: str, run: int | None, condition: Condition) -> Alert | None:
    return Alert.objects.using(alias).filter(subject=subject_of(run), condition=condition.name).first()


def _first(
    alias: str, run: int | None, condition: Condition, sign: Sign, level: AlertLevel, outlets: Sequence[Outlet]
) -> Alert | None:
    alert = Alert(
        subject=subject_of(run), run_id=run, condition=condition.name, level=level, size=sign.size,
        owed=_names(outlets), first_at=Now(), claimed_at=Now(), resolved_at=None if condition.lasts else Now(),
    )  # fmt: skip
    try:
        with transaction.atomic(using=alias):
            alert.save(using=alias)
    except IntegrityError:
        return None  # another evaluator was first; or the run is gone
    return alert


def _is_news(
    known: Alert, condition: Condition, sign: Sign, level: AlertLevel, remind_seconds: float | None, alias: str
) -> bool:
    if sign.size >= GROWN * max(1, known.size):
        return True
    if not condition.lasts:
        return False
    if known.resolved_at is not None or not AlertLevel(known.level).is_at_least(level):
        return True
    if remind_seconds is None:
        return False
    before = Now() - timedelta(seconds=remind_seconds)
    return Alert.objects.using(alias).filter(pk=known.pk, claimed_at__lt=before).exists()


def _take(alert: Alert, alias: str, outlets: Sequence[Outlet] | None, **changes: object) -> Alert | None:
    owed = {} if outlets is None else {"owed": _names(outlets)}
    rows = Alert.objects.using(alias).filter(pk=alert.pk, turn=alert.turn)
    if not rows.update(turn=F("turn") + 1, claimed_at=Now(), **owed, **changes):
        return None
    alert.refresh_from_db(using=alias)
    return alert


def _names(outlets: Sequence[Outlet]) -> str:
    return "\n".join(outlet.name for outlet in outlets)
