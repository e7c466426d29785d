"""How long a committed batch takes to the pixels of the page in a real browser; with Redis and without."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from benchmarks.live import WANTED, Latency, lags, noted_by, redis_server, timed_batches

PLACE = "painted by Chromium"


def measure(rows: int, repeats: int, say: Callable[[str], Any]) -> list[dict[str, Any]]:
    """Return the latencies as plain values."""
    latencies = [Latency(way, PLACE) for way in WANTED]
    with redis_server() as (url, _):
        for turn in range(1, repeats + 1):
            say(f"turn {turn} of {repeats}: how soon a page in a browser shows it")
            for latency in latencies:
                latency.seconds += _painted(rows, url if latency.way == "Redis" else "")
    return [asdict(latency) for latency in latencies]


def _painted(rows: int, url: str) -> list[float]:
    with page(url) as (address, session), noted_by("live_browser", address, session) as came:
        batches = timed_batches(rows, url)
    return lags(batches, came)


@contextmanager
def page(url: str) -> Iterator[tuple[str, str]]:
    """Yield the address of the example project on this database, that listens to Redis at ``url``, and a session."""
    given = {"DATABASE_URL": os.environ["BENCH_DATABASE_URL"], "REDIS_URL": url}
    environment = {**os.environ, **given, "DJANGO_SETTINGS_MODULE": "project.settings.postgresql"}
    command = [sys.executable, "-m", "benchmarks.live_page"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            address, session = json.loads(process.stdout.readline())
            yield address, session
        finally:
            process.kill()
