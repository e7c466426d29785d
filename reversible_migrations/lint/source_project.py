"""The migrations in files and folders, read without importing the project: for pre-commit and the like."""

import ast
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ..exceptions import CannotLint
from .evaluating import CannotEvaluate, evaluated
from .project import ELSEWHERE, Project
from .source import Source, members, source_of_file
from .subject import MigrationSubject


def source_projects(paths: Iterable[str | Path]) -> list[Project]:
    """
    Return the migrations in ``paths``: files (``shop/migrations/0002_x.py``) or folders that are searched.

    The other migrations of the same apps are read too, for the state before those that are wanted. Mostly it is one
    project; two apps with one label are of different ones, and what lies near to them goes with them.
    Raise ``CannotLint`` for a path that is not there.
    """
    wanted = {path for path in files_in(paths) if is_migration(path)}
    labels = {folder: label_of(folder.parent) for folder in sorted({path.parent for path in wanted})}
    return [_project_of(apart, wanted) for apart in without_twins(labels)]


def files_in(paths: Iterable[str | Path]) -> Iterator[Path]:
    for path in map(Path, paths):
        if not path.exists():
            raise CannotLint(str(path), "is not there.", "Nothing was looked at.", "Name a file or a folder.")
        yield from (each.resolve() for each in ([path] if path.is_file() else path.rglob("*.py")))


def without_twins(labels: Mapping[Path, str]) -> list[dict[Path, str]]:
    """Return the folders, one dictionary at least, such that no label is twice in one; near ones stay together."""
    found: list[dict[Path, str]] = [{}]
    times = Counter(labels.values())
    for folder in sorted(labels, key=lambda folder: (times[labels[folder]] == 1, folder)):  # twins say what is apart
        free = [each for each in found if labels[folder] not in each.values()]
        if not free:
            found.append({})
        nearest = max(free or found[-1:], key=lambda each: max((shared(folder, other) for other in each), default=0))
        nearest[folder] = labels[folder]
    return found


def shared(folder: Path, other: Path) -> int:
    """Return how many folders, from the root on, two paths have in common."""
    return len(Path(os.path.commonpath([folder, other])).parts)


def _project_of(labels: Mapping[Path, str], wanted: set[Path]) -> Project:
    project = Project(is_whole=False)
    for folder in sorted(labels):
        for path in sorted(folder.glob("*.py")):
            if is_migration(path):
                _add_file(project, labels[folder], path, path in wanted)
    return project


def text_project(texts: Mapping[str, str]) -> Project:
    """Return the migrations in ``texts``, by "shop.0001_initial": as files that lie nowhere."""
    project = Project(is_whole=False)
    for where, text in texts.items():
        label, name = where.split(".")
        source = Source(f"{label}/migrations/{name}.py", text)
        _add_source(project, label, Path(source.path), source, is_wanted=True)
    return project


def is_migration(path: Path) -> bool:
    """Return whether a path is that of a migration by its place, and not of an installed package."""
    is_named_so = path.suffix == ".py" and path.stem[0] not in "_~" and path.parent.name == "migrations"
    return is_named_so and not any(part in ELSEWHERE for part in path.parts)


def label_of(folder: Path) -> str:
    """Return the label of the app in ``folder``: what its ``apps.py`` says, else the folder's name."""
    source = source_of_file(folder / "apps.py")
    for node in members(source.tree).values() if source else ():
        label = members(node).get("label")
        if isinstance(label, ast.Constant) and isinstance(label.value, str):
            return label.value
    return folder.name


def _add_file(project: Project, label: str, path: Path, is_wanted: bool) -> None:
    _add_source(project, label, path, source_of_file(path), is_wanted)


def _add_source(project: Project, label: str, path: Path, source: Source | None, is_wanted: bool) -> None:
    migration, fault = None, ""
    if source is None:
        fault = "it cannot be read as text"
    else:
        try:
            migration = evaluated(source, label, path.stem)
        except CannotEvaluate as error:
            if source.tree and not source.migration_class and not path.stem[0].isdigit():
                return  # another module in a folder that is called so
            fault = str(error)
    project.add(MigrationSubject(label, path.stem, migration, source, str(path), is_wanted), fault)
