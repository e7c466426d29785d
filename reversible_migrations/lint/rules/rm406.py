"""
A field that a new migration removes and the apps' own code still names: it fails where that code runs.

Which ones are new, only ``--since`` tells. Reading the code for all that was ever removed would take seconds.

https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield
"""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.apps import apps

from ...states import Level
from ..code_search import Code, Field, Place, places_of
from ..finding import Finding
from ..paths import from_root
from ..registry import ProjectRule
from ..removals import Removal, Removals
from ..source import members
from ..subject import MigrationSubject

MOST_SHOWN = 3


class RemovedStillUsed(ProjectRule):
    code = "RM406"
    name = "removed-still-used"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/ref/migration-operations/#removefield"

    def check(self, subjects: Sequence[MigrationSubject]) -> Iterator[Finding]:
        removals = Removals()
        for migration in subjects:
            for subject in migration.operations:
                removals.note(subject)
        removed = [each for each in removals.known.values() if each.field and each.subject.migration.is_new]
        if not removed:
            return
        folders = _folders(subjects)
        code = Code(folders)
        for removal in removed:
            app_label, _, model = removal.model.partition(".")
            field = Field(app_label, model, removal.field)
            places = places_of(field, code)
            if places and not _is_there(field, folders.get(app_label), code):
                yield self._finding(removal, places)

    def _finding(self, removal: Removal, places: Sequence[Place]) -> Finding:
        shown = [f"{from_root(str(place.path))}:{place.line}" for place in places[:MOST_SHOWN]]
        more = f" and {len(places) - MOST_SHOWN} more" if len(places) > MOST_SHOWN else ""
        told = f"{', '.join(shown)}{more}"
        message = f"{removal.model}.{removal.field} is removed, and code still uses it: {told}."
        hint = f"Take {removal.field} out of {shown[0]}{' and the others' if len(places) > 1 else ''} a release before."
        return self.finding(removal.subject, message, hint)


def _folders(subjects: Sequence[MigrationSubject]) -> dict[str, Path]:
    """Return the folders of the apps, where their migrations lie below them."""
    found = {}
    for subject in subjects:
        folder = Path(subject.path).parent
        if folder.name == "migrations" and folder.is_dir():
            found[subject.app_label] = folder.parent
    return found


def _is_there(field: Field, folder: Path | None, code: Code) -> bool:
    """Return whether the model has something of that name all the same, or may have it from a class not known."""
    config = apps.app_configs.get(field.app_label)
    if config is not None and folder is not None and Path(config.path).resolve() == folder.resolve():
        model = config.models.get(field.model.lower())
        return model is None or hasattr(model, field.name)
    node = code.class_of(field)
    if node is None or field.name in members(node):
        return True
    return any(ast.unparse(base) not in ("models.Model", "Model") for base in node.bases)
