"""``python -m benchmarks``: measure all pairs in one go, print the table, write table, plot and JSON."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from tools.postgresql import server

RESULTS = Path(__file__).parent / "results"
ALONE = ("growth", "foreground", "doubling", "online", "retiring", "live", "browser")  # parts that are no pairs
DATABASE = "reversible_migrations_bench"


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000, help="rows of each pair (500,000)")
    parser.add_argument("--large", type=int, default=1_000_000, help="rows of the large table of the growth check")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each pair (3)")
    parser.add_argument(
        "--only", default="", help="measure only pairs whose name has this in it (and print, not write)"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder for table, plot and JSON")
    parser.add_argument("--part", choices=["postgresql", "sqlite", *ALONE], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part:
        json.dump(measure_part(options), sys.stdout)
    else:
        measure_all(options)


def measure_part(options: argparse.Namespace) -> Any:
    """Measure on the database of the environment, in this process; return plain values."""
    import django

    django.setup()
    from django.core.management import call_command

    from benchmarks import doubling, foreground, growth, live, online, painted, pairs

    call_command("migrate", verbosity=0)
    if options.part == "growth":
        return [asdict(found) for found in growth.measure(100_000, options.large, options.repeats)]
    if options.part == "online":
        return [asdict(found) for found in online.measure(options.large)]
    if options.part == "retiring":
        return [asdict(online.measure_retiring(options.large, options.repeats))]
    if options.part == "live":
        return [live.measure(options.rows, options.repeats, say)]
    if options.part == "browser":
        return painted.measure(options.rows, options.repeats, say)
    if options.part == "doubling":
        return [asdict(doubling.measure(2 * options.large, options.repeats))]
    if options.part == "foreground":
        return [foreground.as_facts(foreground.measure(options.rows, options.repeats, 8.0))]
    measure = pairs.measure_postgresql if options.part == "postgresql" else pairs.measure_sqlite
    return [asdict(pair) for pair in measure(options.rows, options.repeats, say, options.only)]


def measure_all(options: argparse.Namespace) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.settings"
    import django

    django.setup()
    from benchmarks import doubling, foreground, growth, live, online, pairs, report

    with scratch_postgresql() as (url, version), tempfile.TemporaryDirectory() as folder:
        parts = [("postgresql", url), ("sqlite", f"sqlite:///{folder}/bench.sqlite3")]
        parts += [(part, url) for part in ALONE]
        found = {part: in_a_process(part, address, options) for part, address in parts}
    measured = report.Measured(
        pairs=[
            pairs.Pair(**facts)
            for part in (found["postgresql"], found["sqlite"], *(each["pairs"] for each in found["live"]))
            for facts in part
        ],
        telling=[live.Telling(**facts) for each in found["live"] for facts in each["telling"]],
        latencies=[
            live.Latency(**facts)
            for facts in (*(facts for each in found["live"] for facts in each["latencies"]), *found["browser"])
        ],
        growth=[growth.Growth(**facts) for facts in found["growth"]],
        beside=[foreground.of_facts(facts) for facts in found["foreground"]],
        doubled=[doubling.Doubling(**facts) for facts in found["doubling"]],
        changes=[online.Online(**facts) for facts in found["online"]],
        retired=[online.Retired(**facts) for facts in found["retiring"]],
        server=version,
        repeats=options.repeats,
    )
    if options.only:
        print(report.table(measured))
        return
    print(report.write(measured, options.output))
    say(f"table, plot and JSON are in {options.output}")


def in_a_process(part: str, url: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    if options.only and part in ALONE and options.only != part:
        return []
    command = [sys.executable, "-m", "benchmarks", "--part", part]
    for name in ("rows", "large", "repeats", "only"):
        command += [f"--{name}", str(getattr(options, name))]
    environment = {**os.environ, "BENCH_DATABASE_URL": url}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    measured: list[dict[str, Any]] = json.loads(done.stdout)
    return measured


@contextmanager
def scratch_postgresql() -> Iterator[tuple[str, str]]:
    """Yield the URL of an empty database and the server's version; the database is dropped at the end."""
    with server() as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
        try:
            version = f"PostgreSQL {connection.info.server_version // 10_000}"
            yield _with_database(url), version
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")


def _with_database(url: str) -> str:
    head, _, query = url.partition("?")
    return f"{head.rpartition('/')[0]}/{DATABASE}" + (f"?{query}" if query else "")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
