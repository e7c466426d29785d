"""What speaks against an undo just now."""

import pytest
from django.db import connection

from reversible_migrations.databases import database
from reversible_migrations.models import JournalTable
from reversible_migrations.phases.conditions import reasons_to_wait
from reversible_migrations.phases.readiness import steps_to_restore
from tests.load.conftest import other
from tests.situations.fixtures import shop, transactional_db
from tests.situations.running import forwards, patch_of, runs
from tests.situations.stock import fill_products

__all__ = ["other", "shop", "transactional_db"]
pytestmark = pytest.mark.usefixtures("shop")


def patched():
    fill_products("number", [1, 2, 3])

    def code(apps, patch):
        patch.update(apps.get_model("shop", "Product").objects.all(), number=0)

    forwards(patch_of(code))
    return steps_to_restore(runs()[-1], "default")


def test_nothing_does_where_nobody_is_in_the_way():
    assert reasons_to_wait(patched(), database("default"), long_seconds=0.0) == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, which the lease knows")
def test_a_transaction_that_holds_a_table_for_long_does(other):
    steps = patched()
    session = other()
    session.begin("SELECT * FROM shop_product LIMIT 1; SELECT pg_sleep(30)")

    (reason,) = until(lambda: reasons_to_wait(steps, database("default"), long_seconds=0.2))

    assert 'shop_product"' in str(reason)
    assert "in its transaction for" in str(reason)
    assert reasons_to_wait(steps, database("default")) == []  # it is not that long yet


def test_too_little_room_does():
    steps = patched()
    JournalTable.objects.update(bytes=10**15)

    (reason,) = reasons_to_wait(steps, database("default"))

    assert "1,000.0 TB of rollback data" in str(reason)


def until(call):
    import time

    for _ in range(100):
        found = call()
        if found:
            return found
        time.sleep(0.1)
    return call()
