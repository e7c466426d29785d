"""Starting ``manage.py`` beside a web server: a run never works inside a web request."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from django.conf import ENVIRONMENT_VARIABLE
from django.utils.module_loading import import_string

from ..conf import setting
from ..exceptions import CannotStart

Starter = Callable[[list[str]], object]


def start(arguments: Sequence[str]) -> None:
    """
    Have ``manage.py`` called with ``arguments``, by what ``START_RUNS`` names or by a process of its own.

    Raise ``CannotStart`` if that fails at once; what becomes of it later is not waited for.
    """
    path = setting("START_RUNS")
    try:
        starter: Starter = start_process if path is None else import_string(path)
        starter(list(arguments))
    except CannotStart:
        raise
    except Exception as error:  # of the project's own code: a broker that is gone, a path that leads nowhere
        raise CannotStart(
            path or "The process",
            f"could not be started: {type(error).__name__}.",
            todo="See START_RUNS in the settings of REVERSIBLE_MIGRATIONS.",
        ) from error


def start_process(arguments: list[str]) -> None:
    """Start a process with these settings, in a session of its own; what it says goes where this one's errors go."""
    if ENVIRONMENT_VARIABLE not in os.environ:
        raise CannotStart(
            "The process",
            f"could not be started: {ENVIRONMENT_VARIABLE} is not set, so it would not know its settings.",
            todo="Set it, or name your own way to start one in START_RUNS.",
        )
    process = subprocess.Popen(
        [sys.executable, "-m", "django", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)},
        stdin=subprocess.DEVNULL,
        stdout=2,
        stderr=2,
        start_new_session=True,  # a restart of the web server does not end it
    )
    threading.Thread(target=process.wait, daemon=True).start()  # so that no zombie is left of it
