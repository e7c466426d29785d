"""
What ``migrate`` and ``safe_rollback`` show while they run: a live bar on a terminal, lines elsewhere.

It listens to the engine's signals and writes to stderr, from ``pre_migrate`` to the end of the
command; with ``--verbosity 0``, or where no such command is running, it is silent. The live bar is
drawn by rich (``pip install reversible-migrations[terminal]``); without it there are lines on a terminal too.
"""

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate, pre_migrate

from .. import signals
from ..conf import setting
from ..models import Run, Step
from ..overview import StepOverview, overview_of
from ..states import RunStatus
from . import words


class Display(Protocol):
    """Draws one run."""

    def begin(self, step: StepOverview) -> None: ...

    def progress(self, step: StepOverview) -> None: ...

    def wait(self, step: StepOverview, reason: str) -> None: ...

    def end(self, step: StepOverview) -> None: ...

    def close(self) -> None: ...


class Lines:
    """
    A line at the end of each step that changed rows, and one every ``seconds`` on the way there.

    The first line of a run begins on a line of its own: Django has left its "Applying ..." open.
    """

    def __init__(self, stream: TextIO, title: str, seconds: float, clock: Callable[[], float] = time.monotonic):
        self.stream, self.title, self.seconds, self.clock = stream, title, seconds, clock
        self.begun = False
        self.last = clock()

    def begin(self, step: StepOverview) -> None:
        self.last = self.clock()

    def progress(self, step: StepOverview) -> None:
        if self.clock() - self.last >= self.seconds:
            self._write(step, words.progress(step))

    def wait(self, step: StepOverview, reason: str) -> None:
        if self.clock() - self.last >= self.seconds:
            self._write(step, f"waiting: {reason}")

    def end(self, step: StepOverview) -> None:
        if step.seen or step.rows:
            self._write(step, words.result(step))

    def close(self) -> None:
        pass

    def _write(self, step: StepOverview, text: str) -> None:
        opening = "" if self.begun else "\n"
        self.begun, self.last = True, self.clock()
        self.stream.write(f"{opening}    {self.title} step {step.number}: {step.title}: {text}\n")
        self.stream.flush()


LONGEST_TEXT = 46  # characters beside the bar: 120,000,000/~336,000,000, 140,000/s, 12-15 min left
WIDE_TEXT = 84  # with x40,000, active_sessions at 28 of 40 besides
WIDE = 120  # characters of a terminal that has room for it


class LiveBar:
    """A bar for the step in hand, that becomes a line when it ends; drawn by rich."""

    def __init__(self, stream: TextIO, title: str):
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        self.stream, self.title = stream, title
        console = Console(file=stream, highlight=False, markup=False, soft_wrap=True)
        self.column = BarColumn()
        columns = (
            TextColumn("    {task.description}", markup=False),
            self.column,
            TextColumn("{task.fields[text]}", markup=False),
        )
        to_terminal = sys.stdout.isatty()  # what a patch prints goes above the bar, unless it goes to a file
        self.bar = Progress(
            *columns, console=console, transient=True, redirect_stdout=to_terminal, redirect_stderr=to_terminal,
            refresh_per_second=5,
        )  # fmt: skip
        self.task: Any = None
        self.begun = False

    def begin(self, step: StepOverview) -> None:
        if not self.begun:
            self.begun = True
            self.stream.write("\n")  # Django has left its "Applying ..." open
            self.bar.start()
        title = f"{step.number} {step.title}"
        longest = WIDE_TEXT if self.is_wide else LONGEST_TEXT
        room = self.bar.console.width - len(title) - longest - 7  # 4 to the left, and a space between columns
        self.column.bar_width = max(4, min(24, room))
        self.task = self.bar.add_task(title, total=step.total, text=words.brief(step, self.is_wide))

    def progress(self, step: StepOverview) -> None:
        self._draw(step, words.brief(step, self.is_wide))

    def wait(self, step: StepOverview, reason: str) -> None:
        self._draw(step, f"waiting: {reason}")

    def end(self, step: StepOverview) -> None:
        if self.task is not None:
            self.bar.remove_task(self.task)
            self.bar.refresh()
            self.task = None
        if step.seen or step.rows:
            self.bar.console.print(f"    {step.number} {step.title}: {words.result(step)}")

    def close(self) -> None:
        self.bar.stop()

    @property
    def is_wide(self) -> bool:
        return bool(self.bar.console.width >= WIDE)

    def _draw(self, step: StepOverview, text: str) -> None:
        if self.task is None:
            self.begin(step)
        self.bar.update(self.task, total=step.total, completed=step.seen, text=text)


