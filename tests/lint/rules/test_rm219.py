"""What PostgreSQL refuses inside a transaction."""

import pytest
from django.db import DatabaseError, connection

from tests.lint.reading import flagged, on_base, silent

INDEX = 'models.Index(fields=["name"], name="product_name")'
IMPORT = "from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently\n"
BUILD = "CREATE INDEX CONCURRENTLY product_name ON shop_product (name)"
SEVERAL = f'migrations.RunSQL("{BUILD}; ANALYZE shop_product")'
NOT_ATOMIC = "atomic = False"


def of(*operations, base="migrations.Migration", attribute=""):
    return IMPORT + on_base(base, *operations, attribute=attribute)


def test_an_index_is_built():
    finding = flagged("RM219", of(f'AddIndexConcurrently("Product", {INDEX})'))

    assert finding.message == (
        "AddIndexConcurrently is refused in a transaction, and this migration runs in one: it fails."
    )
    assert finding.hint == "atomic = False in the class Migration."


@pytest.mark.parametrize(
    "operation",
    [
        f'migrations.RunSQL("{BUILD}")',
        'migrations.RunSQL("DROP INDEX CONCURRENTLY product_name")',
        'migrations.RunSQL(["REINDEX TABLE CONCURRENTLY shop_product"])',
        'migrations.RunSQL("VACUUM ANALYZE shop_product")',
        f"""migrations.RunPython(lambda apps, schema_editor: schema_editor.execute("{BUILD}"))""",
    ],
)
def test_sql(operation):
    flagged("RM219", operation)


def test_an_index_is_dropped():
    made = f'migrations.AddIndex("Product", {INDEX})'

    flagged("RM219", made, of('RemoveIndexConcurrently("Product", "product_name")'))


def test_several_statements_of_one_text():
    finding = flagged("RM219", of(SEVERAL, attribute=NOT_ATOMIC))

    assert finding.message.startswith("PostgreSQL runs the statements of one text in one transaction, and CREATE INDEX")
    assert finding.hint.startswith("Write a list")


@pytest.mark.parametrize(
    "text",
    [
        of(f'AddIndexConcurrently("Product", {INDEX})', attribute=NOT_ATOMIC),
        of(f'migrations.RunSQL("{BUILD};")', attribute=NOT_ATOMIC),
        of(f'migrations.RunSQL(["{BUILD}", "ANALYZE shop_product"])', attribute=NOT_ATOMIC),
        of(f'migrations.RunSQL("{BUILD}")', base="ReversibleMigration"),
        f'migrations.AddIndex("Product", {INDEX})',
        'migrations.RunSQL("ANALYZE shop_product")',
    ],
)
def test_no_transaction(text):
    silent("RM219", text)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="a fact about PostgreSQL")
def test_postgresql_refuses_several_statements_of_one_text():
    with pytest.raises(DatabaseError, match="cannot run inside a transaction block"), connection.cursor() as cursor:
        cursor.execute("CREATE INDEX CONCURRENTLY rm219 ON django_migrations (app); ANALYZE django_migrations")
