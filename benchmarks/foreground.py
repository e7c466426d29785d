"""
What an application beside a patch feels: pgbench at a fixed rate on the rows that are being patched.

Each turn measures the same seconds without a patch, beside the fixed schedule (1,000 rows and a pause), and beside
our own pace. Latencies are pgbench's, from the moment a transaction was due.
"""

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPT = """
\\set id random(1, {rows})
\\set other random(1, {rows})
BEGIN;
UPDATE products_product SET stock = stock + 1 WHERE id = :id;
SELECT name, price FROM products_product WHERE id = :other;
COMMIT;
"""
CLIENTS = 4
SHARE = 0.30  # of what the machine carries
WARM_UP_SECONDS = 2.0
MODES = ("nothing", "fixed", "adaptive")


@dataclass
class Beside:
    """The latencies of the application beside one way of patching (seconds), and the patch's own rate (rows/s)."""

    mode: str
    p50: list[float] = field(default_factory=list)
    p95: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rate: list[float] = field(default_factory=list)


@dataclass
class Foreground:
    """All ways beside the same load. ``noise`` is how far two turns without a patch are apart, as a share."""

    per_second: float
    ways: dict[str, Beside]

    def ratio(self, mode: str, name: str) -> float:
        """Return the median, over the turns, of a percentile beside ``mode`` to that without a patch."""
        pairs = zip(getattr(self.ways[mode], name), getattr(self.ways["nothing"], name), strict=True)
        return statistics.median(ours / alone for ours, alone in pairs)

    def noise(self, name: str) -> float:
        values = getattr(self.ways["nothing"], name)
        return (max(values) - min(values)) / statistics.median(values)

    @property
    def faster(self) -> float:
        """Return how many times the fixed schedule's rate our pace has."""
        return statistics.median(self.ways["adaptive"].rate) / statistics.median(self.ways["fixed"].rate)


def measure(rows: int, repeats: int, seconds: float) -> Foreground:
    """Measure ``repeats`` turns of each way, ``seconds`` each."""
    from benchmarks import ways

    ways.start_over(rows)
    per_second = SHARE * carried(rows)
    found = Foreground(per_second, {mode: Beside(mode) for mode in MODES})
    for turn in range(1, repeats + 1):
        for mode in MODES:
            ways.start_over(rows)
            _turn(found.ways[mode], rows, per_second, seconds)
            beside = found.ways[mode]
            print(
                f"turn {turn}: beside {mode}: p95 {1000 * beside.p95[-1]:.2f} ms, p99 {1000 * beside.p99[-1]:.2f} ms,"
                f" patch {beside.rate[-1]:,.0f} rows/s",
                file=sys.stderr,
                flush=True,
            )
    return found


def carried(rows: int) -> float:
    """Return the transactions per second that the machine does when nothing holds them back."""
    with application(rows, None, 4.0) as log:
        pass
    return len(log.lines()) / 4.0


def _turn(beside: Beside, rows: int, per_second: float, seconds: float) -> None:
    with application(rows, per_second, WARM_UP_SECONDS + seconds) as log:
        time.sleep(WARM_UP_SECONDS)
        began = time.time()
        done = 0 if beside.mode == "nothing" else patch_for(seconds, beside.mode)
        ended = time.time()
        time.sleep(max(0.0, began + seconds - ended))
    latencies = sorted(latency for at, latency in log.lines() if began <= at <= ended or beside.mode == "nothing")
    beside.p50.append(_percentile(latencies, 0.50))
    beside.p95.append(_percentile(latencies, 0.95))
    beside.p99.append(_percentile(latencies, 0.99))
    beside.rate.append(done / (ended - began))


def patch_for(seconds: float, mode: str) -> int:
    """Patch until the time is over, and stop as an operator would, by a signal; return how many rows were done."""
    from benchmarks import ways
    from reversible_migrations.exceptions import Stopped
    from reversible_migrations.models import KeyRange

    patch = ways.OurWay(ways.our_update, pace=mode)
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    try:
        patch.forwards()
    except Stopped:
        pass
    finally:
        timer.cancel()
    return sum(KeyRange.objects.values_list("rows_done", flat=True))


def _percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


class Log:
    """pgbench's log of every transaction."""

    def __init__(self, folder: Path):
        self.folder = folder

    def lines(self) -> list[tuple[float, float]]:
        """Return when each transaction ended (seconds since 1970), and how long it took from when it was due."""
        found = []
        for file in self.folder.glob("log.*"):
            for line in file.read_text().splitlines():
                words = line.split()
                found.append((int(words[4]) + int(words[5]) / 1e6, int(words[2]) / 1e6))
        return found


@contextmanager
def application(rows: int, per_second: float | None, seconds: float) -> Iterator[Log]:
    """Run pgbench for ``seconds``; its log is complete at the end of the block."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.sql"
        script.write_text(SCRIPT.format(rows=rows))
        rate = [] if per_second is None else [f"--rate={per_second:.1f}"]
        command = [
            "pgbench", "--no-vacuum", f"--client={CLIENTS}", f"--time={seconds:.0f}", f"--file={script}", "--log",
            f"--log-prefix={folder}/log", *rate, os.environ["BENCH_DATABASE_URL"],
        ]  # fmt: skip
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        log = Log(Path(folder))
        try:
            yield log
            process.wait(timeout=seconds + 30)
            kept = log.lines()
        finally:
            process.kill()
            process.wait()
        log.lines = lambda: kept  # type: ignore[method-assign]  # the folder goes


def as_facts(found: Foreground) -> dict[str, Any]:
    ways = {mode: vars(beside) for mode, beside in found.ways.items()}
    return {"per_second": found.per_second, "faster": found.faster, "ways": ways}


def of_facts(facts: dict[str, Any]) -> Foreground:
    return Foreground(facts["per_second"], {mode: Beside(**beside) for mode, beside in facts["ways"].items()})
