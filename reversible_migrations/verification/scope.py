"""What is verified: a database, all of it or some apps or migrations, and how closely."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db import connections, router
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader

from ..databases import catalogue_of, database
from ..databases.base import Database
from ..databases.catalogue import Catalogue
from ..models import JournalTable, Run, Step
from ..phases.begun import begun_migrations
from ..phases.plan import MigrationKey
from ..phases.readiness import is_ours
from ..runs.run import latest_runs
from ..states import UNFINISHED, Direction, RunStatus

STATEMENT_SECONDS = 10.0  # the longest statement where nothing thorough was asked for: readers hold an ALTER TABLE up
THOROUGH_SECONDS = 120.0
SMALL_ROWS = 100_000  # tables of up to so many rows are counted; larger ones with --rows


@dataclass(frozen=True)
class Scope:
    """
    What is asked for, and what all checks need to know of it; read once.

    ``apps`` and ``migrations`` None: all. ``rows``: read large tables too. ``conflicts``: join every journal
    to its table. ``cheap_only``: leave out the checks that are not cheap.
    """

    alias: str
    apps: frozenset[str] | None = None
    migrations: frozenset[MigrationKey] | None = None
    rows: bool = False
    conflicts: bool = False
    cheap_only: bool = False
    stuck: dict[MigrationKey, bool] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def db(self) -> Database:
        return database(self.alias)

    @cached_property
    def catalogue(self) -> Catalogue:
        return catalogue_of(self.db)

    @cached_property
    def loader(self) -> MigrationLoader:
        return MigrationLoader(connections[self.alias])

    @property
    def statement_seconds(self) -> float:
        return THOROUGH_SECONDS if self.rows or self.conflicts else STATEMENT_SECONDS

    def reading(self) -> AbstractContextManager[None]:
        return self.catalogue.reading(self.statement_seconds)

    @property
    def is_whole(self) -> bool:
        """Return whether the whole database is meant, with what no app owns."""
        return self.apps is None and self.migrations is None

    def has_app(self, app: str) -> bool:
        if self.migrations is not None:
            return any(app == known for known, _ in self.migrations)
        return self.apps is None or app in self.apps

    def has(self, app: str, name: str) -> bool:
        return (app, name) in self.migrations if self.migrations is not None else self.has_app(app)

    @cached_property
    def applied(self) -> list[Migration]:
        """The applied migrations of this scope, in the order in which they were to be applied."""
        graph, known = self.loader.graph, self.loader.applied_migrations
        plan: dict[MigrationKey, None] = {}
        for leaf in graph.leaf_nodes():
            plan |= dict.fromkeys(graph.forwards_plan(leaf))
        return [graph.nodes[key] for key in plan if key in known and self.has(*key)]

    @cached_property
    def ours(self) -> list[Migration]:
        """Those of them that are undone from the ledger, and belong on this database."""
        return [m for m in self.applied if is_ours(m) and router.allow_migrate(self.alias, m.app_label)]

    @cached_property
    def begun(self) -> set[MigrationKey]:
        """All migrations that were begun and are not finished, of any app."""
        return set(begun_migrations(self.loader, self.alias))

    @cached_property
    def models(self) -> list[Any]:
        """The models, as the applied migrations left them, whose tables are to be in this database."""
        nodes = [key for key in self.loader.applied_migrations if key in self.loader.graph.nodes]
        state = self.loader.project_state(nodes)
        found = state.apps.get_models(include_auto_created=True)
        return [model for model in found if self.has_app(model._meta.app_label) and self._has_table(model)]

    def _has_table(self, model: Any) -> bool:
        options = model._meta
        if not options.managed or options.proxy or options.swapped:
            return False
        return bool(router.allow_migrate_model(self.alias, model))

    @cached_property
    def tables(self) -> frozenset[str] | None:
        """The quoted tables of this scope: of its models and of its journals; None for all of the database."""
        if self.is_whole:
            return None
        targets = {journal.target for journal in JournalTable.objects.using(self.alias).filter(step__in=self.steps)}
        return frozenset({self.table_of(model) for model in self.models} | {*map(self.catalogue.known_as, targets)})

    def table_of(self, model: Any) -> str:
        """Return the table of ``model`` as the catalogue names it."""
        return self.catalogue.known_as(self.db.quote((model._meta.concrete_model or model)._meta.db_table))

    def covers(self, *tables: str) -> bool:
        return self.tables is None or any(table in self.tables for table in tables)

    @cached_property
    def runs(self) -> list[Run]:
        """The newest forward runs, of every phase, of the migrations of this scope that have something to be undone."""
        keys = Run.objects.using(self.alias).filter(direction=Direction.FORWARDS).values_list("app", "name").distinct()
        named = [key for key in keys.order_by("app", "name") if self.has(*key)]
        standing = (*UNFINISHED, RunStatus.DONE, RunStatus.UNDOING)
        return [run for key in named for run in latest_runs(*key, self.alias) if run.status in standing]

    @cached_property
    def steps(self) -> list[Step]:
        return list(Step.objects.using(self.alias).filter(run__in=self.runs).select_related("run").order_by("pk"))


def of_apps(apps: Collection[str] | None) -> frozenset[str] | None:
    return None if apps is None else frozenset(apps)
