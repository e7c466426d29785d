"""
For any rows, any patch and any later writes: undo brings every value that was left alone back bit for bit, and every
write of the application stays.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.management.color import no_style
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reversible_migrations.exceptions import StepFailed, TooManyFailures
from reversible_migrations.models import ConflictingRow
from tests.properties.generated import SHELVES, shelf_names, specimens, steps, writes
from tests.properties.models import Shelf, Specimen
from tests.properties.patching import Raw, apply, migration_of, stored, unapply, write

quick = settings(max_examples=20, derandomize=True, suppress_health_check=list(HealthCheck))
# An example takes five times as long on a server, which has to make and drop its journals.
long = settings(max_examples=1_500 if connection.vendor == "sqlite" else 300, suppress_health_check=list(HealthCheck))

rows = st.lists(specimens, max_size=8)
names = st.lists(shelf_names, min_size=len(SHELVES), max_size=len(SHELVES), unique=True)
patches = st.lists(steps, min_size=1, max_size=6)
later = st.lists(writes, max_size=4)


@pytest.fixture
def clean(transactional_db: None) -> Iterator[None]:
    yield
    forget()


def forget() -> None:
    """Remove rows, runs and their journals, and start the sequences anew: even and odd keys are part of an example."""
    models = [Shelf, Specimen, *apps.get_app_config("reversible_migrations").get_models()]
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        journals = [name for name in connection.introspection.table_names(cursor) if name.startswith("rm_journal_")]
        for name in journals:
            cursor.execute(f'DROP TABLE "{name}"')
    with connection.constraint_checks_disabled():
        connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), tables, reset_sequences=True))


def fill(given_rows: list[dict[str, Any]], given_names: list[str]) -> None:
    for code, name in zip(SHELVES, given_names, strict=True):
        Shelf.objects.create(code=code, name=name)
    before = None
    for values in given_rows:
        before = Specimen.objects.create(twin=before, **values)


def undone_exactly(given_rows: Any, given_names: Any, patch: Any) -> None:
    forget()
    fill(given_rows, given_names)
    start = stored()
    migration = migration_of(patch)

    applied(migration)
    unapply(migration)

    assert stored() == start


def applied(migration: Any) -> bool:
    """Apply ``migration``; return whether the database let it: some generated patches point at rows they deleted."""
    try:
        apply(migration)
    except (StepFailed, TooManyFailures):
        return False
    return True


def later_writes_kept(given_rows: Any, given_names: Any, patch: Any, application: Any) -> None:
    forget()
    fill(given_rows, given_names)
    start = stored()
    migration = migration_of(patch)
    if not applied(migration):
        return  # what is undone of it is the other test's
    patched = stored()

    for number, what in enumerate(application):
        write(what, number)
    written = stored()
    unapply(migration)

    undone = stored()
    for table in start:
        compare(start[table], patched[table], written[table], undone[table], undone)


def compare(start: Any, patched: Any, written: Any, undone: Any, undone_tables: Raw) -> None:
    for key in {*start, *patched, *written, *undone}:
        if key in written and key not in patched:
            assert undone[key] == written[key], f"the inserted row {key} is not as it was"
        elif key in patched and key not in written:
            assert key not in undone, f"a row {key} that the application deleted is back"
        elif key not in patched:
            back = undone.get(key)
            if back is None:
                gone = points_nowhere(start[key], undone_tables) or is_taken(start[key], undone) or is_listed(key)
                assert gone, key
                continue
            for column, value in start[key].items():
                blocked = points_nowhere({column: value}, undone_tables)
                assert back[column] == value or blocked, (key, column)
        elif key in start:
            for column, value in written[key].items():
                touched = value != patched[key][column]
                expected = value if touched else start[key][column]
                blocked = not touched and points_nowhere({column: start[key][column]}, undone_tables)
                assert undone[key][column] == expected or blocked, (key, column)
        elif written[key] != patched[key]:
            own = {column for column, value in written[key].items() if value != patched[key][column]}
            assert {c: undone[key][c] for c in own} == {c: written[key][c] for c in own}
        else:
            assert key not in undone or is_pointed_at(key, undone_tables), f"the created row {key} is still there"


def points_nowhere(row: Any, tables: Raw) -> bool:
    """Return whether a row that ``row`` points at is not there: the application deleted it, so it cannot come back."""
    targets = {"shelf_id": "properties_shelf", "spare_id": "properties_shelf", "twin_id": "properties_specimen"}
    nothing = (None, "null NULL")
    return any(row.get(c) not in nothing and row[c] not in tables[t] for c, t in targets.items() if c in row)


def is_taken(row: Any, undone: Any) -> bool:
    """Return whether another row has the unique name of ``row`` by now, so that it cannot come back."""
    return "name" in row and any(other["name"] == row["name"] != "null NULL" for other in undone.values())


def is_listed(key: str) -> bool:
    """
    Return whether undo says of the row that it did not come back.

    The unique name that it had between two steps may be taken by a created row that has to stay, because the
    application points at it; at the end of the undo that row may have another name.
    """
    stored_key = key.partition(" ")[2].strip("'") if connection.vendor == "sqlite" else key  # it is shown with its type
    return stored_key in ConflictingRow.objects.values_list("key", flat=True)


def is_pointed_at(key: str, tables: Raw) -> bool:
    return any(
        key in (row["shelf_id"], row["spare_id"], row["twin_id"]) for row in tables["properties_specimen"].values()
    )


@quick
@given(rows, names, patches)
def test_undo_restores_every_bit(clean: None, given_rows: Any, given_names: Any, patch: Any) -> None:
    undone_exactly(given_rows, given_names, patch)


@quick
@given(rows, names, patches, later)
def test_undo_keeps_every_later_write(
    clean: None, given_rows: Any, given_names: Any, patch: Any, application: Any
) -> None:
    later_writes_kept(given_rows, given_names, patch, application)


@pytest.mark.long
@long
@given(rows, names, patches)
def test_undo_restores_every_bit_many_times(clean: None, given_rows: Any, given_names: Any, patch: Any) -> None:
    undone_exactly(given_rows, given_names, patch)


@pytest.mark.long
@long
@given(rows, names, patches, later)
def test_undo_keeps_every_later_write_many_times(
    clean: None, given_rows: Any, given_names: Any, patch: Any, application: Any
) -> None:
    later_writes_kept(given_rows, given_names, patch, application)
