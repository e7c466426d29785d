"""
The whole story on real data: load, preview, patch, kill, resume, undo, prove.

    python -m project.demo

It works on a scratch SQLite file, ``.demo/demo.sqlite3`` unless ``--folder`` says otherwise,
which is made anew every time. Its exit status is 1 if anything is not as it should be.
"""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from project.flights.digests import Digest

PROJECT = Path(__file__).resolve().parents[1]
APP = "flights"
BEFORE_THE_PATCHES = "0002"
INTERRUPTED_PATCH = "0003_clock_times"
ROWS_BEFORE_THE_KILL = 120_000
POLL_SECONDS = 0.02
SHOW_CURSOR = "\x1b[?25h"
NEXT_COMMANDS = {
    f"migrate {APP}": "patch again; stop it with Ctrl-C and repeat it",
    "migration_status": "what ran, and what can be undone",
    f"preview_patch {APP} 0007 --rows 20": "names, before and after",
    f"safe_rollback {APP} --dry-run": "what undoing the newest would meet",
    f"migrate {APP} {BEFORE_THE_PATCHES}": "undo, with plain migrate",
    "purge_rollback_data --dry-run": "what the journals hold",
}


class DemoFailed(Exception):
    """Something is not as the demo says. The scratch database is left for a look."""


@dataclass(frozen=True)
class PatchRecord:
    """What the ledger says of one patch."""

    name: str
    rows: int
    seconds: float
    journal_bytes: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(prog="python -m project.demo", description=__doc__.splitlines()[1])
    parser.add_argument("--folder", type=Path, default=PROJECT / ".demo", help="where the scratch file goes")
    database = fresh_database(parser.parse_args(arguments).folder)
    os.environ["DEMO_DATABASE"] = str(database)
    os.environ["DJANGO_SETTINGS_MODULE"] = "project.settings.sqlite"
    django.setup()
    started = monotonic()
    try:
        tell_the_story()
    except DemoFailed as failure:
        print(f"\nThe demo failed: {failure}\nThe scratch database is left as it is: {database}", flush=True)
        return 1
    except KeyboardInterrupt:
        print(f"\nStopped. The scratch database is left as it is: {database}", flush=True)
        return 130
    print(f"\nThe demo took {monotonic() - started:.0f} s.")
    say_what_next(database)
    return 0


