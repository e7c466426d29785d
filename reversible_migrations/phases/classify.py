"""
The phase of an ordinary migration, by what its operations do to code that is running.

What only adds belongs to ``prepare``, rows to ``migrate_data``, what tightens or renames to ``switch``,
what takes away to ``cleanup``. Operations on a table that the same migration makes add it, whatever
they are. A migration that does several of these is ambiguous: it is to be split, or to say its phase.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.migrations import Migration
from django.db.migrations import operations as django_operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import IndexOperation
from django.db.migrations.operations.special import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.models import AutoField

from ..batches.selection import AnyField
from ..conf import setting
from ..exceptions import AmbiguousPhase
from ..operations.base import ReversibleOperation
from ..sql import statements_of
from ..states import Phase

UNKNOWN = "UNKNOWN"

# Django's own apps. Some of their migrations do several things; all of these have been applied for years wherever
# somebody uses the tables, and on a new database nobody does.
CONTRIB = ("admin", "auth", "contenttypes", "flatpages", "redirects", "sessions", "sites")

# Operations whose phase is told by their class. The first one that fits counts, so subclasses stand first.
BY_CLASS: tuple[tuple[str, Phase | None], ...] = (
    ("CreateModel", Phase.PREPARE),
    ("RetireModel", Phase.CLEANUP),
    ("RetireField", Phase.CLEANUP),
    ("DeleteModel", Phase.CLEANUP),
    ("RemoveField", Phase.CLEANUP),
    ("RenameField", Phase.SWITCH),
    ("RenameModel", Phase.SWITCH),
    ("AddIndex", Phase.PREPARE),
    ("RenameIndex", Phase.PREPARE),
    ("RemoveIndex", Phase.CLEANUP),
    ("AddConstraint", Phase.SWITCH),
    ("AddConstraintNotValid", Phase.SWITCH),
    ("ValidateConstraint", Phase.SWITCH),
    ("RemoveConstraint", Phase.PREPARE),  # it loosens
    ("AlterConstraint", None),
    ("AlterModelOptions", None),
    ("AlterModelManagers", None),
    ("AlterModelTableComment", None),
    ("CreateExtension", Phase.PREPARE),
    ("CreateCollation", Phase.PREPARE),
    ("RemoveCollation", Phase.CLEANUP),
)

# The first words of an SQL statement, and its phase.
BY_WORDS: tuple[tuple[str, Phase | None], ...] = (
    ("CREATE", Phase.PREPARE),
    ("COMMENT", None),
    ("SET", None),
    ("ANALYZE", None),
    ("GRANT", Phase.PREPARE),
    ("UPDATE", Phase.MIGRATE_DATA),
    ("INSERT", Phase.MIGRATE_DATA),
    ("DELETE", Phase.MIGRATE_DATA),
    ("DROP", Phase.CLEANUP),
)


def phase_of(migration: Migration, state: Any) -> Phase:
    """
    Return the phase of a migration that has none of its own phases; ``state`` is the project's before it.

    ``phase = "switch"`` in the migration goes before the setting ``PHASES``, and that before what its
    operations do. Raise ``AmbiguousPhase`` where these belong to several phases, or one cannot be told.
    """
    declared = declared_phase(migration)
    return joint_phase(migration, _phases(migration, state)) if declared is None else declared


def declared_phase(migration: Migration) -> Phase | None:
    """Return the phase that a migration, or the setting ``PHASES``, says; None where neither says one."""
    declared = getattr(migration, "phase", None) or _of_settings(migration)
    return None if declared is None else phase_named(declared, str(migration))


def joint_phase(migration: Migration, phases: Iterable[tuple[int, Operation, Phase | None]]) -> Phase:
    """Return the one phase of a migration's operations, given with their numbers; ``AmbiguousPhase`` without one."""
    found: dict[Phase, str] = {}
    for number, operation, phase in phases:
        if phase is None:
            raise _unclear(migration, f"operation {number} ({operation.describe()}) may belong to any phase.")
        found.setdefault(phase, f"operation {number} ({operation.describe()}) to {phase.label}")
    if len(found) > 1:
        raise _unclear(migration, f"its operations belong to several phases: {', '.join(found.values())}.")
    return next(iter(found), Phase.PREPARE)


def phase_named(name: Any, where: str) -> Phase:
    """Return the phase that a name ("switch") or number (3) means."""
    for phase in Phase:
        if name in (phase, phase.label, str(phase.value)):
            return phase
    known = ", ".join(f"{phase.value} {phase.label}" for phase in Phase)
    raise AmbiguousPhase(where, f"has the phase {name!r}, which there is not.", todo=f"Phases are: {known}.")


def _of_settings(migration: Migration) -> Any:
    known = setting("PHASES")
    default = Phase.PREPARE if migration.app_label in CONTRIB else None
    return known.get(f"{migration.app_label}.{migration.name}", known.get(migration.app_label, default))


def _unclear(migration: Migration, what: str) -> AmbiguousPhase:
    key = f"{migration.app_label}.{migration.name}"
    return AmbiguousPhase(
        str(migration),
        what,
        todo=(
            "Split it into one migration for each phase, base it on ZeroDowntimeMigration, or say its phase: "
            f'`phase = "..."` in the migration, or PHASES = {{"{key}": "..."}} in settings.REVERSIBLE_MIGRATIONS.'
        ),
    )


# What an operation does


