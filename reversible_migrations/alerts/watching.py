"""
One look at the runs of a database: what is wrong is told, what is no longer wrong too, each once.

The running process, ``watch_runs`` and a web server may all look at the same time: see ``claims``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now

from ..databases import database
from ..models import Alert, Verification
from ..overview import RunOverview, require_tables
from ..states import AlertKind, AlertLevel
from . import claims, messages
from .conditions import CONDITIONS, Facts, Sign, mismatch, signs
from .dispatch import Delivery, dispatch
from .facts import read_facts, runs_to_look_at
from .messages import Message
from .options import Options, options


@dataclass(frozen=True)
class Told:
    """A message, and what became of it at each outlet that takes its level."""

    message: Message
    deliveries: tuple[Delivery, ...]

    @property
    def is_sent(self) -> bool:
        return all(delivery.is_sent for delivery in self.deliveries)


@dataclass(frozen=True)
class Lookout:
    """A look at the database ``alias`` with what the project wants."""

    alias: str
    options: Options

    def at_runs(self, runs: Sequence[int]) -> list[Told]:
        """Tell what there is to tell of ``runs``."""
        told: list[Told] = []
        for facts, now in read_facts(self.alias, runs):
            found = signs(facts, self.options.limits, now)
            told += [each for name, sign in found.items() for each in self._begun(name, sign, facts, now)]
            told += self._ended(found, facts.run, now)
        return told

    def at_what_is_owed(self) -> list[Told]:
        """Send again what outlets have not taken, as things stand now."""
        told: list[Told] = []
        for alert in claims.owing(self.alias):
            known = next(iter(read_facts(self.alias, [alert.run_id])), None) if alert.run_id else None
            if known is None:
                continue
            facts, now = known
            message = self._again(alert, facts, now)
            taken = claims.claim_retry(self.alias, alert) if message is not None else None
            if message is not None and taken is not None:
                told.append(self._sent(taken, message))
        return told

    def at_mismatches(self, sign: Sign | None, now: datetime) -> list[Told]:
        """Tell that the database does not verify; without a ``sign``, that it does again."""
        condition = CONDITIONS["mismatch"]
        if sign is None:
            open_ = Alert.objects.using(self.alias).filter(subject=claims.DATABASE, condition=condition.name)
            known = open_.filter(resolved_at=None).first()
            return [] if known is None else self._over(known, None, now)
        level = self.options.level_of(condition)
        if level is None:
            return []
        outlets = self.options.outlets_for(level)
        alert = claims.claim(self.alias, None, condition, sign, level, outlets, self.options.remind_seconds)
        if alert is None:
            owing = (each for each in claims.owing(self.alias) if each.subject == claims.DATABASE)
            alert = next((taken for each in owing if (taken := claims.claim_retry(self.alias, each))), None)
        if alert is None:
            return []
        return [self._sent(alert, messages.mismatch(alert.message_id, sign, level, self.alias, now))]

    def at_last_verification(self) -> list[Told]:
        """Tell what was found when the whole database was last verified; that all is well only if all was looked at."""
        last = Verification.objects.using(self.alias).annotate(now=Now()).order_by("pk").last()
        if last is None or (not last.mismatches and last.unchecked):
            return []
        sign = mismatch(last.mismatches, f" on {last.at:%Y-%m-%d at %H:%M}") if last.mismatches else None
        return self.at_mismatches(sign, last.now)

    def _begun(self, name: str, sign: Sign, facts: Facts, now: datetime) -> list[Told]:
        condition = CONDITIONS[name]
        level = self.options.level_of(condition, sign.level)
        if level is None:
            return []
        outlets = self.options.outlets_for(level)
        run = facts.run
        alert = claims.claim(self.alias, run.id, condition, sign, level, outlets, self.options.remind_seconds)
        if alert is None:
            return []
        return [self._sent(alert, messages.alert(alert.message_id, name, sign, level, run, self.alias, now))]

    def _ended(self, found: dict[str, Sign], run: RunOverview, now: datetime) -> list[Told]:
        over = [alert for alert in claims.unended(self.alias, [run.id]) if alert.condition not in found]
        return [told for alert in over for told in self._over(alert, run, now)]

    def _over(self, alert: Alert, run: RunOverview | None, now: datetime) -> list[Told]:
        level = AlertLevel(alert.level)
        taken = claims.claim_end(self.alias, alert, self.options.outlets_for(level))
        if taken is None or taken.condition not in CONDITIONS:
            return []
        if run is None:
            return [self._sent(taken, messages.mismatch(taken.message_id, None, level, self.alias, now))]
        return [self._sent(taken, messages.recovery(taken.message_id, taken.condition, level, run, self.alias, now))]

    def _again(self, alert: Alert, facts: Facts, now: datetime) -> Message | None:
        """Return what is still to be told by ``alert``, or None if that is not so any more."""
        level, run = AlertLevel(alert.level), facts.run
        if alert.kind == AlertKind.RECOVERY:
            return messages.recovery(alert.message_id, alert.condition, level, run, self.alias, now)
        sign = signs(facts, self.options.limits, now).get(alert.condition)
        if sign is None:
            return None
        return messages.alert(alert.message_id, alert.condition, sign, level, run, self.alias, now)

    def _sent(self, alert: Alert, message: Message) -> Told:
        owed = alert.owed_to
        deliveries = dispatch(message, [outlet for outlet in self.options.outlets if outlet.name in owed])
        claims.note(self.alias, alert, deliveries)
        return Told(message, tuple(deliveries))


def watch(alias: str, runs: Sequence[int] | None = None) -> list[Told]:
    """
    Look at ``runs``, or at all that there may be something to tell of; return what was told.

    That is, besides runs, what the last ``verify_migrations`` of the whole database has found.

    Raise ``LedgerMissing`` where this app's tables are not in the database, ``ValueError`` for a setting ``ALERTS``
    that makes no sense.
    """
    require_tables(database(alias))
    lookout = Lookout(alias, options())
    limits = lookout.options.limits
    told = lookout.at_runs(runs_to_look_at(alias, limits.expiring_days) if runs is None else runs)
    if runs is not None:
        return told
    return [*told, *lookout.at_last_verification(), *lookout.at_what_is_owed()]
