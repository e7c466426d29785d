"""How PostgreSQL goes about undo on a table of 300,000 rows: each slice reads its own rows, never the table."""

import re

import pytest
from django.db import connection
from django.db.models import F, Q

from reversible_migrations import operations as ops
from tests.situations.running import backwards, forwards, last_step, migration_of
from tests.situations.stock import model

pytestmark = [
    pytest.mark.usefixtures("large"),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite joins by the key of the slice's rows alone"),
]

ROWS = 300_000
READ_WHOLE = re.compile(r"Seq Scan on shop_customer\b.*")


@pytest.fixture
def large(shop):
    """``Customer`` with 300,000 rows, and the planner's statistics about them."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO shop_customer (id, name) SELECT n, 'c' || n FROM generate_series(1, %s) n", [ROWS])
        cursor.execute("SELECT setval(pg_get_serial_sequence('shop_customer', 'id'), %s)", [ROWS])
        cursor.execute("ANALYZE shop_customer")


class Plans:
    """An execute wrapper that asks for the plan of every statement that names the table, before it runs."""

    def __init__(self):
        self.plans = []

    def __call__(self, execute, sql, params, many, context):
        if "shop_customer" in sql and sql.startswith(("UPDATE", "DELETE", "INSERT", "SELECT 1", "WITH")) and not many:
            with connection.connection.cursor() as beside:
                beside.execute(f"EXPLAIN {sql}", params)
                self.plans.append((sql, "\n".join(row[0] for row in beside)))
        return execute(sql, params, many, context)


def plans_of_undo(migration):
    plans = Plans()
    with connection.execute_wrapper(plans):
        backwards(migration)
    return plans.plans


SPREAD = Q(pk__in=range(100, ROWS, 100))  # 2,999 rows, all over the table
TOGETHER = Q(pk__gt=100_000, pk__lte=103_000)


@pytest.mark.parametrize("policy", ["keep", "overwrite"])
@pytest.mark.parametrize(
    ("operation", "batch_size"),
    [
        (ops.UpdateRows("Customer", {"name": "patched"}, where=TOGETHER), 1_000),
        (ops.UpdateRows("Customer", {"name": "patched"}, where=SPREAD), 30_000),
        (ops.CreateRows("Customer", [{"name": "made"}] * 3_000), 1_000),
        (ops.DeleteRows("Customer", where=TOGETHER), 1_000),
        (ops.DeleteRows("Customer", where=SPREAD), 30_000),
    ],
    ids=["update", "update spread rows", "create", "delete", "delete spread rows"],
)
def test_undo_of_a_slice_does_not_read_the_whole_table(operation, batch_size, policy):
    migration = migration_of(operation, batch_size=batch_size, on_conflict=policy)
    forwards(migration)
    assert last_step().rows_done >= 2_999

    plans = plans_of_undo(migration)

    assert plans, "no statement on the table was seen"
    assert [(sql, plan) for sql, plan in plans if READ_WHOLE.search(plan)] == []


@pytest.mark.parametrize("policy", ["keep", "overwrite"])
def test_undo_of_a_slice_with_conflicts_does_not_read_the_whole_table(policy):
    migration = migration_of(ops.UpdateRows("Customer", {"name": "patched"}, where=TOGETHER), batch_size=1_000)
    forwards(migration)
    model("Customer").objects.alias(each=F("pk") % 100).filter(TOGETHER, each=0).update(name="by the application")
    migration.on_conflict = policy

    plans = plans_of_undo(migration)

    assert [(sql, plan) for sql, plan in plans if READ_WHOLE.search(plan)] == []
    assert last_step("backwards").rows_conflicting == 30
