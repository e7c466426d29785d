"""What watching costs a run, and how long a committed batch takes to a watcher; with Redis and without."""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.pairs import Pair
from benchmarks.watched import Batch, watched_batches

WATCHERS = 200
DEAD = "redis://127.0.0.1:1/0"
WANTED = {"Redis": 1.0, "the ledger": 2.0}  # seconds, p95
MOST_SHARE = 0.01
PAUSE_SECONDS = 0.05  # between batches of the run whose messages are timed


@dataclass
class Latency:
    """The seconds from the commit of each batch until it is counted at this place."""

    way: str
    place: str = "a message at a WebSocket"
    seconds: list[float] = field(default_factory=list)

    @property
    def p50(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.seconds, n=20)[-1]

    @property
    def reached(self) -> bool:
        return self.p95 < WANTED[self.way]


@dataclass
class Telling:
    """
    The processor time that telling takes of the migrating process, as shares of the run's time, turn by turn.

    It stands beside the times of the pairs because 1 % cannot be seen in those: two runs of one kind differ by more.
    """

    way: str
    shares: list[float] = field(default_factory=list)

    @property
    def share(self) -> float:
        return statistics.median(self.shares)

    @property
    def reached(self) -> bool:
        return self.share < MOST_SHARE


def measure(rows: int, repeats: int, say: Callable[[str], Any]) -> dict[str, Any]:
    """Return pairs and latencies as plain values."""
    on = Pair("update, told by Redis", "the same, not told", 0.99, rows)
    dead = Pair("update, Redis is down", "the same, not told", 0.99, rows)
    hanging = Pair("update, Redis hangs", "the same, not told", 0.99, rows)
    by_redis = Pair(f"update, {WATCHERS} watchers by Redis", "the same, not watched", 0.95, rows)
    by_ledger = Pair(f"update, {WATCHERS} watchers by the ledger", "the same, not watched", 0.95, rows)
    latencies = [Latency(way) for way in WANTED]
    telling = [Telling(pair.name.removeprefix("update, ")) for pair in (on, dead, hanging)]
    import channels_redis.core  # noqa: F401 - once in a process, 0.1 s of a processor, beside whatever it does

    with redis_server() as (url, process):
        for turn in range(1, repeats + 1):
            say(f"turn {turn} of {repeats}: what telling costs")
            _cost(on, telling[0], turn, url)
            _cost(dead, telling[1], turn, DEAD)
            process.send_signal(signal.SIGSTOP)
            _cost(hanging, telling[2], turn, url)
            process.send_signal(signal.SIGCONT)
            say(f"turn {turn} of {repeats}: what {WATCHERS} watchers cost")
            _watched(by_redis, turn, url)
            _watched(by_ledger, turn, "")
            say(f"turn {turn} of {repeats}: how soon a watcher knows")
            for latency in latencies:
                latency.seconds += _timed_messages(rows, url if latency.way == "Redis" else "")
    pairs = [on, dead, hanging, by_redis, by_ledger]
    for pair in pairs:
        say(f"    {pair.name}: ratio {pair.ratio:.3f}")
    return {
        "pairs": [asdict(pair) for pair in pairs],
        "latencies": [asdict(latency) for latency in latencies],
        "telling": [asdict(way) for way in telling],
    }


def _cost(pair: Pair, telling: Telling, turn: int, url: str) -> None:
    spent = {layer: _update(pair.rows, layer) for layer in ((url, "") if turn % 2 else ("", url))}
    pair.ours.append(spent[url].seconds)
    pair.plain.append(spent[""].seconds)
    telling.shares.append((spent[url].processor - spent[""].processor) / spent[""].seconds)


def _watched(pair: Pair, turn: int, url: str) -> None:
    turns = [(pair.ours, WATCHERS), (pair.plain, 0)]
    for seconds, watchers in turns if turn % 2 else reversed(turns):
        with server(url) as port, watching(port, watchers):
            seconds.append(_update(pair.rows, url).seconds)


def _timed_messages(rows: int, url: str) -> list[float]:
    with server(url) as port, watching(port, 1) as came:
        batches = timed_batches(rows, url)
    return lags(batches, came)


def timed_batches(rows: int, url: str) -> list[Batch]:
    """Return the batches of an update in 200 of them, with a pause after each."""
    with watched_batches() as batches:
        _update(rows, url, pause_seconds=PAUSE_SECONDS, batch_size=rows // 200)
    return batches


def lags(batches: list[Batch], came: list[tuple[float, int]]) -> list[float]:
    """Return for each batch how long it took until a number came that counts it."""
    found, seen = [], 0
    for committed, count, _ in batches:
        seen += count
        found.append(next((moment - committed for moment, processed in came if processed >= seen), None))
    return [max(0.0, seconds) for seconds in found if seconds is not None]


class Spent(NamedTuple):
    seconds: float
    processor: float  # seconds, of all threads of this process


def _update(rows: int, url: str, **attributes: Any) -> Spent:
    """Return what an update takes, told through Redis at ``url`` if there is one; without gauges."""
    from benchmarks import ways

    ways.start_over(rows)
    tell_through(url)
    given = {"batch_size": ways.BATCH, "limits": dict.fromkeys(ways.gauge_names()), **attributes}
    patch = ways.OurWay(ways.our_update, **given)
    began = time.process_time()
    return Spent(ways.timed(patch.forwards), time.process_time() - began)


def tell_through(url: str) -> None:
    """Use this channel layer from now on, and a sender that knows nothing of those before."""
    from channels.layers import channel_layers
    from django.conf import settings

    from benchmarks.settings import layers
    from reversible_migrations.progress.broadcast import BROADCAST
    from reversible_migrations.progress.sender import Sender

    BROADCAST.sender.end()
    settings.CHANNEL_LAYERS = layers(url)
    channel_layers.backends = {}
    BROADCAST.sender = Sender()


@contextmanager
def server(url: str) -> Iterator[int]:
    """Yield the port of a server on this database, that listens to Redis at ``url``."""
    command = [sys.executable, "-m", "benchmarks.live_server"]
    environment = {**os.environ, "BENCH_REDIS_URL": url}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@contextmanager
def watching(port: int, number: int) -> Iterator[list[tuple[float, int]]]:
    """Let so many watch inside the block; what came to the first is in the list afterwards."""
    if not number:
        yield []
        return
    with noted_by("live_watchers", str(port), str(number)) as came:
        yield came


@contextmanager
def noted_by(module: str, *arguments: str) -> Iterator[list[tuple[float, int]]]:
    """Let a module of the benchmarks watch inside the block; what it has noted is in the list afterwards."""
    came: list[tuple[float, int]] = []
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield came
            time.sleep(3)  # for what is on its way
            said, _ = process.communicate("")
            came += [(moment, processed) for moment, processed in json.loads(said)]
        finally:
            process.kill()


@contextmanager
def redis_server() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Yield the address of a Redis server of its own, and its process."""
    program = shutil.which("redis-server")
    if program is None:
        raise SystemExit("redis-server is not installed (on Debian: apt-get install redis-server)")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", folder]
        process = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
        try:
            while not path.exists() and process.poll() is None:
                time.sleep(0.05)
            yield f"unix://{path}", process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
