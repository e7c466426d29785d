"""Find the other Pythons on this machine, and make an environment for each."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

VERSIONS = ("3.11", "3.12", "3.13")
ROOT = Path(__file__).parent.parent
REQUIREMENTS = ROOT / "requirements.txt"


def other_versions() -> list[str]:
    """Return the tested versions without the one that runs this program."""
    present = "{}.{}".format(*sys.version_info)
    return [version for version in VERSIONS if version != present]


def find(version: str) -> Path | None:
    """Return a Python of this version that runs: from the PATH, or from pyenv."""
    for candidate in (f"python{version}", *_of_pyenv(version)):
        path = _output(candidate, "-c", "import sys; print(sys.version_info[:2], sys.executable, sep=';')")
        found, _, executable = path.partition(";")
        if found == f"({version.replace('.', ', ')})":
            return Path(executable)
    return None


@dataclass(frozen=True)
class Environment:
    """The folder `.venv-3.13` with the pinned requirements; requirements.txt chooses the Django."""

    version: str
    interpreter: Path

    @property
    def folder(self) -> Path:
        return ROOT / f".venv-{self.version}"

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def commands_to_make_it(self) -> list[tuple[str, ...]]:
        """Return nothing if it was made from these very requirements."""
        digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
        stamp = self.folder / f"installed-{digest[:16]}"
        if stamp.exists():
            return []
        pip = (str(self.python), "-m", "pip", "install", "--quiet", "--require-hashes")
        return [
            (str(self.interpreter), "-m", "venv", "--clear", str(self.folder)),
            (*pip, "-r", str(REQUIREMENTS)),
            ("touch", str(stamp)),
        ]


def _of_pyenv(version: str) -> Iterator[str]:
    for name in reversed(_output("pyenv", "versions", "--bare").split()):
        if name.startswith(f"{version}."):
            yield str(Path(_output("pyenv", "prefix", name)) / "bin" / "python")


def _output(*command: str) -> str:
    """Return what the command printed; nothing if it is missing or fails."""
    try:
        finished = subprocess.run(command, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout.strip() if finished.returncode == 0 else ""