def _phases(migration: Migration, state: Any) -> Iterator[tuple[int, Operation, Phase | None]]:
    """Yield each operation that touches the database, with its number and phase; None where it cannot be told."""
    made: set[tuple[str, str]] = set()
    state = state.clone()
    for number, operation in enumerate(migration.operations, start=1):
        after = state.clone()
        operation.state_forwards(migration.app_label, after)
        for part in _on_database(operation):
            if isinstance(part, django_operations.CreateModel):
                made.add((migration.app_label, part.name_lower))
            if _table_of(part, migration.app_label) in made:
                yield number, operation, Phase.PREPARE
                continue
            for phase in phases_of(part, migration.app_label, state, after):
                yield number, operation, phase
        state = after


def _on_database(operation: Operation) -> list[Operation]:
    if isinstance(operation, SeparateDatabaseAndState):
        return [part for inner in operation.database_operations for part in _on_database(inner)]
    return [operation]


def _table_of(operation: Operation, app_label: str) -> tuple[str, str] | None:
    for name in ("model_name_lower", "name_lower"):
        if hasattr(operation, name):
            return app_label, getattr(operation, name)
    return None


def phases_of(operation: Operation, app_label: str, before: Any, after: Any) -> list[Phase | None]:
    """Return the phases of one operation: none if it does not touch the database, [None] if it cannot be told."""
    if isinstance(operation, django_operations.AddField):
        return [_of_added(operation.field)]
    if isinstance(operation, django_operations.AlterField):
        key = app_label, operation.model_name_lower
        old = before.models[key].fields.get(operation.name) if key in before.models else None
        return [] if old is None else _of_altered(operation.name, old, after.models[key].fields[operation.name])
    if isinstance(operation, django_operations.AlterModelTable):
        return [Phase.SWITCH]
    if isinstance(operation, django_operations.AlterUniqueTogether | django_operations.AlterIndexTogether):
        return _of_together(operation, app_label, before)
    if isinstance(operation, django_operations.AlterOrderWithRespectTo):
        return [Phase.PREPARE if operation.order_with_respect_to else Phase.CLEANUP]
    if isinstance(operation, RunPython):
        return [] if operation.code is RunPython.noop else [Phase.MIGRATE_DATA]
    if isinstance(operation, RunSQL):
        return list(_of_sql(operation.sql))
    return _of_class(operation)


def _of_class(operation: Operation) -> list[Phase | None]:
    ancestors = [kind.__name__ for kind in type(operation).__mro__]
    for name, phase in BY_CLASS:
        if name in ancestors:
            return [] if phase is None else [phase]
    if isinstance(operation, ReversibleOperation):
        return [Phase.MIGRATE_DATA]
    return [Phase.PREPARE] if isinstance(operation, IndexOperation) else [None]


def _of_added(field: AnyField) -> Phase:
    """Code that does not know the column goes on inserting only if the database has a value for it."""
    has_value = field.null or field.many_to_many or field.has_db_default() or isinstance(field, AutoField)
    return Phase.PREPARE if has_value or getattr(field, "generated", False) else Phase.SWITCH


def _of_altered(name: str, old: AnyField, new: AnyField) -> list[Phase | None]:
    if column_of(name, old) != column_of(name, new):  # which is_altered() leaves out
        return [Phase.SWITCH]
    if not is_altered(old, new):
        return []
    return [Phase.PREPARE if _only_loosens(old, new) else Phase.SWITCH]


def column_of(name: str, field: AnyField) -> str:
    """Return the column of a field of that ``name``, which need not be bound to a model."""
    return str(field.db_column or (f"{name}_id" if field.is_relation and not field.many_to_many else name))


def is_altered(old: AnyField, new: AnyField) -> bool:
    """Return whether the database has anything to do, as its schema editor decides it."""
    return bool(changed_arguments(old, new))


KIND = "class"  # no argument can have this name
NOT_GIVEN = object()


def changed_arguments(old: AnyField, new: AnyField) -> set[str]:
    """Return the arguments in which two fields differ, but those of Python's only; ``KIND`` for another class."""
    (_, old_path, old_args, was), (_, new_path, new_args, now) = old.deconstruct(), new.deconstruct()
    changed = {name for name in {*was, *now} if was.get(name, NOT_GIVEN) != now.get(name, NOT_GIVEN)}
    is_another = (old_path, old_args) != (new_path, new_args)
    return (changed - set(new.non_db_attrs)) | ({KIND} if is_another else set())


LOOSENING = {"null", "max_length", "db_default", "db_index", "unique", "db_constraint", "default", "db_comment"}


def _only_loosens(old: AnyField, new: AnyField) -> bool:
    """Return whether every row, old and to come, that suited the column before suits it afterwards too."""
    changed = changed_arguments(old, new)
    if not changed <= LOOSENING:
        return False
    tightened = (
        old.null and not new.null,
        not old.unique and new.unique,
        (old.max_length or float("inf")) > (new.max_length or float("inf")),
        "db_constraint" in changed and new.db_constraint,  # type: ignore[attr-defined]  # of a relation
        old.has_db_default() and not new.has_db_default(),
    )
    return not any(tightened)


def _of_together(operation: Any, app_label: str, before: Any) -> list[Phase | None]:
    known = before.models[app_label, operation.name_lower].options.get(operation.option_name) or ()
    added = {tuple(names) for names in operation.option_value or ()} - {tuple(names) for names in known}
    if not added:
        return [Phase.PREPARE]
    is_unique = isinstance(operation, django_operations.AlterUniqueTogether)
    return [Phase.SWITCH if is_unique else Phase.PREPARE]


def _of_sql(sql: Any) -> Iterator[Phase | None]:
    for statement in statements_of(sql):
        first = next((phase for words, phase in BY_WORDS if statement.kind.startswith(words)), UNKNOWN)
        if first == UNKNOWN:
            yield None
        elif isinstance(first, Phase):
            yield first
