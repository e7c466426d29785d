"""
One way through all migrations, in order, with the state of the project before each operation.

One state is changed in place: a copy for each migration would make the walk quadratic. Squashed migrations and those
that they replace are read in walks of their own.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.migrations.operations import CreateModel, RenameModel
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.fields import FieldOperation
from django.db.migrations.operations.special import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.state import ModelState, ProjectState

from .finding import Finding
from .linter_rules import LOST_STATE, UNREAD
from .order import Key, Links, Ordering, ordered, walks
from .phased import is_phased, with_due_phases
from .project import Project, in_words
from .schema_sql import partitioned_tables
from .source import nested_nodes, place_of
from .stand_ins import StandInOperation, UnreadOperations
from .subject import BOTH, DATABASE, STATE, MigrationSubject, OperationSubject, Subject
from .wording import described

Seen = Subject | Finding


def walk(project: Project) -> Iterator[Seen]:
    """
    Yield every wanted operation before it changes the state, and each migration behind its operations.

    Findings are about migrations that miss a dependency, wait for themselves, or whose state is lost.
    """
    links = {key: _links_of(subject) for key, subject in project.migrations.items()}
    seen: set[Key] = set()
    told: set[Key] = set()
    for chosen in walks(links):
        ordering = ordered(links, chosen)
        for key, finding in _faults(project, ordering):
            if key not in told:
                yield finding
            told.add(key)
        walker = Walker(project)
        for key in ordering.keys:
            yield from walker.through(project.migrations[key], key not in seen)
        seen |= chosen


def _links_of(subject: MigrationSubject) -> Links:
    migration = subject.migration
    if migration is None:
        return Links()
    return Links(
        *(tuple(map(_key, given)) for given in (migration.dependencies, migration.run_before, migration.replaces))
    )


def _key(given: Any) -> Key:
    return str(given[0]), str(given[1])


def _faults(project: Project, ordering: Ordering) -> Iterator[tuple[Key, Finding]]:
    known = project.unmigrated_apps | project.unreadable_apps
    for key, parents in ordering.missing.items():
        missing = [parent for parent in parents if parent[0] not in known and (project.is_whole or parent[0] == key[0])]
        if missing and project.migrations[key].is_wanted:
            names = " and ".join(".".join(parent) for parent in missing)
            hint = "Django cannot run any migration so: name one that is there."
            yield key, LOST_STATE.finding(project.migrations[key], f"depends on {names}, which there is not.", hint)
    for key in ordering.circular:
        if project.migrations[key].is_wanted:
            hint = "Django cannot run any migration so: take one of the dependencies out."
            yield key, LOST_STATE.finding(project.migrations[key], "depends on itself, by way of others.", hint)


class Walker:
    """Goes through migrations with one state. ``lost`` are the apps whose state is not known any more."""

    def __init__(self, project: Project):
        self.state = ProjectState(real_apps=set(project.unmigrated_apps))
        self.is_phased = is_phased(project)
        self.lost: set[str] = set()
        self.made: set[Key] = set()  # the models whose tables the migration in hand has made
        self.partitioned: set[str] = set()  # tables that SQL has made in parts

    def through(self, migration: MigrationSubject, is_new: bool) -> Iterator[Seen]:
        """Yield what is wanted of one migration, and bring the state behind it."""
        self.made = set()
        kept, migration.operations = migration.operations, []
        operations = migration.migration.operations if migration.migration else []
        is_wanted = migration.is_wanted and is_new
        nodes = migration.source.operation_nodes(len(operations)) if migration.source and is_wanted else ()
        for number, operation in enumerate(operations, start=1):
            node = nodes[number - 1] if nodes else None
            for seen in self.visit(Visit(migration, (number,), (), BOTH, node), operation, self.state):
                if is_wanted:
                    yield seen
        if is_wanted:
            yield migration
        if not is_new:  # they were visited in the walk before, with the state of that
            migration.operations = kept

    def visit(self, visit: "Visit", operation: Operation, state: ProjectState) -> Iterator[Seen]:
        """Yield an operation and those inside it, each before it changes ``state``."""
        subject = self._subject(visit, operation, state)
        visit.migration.operations.append(subject)
        yield subject
        if isinstance(operation, SeparateDatabaseAndState):
            yield from self._visit_inside(visit, operation, state)
            return
        if isinstance(operation, StandInOperation):
            yield from self._not_read(subject, operation)
            return
        if visit.side != STATE:
            self._note_made(visit.migration.app_label, operation)
        try:
            operation.state_forwards(visit.migration.app_label, state)
        except Exception as error:  # the model is not there, or an operation of the project's own fails
            yield from self._lost(subject, error)

    def _visit_inside(self, visit: "Visit", operation: Any, state: ProjectState) -> Iterator[Seen]:
        on_database = operation.database_operations if visit.side != STATE else []  # they are not run inside a state
        on_state = operation.state_operations
        source = visit.migration.source
        nodes: Sequence[Any] = [None] * (len(on_database) + len(on_state))
        if source is not None and visit.side != STATE:
            nodes = nested_nodes(source, visit.node, len(on_database), len(on_state))
        changes = any(not isinstance(each, RunSQL | RunPython) for each in on_database)
        of_database = state.clone() if changes else state
        for index, inner in enumerate([*on_database, *on_state]):
            is_on_database = index < len(on_database)
            side = DATABASE if is_on_database else STATE
            parents = (*visit.parents, operation)
            inside = Visit(visit.migration, (*visit.number, index + 1), parents, side, nodes[index])
            yield from self.visit(inside, inner, of_database if is_on_database else state)

    def _not_read(self, subject: OperationSubject, operation: StandInOperation) -> Iterator[Finding]:
        """Trust the state of the app no more: what stands there may have changed it."""
        self.lost.add(subject.app_label)
        if isinstance(operation, UnreadOperations):
            message = f"The operations are made by code ({operation.stands_for}), which is not run to read them."
            yield UNREAD.finding(subject, message, "Look at the installed app instead of its source.")

    def _lost(self, subject: OperationSubject, error: Exception) -> Iterator[Finding]:
        app_label = subject.app_label
        if app_label not in self.lost:
            message = f"operation {subject.path} ({described(subject.operation)}) does not fit the state before it"
            hint = "What follows in this app is checked without its models. Look for a migration that is missing."
            yield LOST_STATE.finding(subject, f"{message} ({in_words(error)}).", hint)
        self.lost.add(app_label)

    def _note_made(self, app_label: str, operation: Operation) -> None:
        if isinstance(operation, CreateModel):
            self.made.add((app_label, operation.name_lower))
        elif isinstance(operation, RenameModel) and (app_label, operation.old_name_lower) in self.made:
            self.made.add((app_label, operation.new_name_lower))
        elif isinstance(operation, RunSQL) and "PARTITION" in str(operation.sql).upper():
            self.partitioned.update(partitioned_tables(operation.sql))

    def _subject(self, visit: "Visit", operation: Operation, state: ProjectState) -> OperationSubject:
        app_label = visit.migration.app_label
        name = model_name(operation)
        model = state.models.get((app_label, name))
        place = place_of(visit.node) if visit.node is not None else visit.migration.place
        is_new = isinstance(operation, CreateModel) or (app_label, name) in self.made
        subject = OperationSubject(
            visit.migration, operation, visit.number, visit.parents, visit.side, state, model,
            old_field(operation, model), table_of(operation, app_label, name, model), is_new, place,
            self.partitioned,
        )  # fmt: skip
        return with_due_phases(subject) if self.is_phased else subject


class Visit:
    """Where an operation stands: its migration, number, parents, side and node."""

    def __init__(
        self, migration: MigrationSubject, number: tuple[int, ...], parents: tuple[Operation, ...], side: str, node: Any
    ):
        self.migration, self.number, self.parents, self.side, self.node = migration, number, parents, side, node


def model_name(operation: Operation) -> str:
    """Return the name, in small letters, of the model that an operation is about; "" if it is about none."""
    names = (getattr(operation, name, None) for name in ("model_name_lower", "old_name_lower", "name_lower"))
    return str(next((name for name in names if isinstance(name, str)), ""))


def old_field(operation: Operation, model: ModelState | None) -> Any:
    """Return the field that an operation changes or removes, as it is before; None where it is not known."""
    if model is None or not isinstance(operation, FieldOperation):
        return None
    return model.fields.get(getattr(operation, "old_name", operation.name))


def table_of(operation: Operation, app_label: str, name: str, model: ModelState | None) -> str:
    options = operation.options if isinstance(operation, CreateModel) else model.options if model else {}
    return str(options.get("db_table") or f"{app_label}_{name}") if name else ""
