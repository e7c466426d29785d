"""
What rules see: a migration, and each of its operations with the project's state before it.

Rules never see emitted SQL and need no database.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.migrations import AlterField, CreateModel, Migration, RenameModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.special import RunPython, RunSQL
from django.db.migrations.state import ModelState, ProjectState

from ..authoring.reversible import ReversibleMigration
from ..authoring.schema import SchemaMigration
from ..authoring.written_steps import WrittenSteps
from ..authoring.zero_downtime import ZeroDowntimeMigration
from ..batches.selection import AnyField
from ..operations.record_changes import RecordedPython, RecordedSQL
from ..phases.classify import column_of, is_altered
from ..sql import Statement, statements_of
from ..states import Phase
from .columns import has_column
from .python_code import PythonCode, python_code
from .source import Place, Source

DATABASE, STATE, BOTH = "database", "state", "both"


@dataclass
class MigrationSubject:
    """
    One migration. ``migration`` is None where not even its source could be made sense of.

    ``operations`` are filled while they are visited; a rule on migrations sees all of them.
    """

    app_label: str
    name: str
    migration: Migration | None
    source: Source | None
    path: str = ""
    is_wanted: bool = True
    is_new: bool = False  # or changed, against the git reference that was asked for
    operations: list["OperationSubject"] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        return self.app_label, self.name

    @property
    def dependencies(self) -> list[tuple[str, str]]:
        """Return what it depends on, in plain texts."""
        given = self.migration.dependencies if self.migration else ()
        return [(str(app_label), str(name)) for app_label, name in given]

    @property
    def is_atomic(self) -> bool:
        return self.migration is None or self.migration.atomic

    @property
    def is_ours(self) -> bool:
        """Return whether our base class records it: ``RemoveField`` keeps its data then."""
        return isinstance(self.migration, ReversibleMigration)

    @property
    def is_online(self) -> bool:
        """Return whether its schema changes are done online by themselves, where the database can."""
        return isinstance(self.migration, SchemaMigration) and not self.migration.blocking

    @property
    def irreversible(self) -> str:
        """Return the reason that a migration of ours gives for not being undone, or ""."""
        return str(getattr(self.migration, "irreversible", "")) if self.is_ours else ""

    @property
    def place(self) -> Place:
        return self.source.class_place if self.source else Place()

    @property
    def functions(self) -> list[PythonCode]:
        """Return the Python code of all its operations, forwards."""
        return [subject.code for subject in self.operations if subject.code is not None]

    @property
    def made_models(self) -> set[str]:
        """Return the models whose tables it makes, as "shop.item": nobody uses their rows yet."""
        made: set[str] = set()
        for subject in self.operations:
            operation: Any = subject.operation
            if subject.is_on_database and isinstance(operation, CreateModel):
                made.add(f"{self.app_label}.{operation.name_lower}")
            elif isinstance(operation, RenameModel) and f"{self.app_label}.{operation.old_name_lower}" in made:
                made.add(f"{self.app_label}.{operation.new_name_lower}")
        return made

    def phase_at(self, position: int) -> Phase | None:
        """Return the phase of the operation at ``position`` (from 0) of a ``ZeroDowntimeMigration``."""
        parts = self.migration.parts() if isinstance(self.migration, ZeroDowntimeMigration) else ()
        return next((part.phase for part in parts if position in part.positions), None)


@dataclass
class OperationSubject:
    """
    One operation, with what is known before it is done.

    ``number`` is its way from the migration: (3, 1) is the first operation inside the third. ``side`` is "database" or
    "state" for those inside a ``SeparateDatabaseAndState``. ``before`` moves on with the walk: only a rule on
    operations may read it, while it checks this one. ``model`` and ``old_field`` are None where they are not known.
    ``partitioned`` are the tables that SQL of migrations made in parts, so far.
    ``due`` are the phases that it belongs to, None for one that cannot be told; empty where it does nothing in the
    database, or where the project has no phases.
    """

    migration: MigrationSubject
    operation: Operation
    number: tuple[int, ...]
    parents: tuple[Operation, ...]
    side: str
    before: ProjectState
    model: ModelState | None
    old_field: AnyField | None
    table: str
    is_new_table: bool
    place: Place
    partitioned: set[str] = field(default_factory=set)
    due: tuple[Phase | None, ...] = ()

    @property
    def path(self) -> str:
        return ".".join(map(str, self.number))

    @property
    def line(self) -> int:
        return self.place.line

    @property
    def app_label(self) -> str:
        return self.migration.app_label

    @property
    def is_on_database(self) -> bool:
        return self.side != STATE

    @property
    def is_managed(self) -> bool:
        """Return whether Django makes and changes the table, as far as the model is known."""
        made = self.operation.options if isinstance(self.operation, CreateModel) else {}
        options = self.model.options if self.model else made
        return bool(options.get("managed", True)) and not options.get("proxy", False)

    @property
    def is_table_in_use(self) -> bool:
        """Return whether the operation is done, by Django's ways, on a table that others may be using."""
        return self.is_managed and not self.is_new_table and not self.migration.is_online

    def model_of_table(self, table: str) -> str | None:
        """Return "shop.Item" for the table of a model; None for one that no model before this operation has."""
        plain = table.rpartition(".")[2]
        for (app_label, name), model in self.before.models.items():
            if plain == (model.options.get("db_table") or f"{app_label}_{name}"):
                return f"{app_label}.{model.name}"
        return None

    @property
    def phase(self) -> Phase | None:
        return self.migration.phase_at(self.number[0] - 1)

    @cached_property
    def altered(self) -> tuple[Any, Any] | None:
        """Return a field before and after ``AlterField``; None where nothing changes in the database, or is known."""
        operation, old = self.operation, self.old_field
        if not isinstance(operation, AlterField) or old is None:
            return None
        new: Any = operation.field
        if not (has_column(old) and has_column(new)):
            return None
        is_renamed = column_of(operation.name, old) != column_of(operation.name, new)
        return (old, new) if is_renamed or is_altered(old, new) else None

    @cached_property
    def code(self) -> PythonCode | None:
        """Return what the operation's Python code does forwards; None where it has none."""
        return python_code(self._function(), self.migration.source) if self._has_code else None

    @cached_property
    def reverse_code(self) -> PythonCode | None:
        reverse = getattr(self.operation, "reverse_code", None)
        return None if reverse is None else python_code(reverse, self.migration.source)

    @cached_property
    def statements(self) -> list[Statement]:
        """Return the statements of its SQL, forwards, that of its Python code too."""
        if isinstance(self.operation, RunSQL | RecordedSQL):
            return statements_of(self.operation.sql)
        return list(self.code.statements) if self.code else []

    @property
    def reverse_statements(self) -> list[Statement]:
        """Return the statements of its SQL, backwards, that of its Python code too."""
        if isinstance(self.operation, RunSQL):
            return statements_of(self.operation.reverse_sql) if self.operation.reversible else []
        return list(self.reverse_code.statements) if self.reverse_code else []

    @property
    def _has_code(self) -> bool:
        return isinstance(self.operation, RunPython | RecordedPython | WrittenSteps)

    def _function(self) -> Any:
        if isinstance(self.operation, RunPython):
            return self.operation.code
        if isinstance(self.operation, RecordedPython):
            return self.operation.function
        owner: Any = type(self.migration.migration)
        names = [self.phase.label] if self.phase else ["patch", "forwards"]
        return next(getattr(owner, name) for name in names if hasattr(owner, name))


Subject = MigrationSubject | OperationSubject
