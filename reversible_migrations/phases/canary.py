"""
Watching a database after a deploy, before the next one is touched.

What is watched are the gauges of load control, those of the project too: the application's error rate or
p95 by an ``HttpProbe`` says most.
"""

import time
from collections.abc import Callable

from ..conf import setting
from ..databases import database
from ..exceptions import CanaryFailed
from ..load.gauges import build_gauges
from ..load.pace import Reading
from ..load.sampler import Sampler

PATIENCE_SECONDS = 15.0  # that a gauge may stay at its limit: one slow request is no reason to stop a deploy
LOOK_SECONDS = 1.0


def watch(
    alias: str,
    seconds: float,
    tell: Callable[[str], object] = lambda text: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """
    Watch the gauges of a database for ``seconds``; return if nothing was wrong.

    Raise ``CanaryFailed`` as soon as one has been at or above its limit for 15 s, or has had no reading for as long.
    """
    db = database(alias)
    sampler = Sampler(alias, build_gauges(db, setting("LIMITS"), setting("GAUGES")), db.has_sessions, clock=clock)
    since: dict[str, float] = {}
    began = clock()
    sampler.start()
    try:
        while clock() - began < seconds:
            sleep(min(LOOK_SECONDS, seconds))
            for reading in sampler.readings():
                _judge(alias, reading, since, clock(), tell)
    finally:
        sampler.stop()


def _judge(alias: str, reading: Reading, since: dict[str, float], now: float, tell: Callable[[str], object]) -> None:
    if reading.is_blind:
        raise _failed(alias, f"{reading.gauge} could not be read for {reading.age_seconds:.0f} s: {reading.detail}.")
    if (reading.pressure or 0.0) < 1.0:
        since.pop(reading.gauge, None)
        return
    if reading.gauge not in since:
        since[reading.gauge] = now
        tell(f"{in_words(reading)}.")
    if now - since[reading.gauge] >= PATIENCE_SECONDS:
        raise _failed(alias, f"{in_words(reading)}, for {PATIENCE_SECONDS:.0f} s.")


def in_words(reading: Reading) -> str:
    unit = f" {reading.unit}".replace(" %", "%")
    what = f"{reading.gauge} {reading.detail}".strip()
    return f"{what} is at {reading.value:,.1f}{unit}, limit {reading.limit:,.1f}{unit}"


def _failed(alias: str, what: str) -> CanaryFailed:
    return CanaryFailed(
        f"database {alias!r}",
        what,
        standing="It is migrated; no other database was touched.",
        todo="Look after it, or undo it with `manage.py safe_rollback`; then run the same command again.",
    )