def fresh_database(folder: Path) -> Path:
    """Return the path of the scratch file, of which nothing is left from last time."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "demo.sqlite3"
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    return database


def tell_the_story() -> None:
    """Run the chapters in order. Raise ``DemoFailed`` in the first that goes wrong."""
    from project.flights.digests import digest_tables

    load_the_data()
    at_the_start = digest_tables()
    show_a_preview()
    interrupt_a_patch()
    resume_and_finish()
    patched = digest_tables()
    records = patch_records()
    undo_seconds = undo_all_patches()
    prove_all_is_as_it_was(at_the_start, patched, digest_tables())
    show_what_it_took(records, undo_seconds)


def load_the_data() -> None:
    """Make the tables and fill them."""
    chapter(1, "Load every flight that left New York City in 2013")
    manage("migrate", "--verbosity", "0", "reversible_migrations")
    manage("migrate", "--verbosity", "0", APP, BEFORE_THE_PATCHES)
    manage("load_flights")


def show_a_preview() -> None:
    """Show rows before and after the first patch, which changes nothing yet."""
    chapter(2, "Look before you leap: the first rows before and after a patch")
    say("In the files a time is a number: 517 is 05:17. Nothing is changed by a preview.")
    manage("preview_patch", APP, INTERRUPTED_PATCH, "--rows", "5")


def interrupt_a_patch() -> None:
    """Start to migrate and kill the process in the middle of the biggest patch."""
    chapter(3, "Patch, and be killed in the middle")
    say(
        "Five data patches follow; none has reverse code. As soon as the ledger shows "
        f"{ROWS_BEFORE_THE_KILL:,} rows,\nthe process gets a SIGKILL, which leaves it no chance to tidy up."
    )
    process = start("migrate", APP)
    try:
        wait_until(lambda: rows_done(INTERRUPTED_PATCH) >= ROWS_BEFORE_THE_KILL, process)
    finally:
        kill(process)
    say(
        f"\nKilled. {rows_done(INTERRUPTED_PATCH):,} rows are patched and journalled. The database took back "
        "the unfinished batch.\nThe ledger knows where the patch stands:"
    )
    manage("migration_status")


def resume_and_finish() -> None:
    """Migrate again, and check that the patch went on instead of starting over."""
    chapter(4, "Resume: the same command again")
    done = rows_done(INTERRUPTED_PATCH)
    say(f"The patch goes on behind row {done:,}; the four others follow.")
    manage("migrate", APP)
    check_no_row_was_left_out()


def check_no_row_was_left_out() -> None:
    """Raise ``DemoFailed`` unless the interrupted patch met every flight once."""
    from project.flights.models import CancelledFlight, Flight

    flights = Flight.objects.count() + CancelledFlight.objects.count()
    patched = rows_done(INTERRUPTED_PATCH)
    if patched != flights:
        raise DemoFailed(f"{INTERRUPTED_PATCH} patched {patched:,} rows, but there are {flights:,} flights.")
    left_out = Flight.objects.filter(dep_time__isnull=False, departure=None).count()
    if left_out:
        raise DemoFailed(f"{INTERRUPTED_PATCH} left out {left_out:,} flights.")
    say(f"\nEach of the {flights:,} flights was patched once, in two goes.")


def undo_all_patches() -> float:
    """Undo the five patches and return how many seconds that took."""
    chapter(5, "Undo all five patches")
    started = monotonic()
    manage("safe_rollback", APP, BEFORE_THE_PATCHES, "--noinput")
    return monotonic() - started


def prove_all_is_as_it_was(start: "dict[str, Digest]", patched: "dict[str, Digest]", end: "dict[str, Digest]") -> None:
    """Compare the digests. Raise ``DemoFailed`` unless the patches changed all and the undo left nothing."""
    chapter(6, "Proof: SHA-256 over every row of every table")
    row = "  {:<17} {:>9} {:>9} {:>9}   {:<14} {:<14} {}"
    say(row.format("", "rows", "patched", "undone", "digest before", "digest undone", ""))
    for table, before in start.items():
        verdict = "as it was" if end[table] == before else "DIFFERENT"
        counts = (f"{digest[table].rows:,}" for digest in (start, patched, end))
        say(row.format(table, *counts, before.sha256[:12], end[table].sha256[:12], verdict))
    unchanged = [table for table in start if patched[table] == start[table]]
    different = [table for table in start if end[table] != start[table]]
    if unchanged:
        raise DemoFailed(f"The patches changed nothing in: {', '.join(unchanged)}.")
    if different:
        raise DemoFailed(f"These tables are not as they were: {', '.join(different)}.")
    say("\nThe patches changed every table, and every table is as it was.")


def show_what_it_took(records: list[PatchRecord], undo_seconds: float) -> None:
    """Print what each patch took, by the ledger, and the undo of all, by the clock."""
    chapter(7, "What it took")
    row = "  {:<24} {:>9} {:>9} {:>9} {:>10}"
    say(row.format("patch", "rows", "seconds", "rows/s", "journal"))
    for record in records:
        say(row.format(record.name, f"{record.rows:,}", *pace(record.rows, record.seconds), size(record.journal_bytes)))
    rows = sum(record.rows for record in records)
    seconds = sum(record.seconds for record in records)
    journal = sum(record.journal_bytes for record in records)
    say(row.format("all of them", f"{rows:,}", *pace(rows, seconds), size(journal)))
    say(row.format("undo of all of them", f"{rows:,}", *pace(rows, undo_seconds), "").rstrip())


def pace(rows: int, seconds: float) -> tuple[str, str]:
    """Return seconds and rows per second; what took less than 0.1 s has no meaningful rate."""
    return (f"{seconds:.1f}", f"{rows / seconds:,.0f}") if seconds >= 0.1 else ("< 0.1", "-")


def size(number: int) -> str:
    """Return a number of bytes in MB (1,000,000 bytes)."""
    return f"{number / 1_000_000:,.1f} MB"


def say_what_next(database: Path) -> None:
    """Print commands to go on with, that can be pasted as they are."""
    python = shlex.quote(os.path.relpath(sys.executable))
    manage_py = shlex.quote(os.path.relpath(PROJECT / "manage.py"))
    scratch = "" if database == PROJECT / ".demo" / "demo.sqlite3" else f"DEMO_DATABASE={shlex.quote(str(database))} "
    print("\nWhat to try next, on the same data:")
    for arguments, reason in NEXT_COMMANDS.items():
        print(f"  {scratch}{python} {manage_py} {arguments:<37}  # {reason}")
    print(f"The patches themselves are in {os.path.relpath(PROJECT / 'project' / 'flights' / 'migrations')}.")


def chapter(number: int, title: str) -> None:
    """Print the heading of a chapter."""
    print(f"\n{number}. {title}\n{'-' * (len(title) + 3)}", flush=True)


def say(words: str) -> None:
    """Print at once, so that words and the output of commands stay in order."""
    print(words, flush=True)


def start(*arguments: str) -> "subprocess.Popen[bytes]":
    """Start ``manage.py`` as a process of its own, in this terminal."""
    say(f"$ python manage.py {' '.join(arguments)}")
    return subprocess.Popen([sys.executable, str(PROJECT / "manage.py"), *arguments], cwd=PROJECT)


def manage(*arguments: str) -> None:
    """Run ``manage.py`` to its end. Raise ``DemoFailed`` unless it succeeds."""
    process = start(*arguments)
    try:
        status = process.wait()
    except KeyboardInterrupt:
        process.wait()  # the terminal told it too; it is closing its database
        raise
    if status:
        raise DemoFailed(f"manage.py {' '.join(arguments)} ended with status {status}.")


def wait_until(reached: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    """Return once ``reached`` is true. Raise ``DemoFailed`` if the process ends before that."""
    while not reached():
        if process.poll() is not None:
            raise DemoFailed(f"migrate ended with status {process.returncode} before it could be interrupted.")
        sleep(POLL_SECONDS)


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill the process, which has no chance to tidy up."""
    process.kill()
    process.wait()
    if sys.stdout.isatty():
        sys.stdout.write(SHOW_CURSOR)  # the live bar hides the cursor and could not bring it back