def display_for(run: Run, using: str, stream: TextIO) -> Display:
    """Return the live bar on a terminal where rich is installed, else lines."""
    title = run.title if using == DEFAULT_DB_ALIAS else f"{run.title} ({using})"
    if stream.isatty():
        try:
            return LiveBar(stream, title)
        except ImportError:
            pass
    return Lines(stream, title, float(setting("PROGRESS_SECONDS")))


class Terminal:
    """Turns the engine's signals into what a ``Display`` draws. An error of its own ends the drawing, not the run."""

    def __init__(self) -> None:
        self.is_on = False
        self.display: Display | None = None
        self.run: int | None = None

    def switch_on(self, verbosity: int = 0, plan: Any = (), **options: Any) -> None:
        self._close()
        self.is_on = verbosity > 0

    def switch_off(self, **options: Any) -> None:
        self._close()
        self.is_on = False

    def run_started(self, run: Run, using: str, **facts: Any) -> None:
        if self.is_on:
            self._close()
            self.run, self.display = run.pk, display_for(run, using, sys.stderr)

    def run_finished(self, run: Run, status: str, **facts: Any) -> None:
        if self.is_on and run.pk == self.run:
            self._close()
            self.is_on = status == RunStatus.DONE  # after any other end, `migrate` ends without a signal

    def step_started(self, run: Run, step: Step, **facts: Any) -> None:
        self._tell(run, step, lambda display, seen: display.begin(seen))

    def step_progressed(self, run: Run, step: Step, pace: dict[str, Any] | None = None, **facts: Any) -> None:
        self._tell(run, step, lambda display, seen: display.progress(seen), pace)

    def step_finished(self, run: Run, step: Step, **facts: Any) -> None:
        self._tell(run, step, lambda display, seen: display.end(seen))

    def waiting(self, run: Run, step: Step, reason: str, **facts: Any) -> None:
        self._tell(run, step, lambda display, seen: display.wait(seen, reason))

    def _tell(
        self,
        run: Run,
        step: Step,
        draw: Callable[[Display, StepOverview], None],
        pace: dict[str, Any] | None = None,
    ) -> None:
        if self.display is None or run.pk != self.run:
            return
        try:
            draw(self.display, overview_of(step, pace))
        except Exception:
            self._close()
            self.is_on = False
            raise  # logged by whoever sent the signal

    def _close(self) -> None:
        display, self.display, self.run = self.display, None, None
        if display is not None:
            display.close()


TERMINAL = Terminal()


def connect(app_config: Any) -> None:
    name = "reversible_migrations.terminal"
    pre_migrate.connect(TERMINAL.switch_on, sender=app_config, dispatch_uid=name)
    post_migrate.connect(TERMINAL.switch_off, sender=app_config, dispatch_uid=name)
    signals.run_started.connect(TERMINAL.run_started, dispatch_uid=name)
    signals.run_finished.connect(TERMINAL.run_finished, dispatch_uid=name)
    signals.step_started.connect(TERMINAL.step_started, dispatch_uid=name)
    signals.step_progressed.connect(TERMINAL.step_progressed, dispatch_uid=name)
    signals.step_finished.connect(TERMINAL.step_finished, dispatch_uid=name)
    signals.waiting.connect(TERMINAL.waiting, dispatch_uid=name)
