"""The code of a migration, as it is on the disk of the process that shows it."""

import importlib
import inspect
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from django.apps import apps
from django.db.migrations.loader import MigrationLoader

LONGEST = 200_000  # bytes that are shown of a file


@dataclass(frozen=True)
class MigrationSource:
    """``module`` is its dotted name. ``is_cut`` says that the file is longer than what is in ``text``."""

    module: str
    text: str
    is_cut: bool


def source_of(app: str, name: str) -> MigrationSource | None:
    """
    Return the code of a migration; None if this project has no such file any more.

    Only modules that lie in the migrations package of an installed app are looked at.
    """
    package = _package(app)
    if package is None or name not in [each.name for each in pkgutil.iter_modules(package.__path__)]:
        return None
    module = importlib.import_module(f"{package.__name__}.{name}")
    path = inspect.getsourcefile(module)
    if not hasattr(module, "Migration") or path is None:
        return None
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    return MigrationSource(module.__name__, text[:LONGEST], len(text) > LONGEST)


def _package(app: str) -> ModuleType | None:
    if app not in apps.app_configs:
        return None
    name, _ = MigrationLoader.migrations_module(app)
    try:
        return None if name is None else importlib.import_module(name)
    except ModuleNotFoundError:
        return None
