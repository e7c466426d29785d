"""The migrations of the project, loaded one by one: one that cannot be imported does not hide the others."""

import pkgutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from ..exceptions import CannotLint
from .evaluating import CannotEvaluate, evaluated
from .finding import Finding
from .linter_rules import UNLOADABLE
from .order import Key
from .source import Source, source_of_module
from .subject import MigrationSubject

ELSEWHERE = ("site-packages", "dist-packages")  # where packages are installed


@dataclass
class Project:
    """
    Migrations to be linted, and those they build on (``is_wanted`` is False), in no order.

    ``findings`` are the faults met while they were loaded. ``unmigrated_apps`` have models but no migrations,
    those of ``unreadable_apps`` could not be listed.
    ``is_whole``: all apps are here, so a dependency on a migration that is not here is a fault.
    """

    migrations: dict[Key, MigrationSubject] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    unmigrated_apps: set[str] = field(default_factory=set)
    unreadable_apps: set[str] = field(default_factory=set)
    is_whole: bool = True

    def add(self, subject: MigrationSubject, fault: str = "") -> None:
        self.migrations[subject.app_label, subject.name] = subject
        if fault and subject.is_wanted:
            read = "It was read from its source. " if subject.migration else ""
            hint = f"{read}Django cannot run any migration until it can be imported: mend it."
            self.findings.append(UNLOADABLE.finding(subject, f"{subject.path or subject.name}: {fault}.", hint))


def loaded_project(labels: Collection[str] = (), all_apps: bool = False) -> Project:
    """
    Return the migrations of the installed apps, imported as Django does it, without a database.

    Wanted are those of ``labels``, or of all apps whose code is the project's own; of all with ``all_apps``.
    Raise ``CannotLint`` for a label that no app has.
    """
    project = Project()
    known = {config.label for config in apps.get_app_configs()}
    if unknown := sorted(set(labels) - known):
        raise CannotLint(
            unknown[0], "is no installed app.", "Nothing was looked at.", f"Apps are: {', '.join(sorted(known))}."
        )
    for config in apps.get_app_configs():
        is_wanted = config.label in labels if labels else all_apps or is_of_project(config)
        if not _add_app(project, config.label, is_wanted):
            project.unmigrated_apps.add(config.label)
    return project


def is_of_project(config: Any) -> bool:
    """Return whether an app's code lies in the project's directory, and is not installed there."""
    path, root = Path(config.path).resolve(), Path(getattr(settings, "BASE_DIR", Path.cwd())).resolve()
    return path.is_relative_to(root) and not any(part in ELSEWHERE for part in path.parts)


def _add_app(project: Project, label: str, is_wanted: bool) -> bool:
    """Add the migrations of an app; return False if it has none."""
    package_name, _ = MigrationLoader.migrations_module(label)
    if package_name is None:
        return False
    try:
        package = import_module(package_name)
    except ModuleNotFoundError as error:
        if error.name and package_name.startswith(error.name):
            return False
        return _unloadable_package(project, label, package_name, is_wanted, error)
    except Exception as error:  # whatever the project's code raises
        return _unloadable_package(project, label, package_name, is_wanted, error)
    names = list(_names(package))
    for name in names:
        _add_migration(project, label, name, f"{package_name}.{name}", is_wanted)
    return bool(names)


def _unloadable_package(project: Project, label: str, package: str, is_wanted: bool, error: Exception) -> bool:
    project.unreadable_apps.add(label)
    subject = MigrationSubject(label, "", None, None, package, is_wanted)
    if is_wanted:
        hint = "Django cannot run any migration until it can be imported: mend it."
        project.findings.append(UNLOADABLE.finding(subject, f"{package}: {in_words(error)}.", hint))
    return True


def _names(package: Any) -> Iterator[str]:
    for _, name, is_package in pkgutil.iter_modules(getattr(package, "__path__", ())):
        if not is_package and name[0] not in "_~":
            yield name


def _add_migration(project: Project, label: str, name: str, module_name: str, is_wanted: bool) -> None:
    spec = _spec_of(module_name)
    source = source_of_module(spec)
    path = source.path if source else str(getattr(spec, "origin", None) or module_name)
    try:
        migration, fault = _imported(label, name, module_name), ""
    except Exception as error:  # whatever the project's code raises
        migration, fault = None, in_words(error)
    if migration is None:
        migration = _evaluated(source, label, name)
    project.add(MigrationSubject(label, name, migration, source, path, is_wanted), fault)


def _spec_of(module_name: str) -> Any:
    try:
        return find_spec(module_name)
    except Exception:  # in a zip archive it is compiled for that; importing it says what is wrong
        return None


def _imported(label: str, name: str, module_name: str) -> Migration:
    module = import_module(module_name)
    if not hasattr(module, "Migration"):
        raise CannotEvaluate("it has no class Migration")
    migration: Migration = module.Migration(name, label)
    return migration


def _evaluated(source: Source | None, label: str, name: str) -> Migration | None:
    try:
        return evaluated(source, label, name) if source else None
    except CannotEvaluate:
        return None


def in_words(error: Exception) -> str:
    """Return the kind of an error and what it says, on one line."""
    if isinstance(error, CannotEvaluate):
        return str(error)
    said = " ".join(str(error).split())
    return f"{type(error).__name__}: {said}" if said else type(error).__name__
