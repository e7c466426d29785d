"""Each ordinary operation, done online: its end, its undo, and both after a kill at any statement."""

import pytest
from django.db import connection

from reversible_migrations.models import Step
from reversible_migrations.operations.committed import refuses_transaction
from tests.online.changes import OPERATIONS
from tests.online.conftest import backwards, forwards, migration, shape, state
from tests.situations.reaching import schema_reaches_either_end

pytestmark = pytest.mark.usefixtures("things")
only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite changes schemas in its own way")


every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


@every_operation
def test_done_it_is_what_django_makes_of_it(operation):
    start, atomic = shape(), not refuses_transaction(operation)
    with connection.schema_editor(atomic=atomic) as editor:
        after = state()
        operation.state_forwards("shop", after)
        operation.database_forwards("shop", editor, state(), after)
    by_django = without_names(shape())
    with connection.schema_editor(atomic=atomic) as editor:
        operation.database_backwards("shop", editor, after, state())
    assert without_names(shape()) == without_names(start)

    forwards(migration(operation))

    assert without_names(shape()) == by_django


@every_operation
def test_undone_everything_is_as_it_was(operation):
    start = shape()
    changed = migration(operation)

    forwards(changed)
    backwards(changed)

    assert shape() == start


@every_operation
def test_killed_at_any_statement_it_reaches_either_end(operation):
    schema_reaches_either_end(migration(operation), shape, forwards, backwards)


def without_names(found):
    """
    Return a shape without the names of constraints and indexes, which Django draws otherwise inside a column's
    definition, and without defaults: online, those of new NOT NULL columns stay for code that does not know them.
    """
    tables, rows = found
    plain = {}
    for table, (columns, facts) in tables.items():
        kept = [fact[1:] for fact in facts if len(fact) == 6]
        plain[table] = [column[:3] for column in columns], sorted(kept, key=str)
    return plain, rows


@only_postgresql
def test_every_statement_is_written_down_and_counted():
    forwards(migration(OPERATIONS["a foreign key"]))

    step = Step.objects.get()

    assert [s["kind"] for s in step.statements] == ["short", "short", "scan", "build"]
    assert step.statements_done == 4


@only_postgresql
def test_the_default_of_a_new_column_stays_for_code_that_does_not_know_it():
    forwards(migration(OPERATIONS["a column with a default"]))

    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_thing (name, count) VALUES ('by old code', 1) RETURNING x")
        assert cursor.fetchone() == ("it's 5 %",)
