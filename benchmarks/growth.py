"""Whether rate and memory hold from 100,000 to 1,000,000 rows: each measured in a process of its own."""

import json
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass

STEPS = ("update", "transform")


@dataclass(frozen=True)
class Growth:
    """How a step did on the small and on the large table."""

    step: str
    small_rate: float  # rows/s
    large_rate: float
    small_memory: float  # MB at the peak
    large_memory: float

    @property
    def rate_ratio(self) -> float:
        return self.large_rate / self.small_rate

    @property
    def added_memory(self) -> float:
        return self.large_memory - self.small_memory

    @property
    def reached(self) -> bool:
        return self.rate_ratio > 0.90 and self.added_memory < 20


def measure(small: int, large: int, repeats: int) -> list[Growth]:
    found = []
    for step in STEPS:
        runs = {rows: [_in_a_process(step, rows) for _ in range(repeats)] for rows in (small, large)}
        rate = {rows: statistics.median(run["rate"] for run in runs[rows]) for rows in runs}
        memory = {rows: statistics.median(run["memory"] for run in runs[rows]) for rows in runs}
        found.append(Growth(step, rate[small], rate[large], memory[small], memory[large]))
    return found


def _in_a_process(step: str, rows: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.growth", step, str(rows)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _one(step: str, rows: int) -> None:
    import django

    django.setup()
    from benchmarks import ways

    ways.start_over(rows)
    patch = ways.OurWay(getattr(ways, f"our_{step}"))
    seconds = ways.timed(patch.forwards)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"rate": rows / seconds, "memory": memory}))


if __name__ == "__main__":
    _one(sys.argv[1], int(sys.argv[2]))