def rows_done(migration: str) -> int:
    """Return how many rows a patch has done, as the ledger has it now."""
    from reversible_migrations.models import Step

    steps = Step.objects.filter(run__app=APP, run__name=migration, run__direction="forwards")
    return sum(steps.values_list("rows_done", flat=True))


def patch_records() -> list[PatchRecord]:
    """Return what the ledger says of each patch, in order. Raise ``DemoFailed`` if it says nothing."""
    from reversible_migrations.models import Step

    steps = Step.objects.filter(run__app=APP, run__direction="forwards").order_by("run__name")
    names = dict.fromkeys(steps.values_list("run__name", flat=True))
    if not names:
        raise DemoFailed("The ledger has no record of the patches.")
    return [patch_record(name) for name in names]


def patch_record(migration: str) -> PatchRecord:
    """Return what the ledger says of one patch, all its steps together."""
    from reversible_migrations.models import JournalTable, Step

    steps = Step.objects.filter(run__app=APP, run__name=migration, run__direction="forwards")
    journals = JournalTable.objects.filter(step__in=steps)
    return PatchRecord(
        name=migration,
        rows=rows_done(migration),
        seconds=sum(steps.values_list("seconds", flat=True)),
        journal_bytes=sum(size or 0 for size in journals.values_list("bytes", flat=True)),
    )


if __name__ == "__main__":
    sys.exit(main())
