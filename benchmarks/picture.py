"""
``python -m benchmarks.picture``: draws how a run follows the load, from a real one, for the page about load control.

BENCH_DATABASE_URL names an empty PostgreSQL database. A patch works alone, then beside an application, then alone.
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.watched import watched_batches

PICTURE = Path(__file__).parents[1] / "docs/explanation/load-control.svg"
ROWS = 3_000_000
ALONE_SECONDS, BESIDE_SECONDS = 4.0, 8.0


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from benchmarks import foreground, ways

    call_command("migrate", verbosity=0)
    ways.start_over(ROWS)
    lived: list[float] = []
    began = time.monotonic()
    thread = threading.Thread(target=beside, args=(foreground, lived, began))
    with watched_batches() as batches:
        thread.start()
        ways.OurWay(ways.our_update).forwards()
        thread.join()
    draw([(at - began, rows, seconds) for at, rows, seconds in batches], lived)


def beside(foreground: Any, lived: list[float], began: float) -> None:
    time.sleep(ALONE_SECONDS)
    lived.append(time.monotonic() - began)
    with foreground.application(ROWS, 1_500.0, BESIDE_SECONDS):
        pass
    lived.append(time.monotonic() - began)


def draw(batches: list[tuple[float, int, float]], lived: list[float]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, (sizes, times) = plt.subplots(2, 1, figsize=(9, 5), sharex=True)
    at = [moment for moment, _, _ in batches]
    sizes.plot(at, [rows for _, rows, _ in batches], drawstyle="steps-mid")
    sizes.set_ylabel("rows of a batch")
    sizes.set_yscale("log")
    times.plot(at, [1000 * seconds for _, _, seconds in batches], ".", markersize=2)
    times.set_ylabel("ms of a batch")
    times.set_yscale("log")
    times.set_xlabel("seconds")
    for axes in (sizes, times):
        axes.axvspan(lived[0], lived[1], color="#dddddd", label="an application is at work")
    sizes.legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(PICTURE, metadata={"Date": None})
    print(PICTURE, file=sys.stderr)


if __name__ == "__main__":
    main()
