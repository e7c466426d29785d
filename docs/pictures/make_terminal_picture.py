"""
Draw docs/pictures/terminal.svg from what a real project prints: the live bar, the status, the undo.

    make env && .venv/bin/python docs/pictures/make_terminal_picture.py

It follows the README's quick start in a temporary folder, with commands on a terminal of their own (pty).
"""

import os
import pty
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.docs.literate import Project, environment  # noqa: E402 (the path is set above)
from tests.docs.pages import Page  # noqa: E402

WIDTH = 100
ROWS = 400_000  # enough for the bar to be seen on its way
LEAST_SHARE = 0.4  # of a step, in the frame of the bar that is shown
FRAME = re.compile(r"\r\x1b\[2K")  # the bar is drawn anew
CURSOR = re.compile(r"\x1b\[\?25[lh]")
BAR = re.compile(r"([\d,]+)/~?([\d,]+)")
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


def main() -> None:
    with TemporaryDirectory() as folder:
        project = Project(Path(folder) / "project")
        for block in Page(ROOT / "README.md").steps:
            if "preview_patch" in block.text:
                break
            project.do_block(replace(block, text=block.text.replace("20_000", f"{ROWS}")))
        parts = [shown("migrate", bar_of(on_a_terminal(project, "migrate")))]
        parts += [
            shown(command, on_a_terminal(project, command))
            for command in ("migration_status", "safe_rollback stock --noinput")
        ]
    draw(parts)


def on_a_terminal(project: Project, command: str) -> str:
    """Return all that a command writes to a terminal of WIDTH columns."""
    ours, theirs = pty.openpty()
    variables = {**environment(COLUMNS=str(WIDTH), TERM="xterm-256color"), "FORCE_COLOR": "1"}
    variables.pop("NO_COLOR")
    process = subprocess.Popen(
        [sys.executable, "manage.py", *command.split()],
        cwd=project.folder, env=variables, stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            read = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            break
        if not read:
            break
        said += read
    process.wait()
    os.close(ours)
    return said.decode().replace("\r\n", "\n")


def bar_of(said: str) -> str:
    """Return the screen as it was when the bar of the last step that had one was some way on."""
    frames = FRAME.split(said[said.index("  Applying") :])
    for place in reversed(range(len(frames))):
        found = BAR.search(frames[place])
        if found and LEAST_SHARE < int(found[1].replace(",", "")) / int(found[2].replace(",", "")) < 1:
            return "\r\x1b[2K".join(frames[: place + 1])
    raise SystemExit("The migration was too quick: no bar was drawn.")


def shown(command: str, said: str) -> str:
    lines = [FRAME.split(line)[-1] for line in CURSOR.sub("", said).split("\n")]
    lines = [line for line in lines if line.strip() and "--run N" not in line]
    return "\n".join([f"\x1b[1m$ python manage.py {command}\x1b[0m", *lines])


def draw(parts: list[str]) -> None:
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"), color_system="truecolor")  # noqa: PTH123, SIM115
    for part in parts:
        console.print(Text.from_ansi(part), soft_wrap=False)
        console.print()
    picture = Path(__file__).with_name("terminal.svg")
    svg = console.export_svg(title="pharmacy", theme=MONOKAI, unique_id="terminal")
    picture.write_text(FONT.sub("", svg))
    sys.stdout.write(f"{picture.relative_to(ROOT)}: {picture.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main()
