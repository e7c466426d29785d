"""Does what a page says, in a project of its own: writes its files, runs its commands, compares what they print."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.docs.pages import ROOT, Block, Page

LONGEST_SECONDS = 300
INTERRUPTED = "^C"
BATCHES_BEFORE_INTERRUPTION = 2


class PageFailed(AssertionError):
    """A command failed, or printed something else than the page shows."""


class Project:
    """The folder in which a page is tried, with the package on its path and nothing else of the repository."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)

    def copy(self, folder: Path) -> Project:
        shutil.copytree(self.folder, folder)
        return Project(folder)

    def do(self, page: Page) -> None:
        for block in page.steps:
            self.do_block(block)

    def do_block(self, block: Block) -> None:
        if block.action == "run":
            for command, shown in commands_of(block):
                self.compare(block, command, shown)
            return
        path = self.folder / block.argument
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if block.action == "file" else "a") as written:
            written.write(block.text)

    def compare(self, block: Block, command: str, shown: str) -> None:
        is_interrupted = INTERRUPTED in shown
        status, said = self.run(command, interrupt=is_interrupted)
        if (status == 0) is is_interrupted and "Error:" not in shown:
            raise PageFailed(f"{block.name}: `{command}` ended with {status}:\n{said}")
        if not matches(shown.replace(INTERRUPTED, "..."), said):
            raise PageFailed(f"{block.name}: `{command}` printed\n{said}\nand not\n{shown}")

    def run(self, command: str, interrupt: bool = False) -> tuple[int, str]:
        """Return the exit status of a shell command and what it printed; with ``interrupt`` Ctrl-C is pressed."""
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}" if interrupt else command],
            cwd=self.folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=answer_ctrl_c,
        )
        if interrupt:
            self._interrupt(process)
        said, _ = process.communicate(timeout=LONGEST_SECONDS)
        return process.returncode, said

    def _interrupt(self, process: subprocess.Popen[str]) -> None:
        """Send SIGINT once the ledger has a step that is some batches on its way."""
        end = time.monotonic() + LONGEST_SECONDS
        while process.poll() is None and time.monotonic() < end:
            if self._batches() >= BATCHES_BEFORE_INTERRUPTION:
                process.send_signal(signal.SIGINT)
                return
            time.sleep(0.02)

    def _batches(self) -> int:
        with closing(sqlite3.connect(self.folder / "db.sqlite3", timeout=60)) as connection:
            found = connection.execute(
                "SELECT max(batches) FROM reversible_migrations_step WHERE status = 'running'"
            ).fetchone()
        return int(found[0] or 0)


def answer_ctrl_c() -> None:
    """Let a new process be interrupted, even where these tests run in the background and so pass SIGINT over."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Return the block's commands, each with the output that is shown below it."""
    parts = re.split(r"^\$ ", block.text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"{block.name}: the block does not begin with a command"
    return [(command, shown) for command, _, shown in (part.partition("\n") for part in parts[1:])]


def matches(shown: str, said: str) -> bool:
    """
    Return whether ``said`` is what is ``shown``, in which "..." stands for any text.

    Spaces at the ends of lines, empty lines and the width of columns do not count; what is not shown at all is not
    compared.
    """
    lines = [line.strip() for line in shown.splitlines() if line.strip()]
    if not lines:
        return True
    pattern = r"\s*".join(re.sub(r"(\\ ){2,}", " {2,}", re.escape(line)).replace(r"\.\.\.", ".*?") for line in lines)
    return (
        re.fullmatch(rf"\s*{pattern}\s*", "\n".join(line.strip() for line in said.splitlines()), re.DOTALL) is not None
    )


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a new user: our settings are not in it, our package is installed."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")}
    binaries = Path(sys.executable).parent
    return {
        **inherited,
        "PATH": f"{binaries}{os.pathsep}{inherited['PATH']}",
        "PYTHONPATH": str(site()),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "error",
        "COLUMNS": "120",
        "NO_COLOR": "1",
        **more,
    }


_SITES: list[Path] = []


def site() -> Path:
    """Return a folder that holds the package alone: the repository's other packages must not be importable."""
    if not _SITES:
        import tempfile

        folder = Path(tempfile.mkdtemp(prefix="reversible-migrations-docs-"))
        (folder / "reversible_migrations").symlink_to(ROOT / "reversible_migrations")
        _SITES.append(folder)
    return _SITES[0]
