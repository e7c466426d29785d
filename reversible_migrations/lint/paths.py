"""Paths as programs of a pipeline want them: as seen from the root of the repository."""

import os
from pathlib import Path
from urllib.parse import quote

ROOTS = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")  # where GitHub and GitLab say that they have checked it out


def root() -> Path:
    """Return the folder that paths are told from: the pipeline's, if the command runs inside it, else this one."""
    here = Path.cwd()
    given = (Path(os.environ[name]) for name in ROOTS if os.environ.get(name))
    return next((folder for folder in given if here.is_relative_to(folder)), here)


def from_root(path: str) -> str:
    """Return a path as seen from the root, with slashes; one that lies elsewhere as it is."""
    absolute = Path.cwd() / path
    return absolute.relative_to(root()).as_posix() if path and absolute.is_relative_to(root()) else path


def is_file_name(path: str) -> bool:
    """Return whether a path is that of a file, also of one in a zip archive, and not the name of a package."""
    return bool(Path(path).suffix) and (os.sep in path or Path(path).is_file())


def uri_of(path: str) -> str:
    """Return a path as a reference that is relative to the root, or a ``file:`` URI where it lies elsewhere."""
    seen = from_root(path)
    return Path(seen).as_uri() if Path(seen).is_absolute() else quote(seen)
