"""Tables, columns and foreign keys that are not as the migrations left them, and rows that point nowhere."""

import pytest
from django.db import connection

from reversible_migrations.databases import catalogue_of, database
from reversible_migrations.verification import Level
from tests.situations.stock import fill_keys, model
from tests.verification.faults import found, planted, result_of, run_sql

pytestmark = pytest.mark.usefixtures("shop")

only_postgresql = pytest.mark.skipif(connection.vendor != "postgresql", reason="ALTER TYPE and constraints by name")
only_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="PRAGMA foreign_keys")


class TestSchema:
    def test_every_kind_of_column_is_as_its_model_says(self):
        result = result_of("schema", apps=["shop", "elephants", "kiosk"])

        assert (result.findings, result.sampled) == ((), ())

    def test_a_missing_table_is_an_error(self):
        with planted("ALTER TABLE shop_visit RENAME TO aside", cure=["ALTER TABLE aside RENAME TO shop_visit"]):
            assert found("schema", level=Level.ERROR) == ["shop_visit: the table of shop.Visit is missing."]

    def test_a_missing_column_of_an_oddly_named_table_is_an_error(self):
        rename = 'ALTER TABLE "Group Select" RENAME COLUMN "{}" TO "{}"'
        with planted(rename.format("two words; -- (x)", "x"), cure=[rename.format("x", "two words; -- (x)")]):
            assert found("schema") == [
                "Group Select.two words; -- (x): the column of shop.GroupSelect.words is missing."
            ]

    @only_postgresql
    @pytest.mark.parametrize(
        ("column", "other", "own"),
        [
            ("name", "varchar(40)", "varchar(50)"),
            ("price", "numeric(12,2)", "numeric(12,4)"),
            ("number", "integer", "bigint"),
            ("listed_at", "timestamp", "timestamptz"),
        ],
    )
    def test_another_type_is_a_warning(self, column, other, own):
        change = f"ALTER TABLE shop_product ALTER COLUMN {column} TYPE "
        with planted(change + other, cure=[change + own]):
            (finding,) = result_of("schema").findings

        assert (finding.level, finding.where) == (Level.WARNING, f"shop_product.{column}")
        assert finding.facts["expected"] != finding.facts["found"]

    @only_sqlite
    def test_another_declared_type_is_a_warning(self):
        rebuilt = [
            "CREATE TABLE other (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, name varchar(40) NOT NULL)",
            "ALTER TABLE shop_supplier RENAME TO kept",
            "ALTER TABLE other RENAME TO shop_supplier",
        ]
        cure = ["DROP TABLE shop_supplier", "ALTER TABLE kept RENAME TO shop_supplier"]
        keep_references = "PRAGMA legacy_alter_table = ON"
        with planted(keep_references, *rebuilt, cure=[*cure, "PRAGMA legacy_alter_table = OFF"]):
            (said,) = found("schema")

        assert said == "shop_supplier.name: is varchar(40), and the migrations say varchar(50)."

    def test_more_columns_than_the_models_know_are_no_fault(self):
        change = "ALTER TABLE shop_visit "
        with planted(f"{change} ADD COLUMN more integer", cure=[f"{change} DROP COLUMN more"]):
            assert found("schema") == []


class TestForeignKeys:
    @only_postgresql
    def test_one_that_is_gone_is_an_error(self):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
                " WHERE conrelid = 'shop_visit'::regclass AND contype = 'f'"
            )
            name, definition = cursor.fetchone()
        cure = f'ALTER TABLE shop_visit ADD CONSTRAINT "{name}" {definition}'
        with planted(f'ALTER TABLE shop_visit DROP CONSTRAINT "{name}"', cure=[cure]):
            (said,) = found("foreign-keys", level=Level.ERROR)

        assert said.startswith('shop_visit.customer_id: has no foreign key to "shop_customer" in the database')

    @only_postgresql
    def test_one_whose_triggers_are_disabled_is_an_error_with_the_command_that_enables_them(self):
        cure = ["ALTER TABLE shop_visit ENABLE TRIGGER ALL"]
        with planted("ALTER TABLE shop_visit DISABLE TRIGGER ALL", cure=cure):
            (finding,) = result_of("foreign-keys").findings

        assert finding.level == Level.ERROR
        assert finding.hint.startswith("ALTER TABLE shop_visit ENABLE TRIGGER ALL")

    @only_sqlite
    def test_one_that_is_gone_from_a_file_is_an_error(self):
        rebuilt = [
            "PRAGMA legacy_alter_table = ON",
            "ALTER TABLE shop_visit RENAME TO kept",
            "CREATE TABLE shop_visit (id integer NOT NULL PRIMARY KEY AUTOINCREMENT, customer_id bigint NOT NULL)",
        ]
        cure = ["DROP TABLE shop_visit", "ALTER TABLE kept RENAME TO shop_visit", "PRAGMA legacy_alter_table = OFF"]
        with planted(*rebuilt, cure=cure):
            (said,) = found("foreign-keys")

        assert "shop.Visit.customer says it has one" in said


def unchecked_rows(*statements):
    """Execute statements past the foreign keys of the tables."""
    if connection.vendor == "sqlite":
        run_sql("PRAGMA foreign_keys = OFF", *statements, "PRAGMA foreign_keys = ON")
    else:
        run_sql("SET session_replication_role = replica", *statements, "SET session_replication_role = origin")


class TestOddNames:
    def test_a_table_that_is_named_with_its_schema_is_known(self):
        look = catalogue_of(database("default"))

        assert look.known_as('"shop_visit"') == '"shop_visit"'
        if connection.vendor == "postgresql":
            assert look.known_as('"public"."shop_visit"') == '"shop_visit"'
            assert look.known_as('"nowhere"."shop_visit"') == '"nowhere"."shop_visit"'


class TestReferences:
    def fill(self):
        customers = [model("Customer").objects.create(name=f"customer {n}") for n in range(3)]
        for customer in customers * 2:
            model("Visit").objects.create(customer=customer)
        return customers

    def test_rows_that_point_at_nothing_are_counted(self):
        customers = self.fill()
        unchecked_rows(f"DELETE FROM shop_customer WHERE id = {customers[1].pk}")

        (finding,) = result_of("references", rows=True).findings

        assert (finding.level, finding.where, finding.facts["rows"]) == (Level.ERROR, "shop_visit.customer_id", 2)
        assert str(customers[1].name) not in finding.message

    def test_an_empty_reference_points_at_nothing_and_is_none(self):
        model("Category").objects.create(name="top", parent=None)
        fill_keys("Taxi")

        assert found("references", rows=True) == []

    def test_tables_of_other_apps_are_left_out(self):
        customers = self.fill()
        unchecked_rows(f"DELETE FROM shop_customer WHERE id = {customers[1].pk}")

        assert found("references", rows=True, apps=["library"]) == []

    @only_postgresql
    def test_rows_far_into_a_table_and_in_partitions_are_found(self):
        run_sql(
            "CREATE TABLE far (id bigint PRIMARY KEY)",
            "CREATE TABLE near (far_id bigint REFERENCES far, part int, filler text) PARTITION BY LIST (part)",
            "CREATE TABLE near_1 PARTITION OF near FOR VALUES IN (1)",
            "CREATE TABLE near_2 PARTITION OF near FOR VALUES IN (2)",
            "INSERT INTO far VALUES (1)",
        )
        try:
            unchecked_rows(
                "ALTER TABLE near_2 ALTER COLUMN filler SET STORAGE PLAIN",
                "INSERT INTO near SELECT 1, 2, repeat('x', 7000) FROM generate_series(1, 4200)",
                "INSERT INTO near SELECT 2, 1 + n % 2, 'x' FROM generate_series(1, 5) AS n",
            )

            (finding,) = result_of("references", rows=True).findings
        finally:
            run_sql("DROP TABLE near", "DROP TABLE far")

        assert (finding.where, finding.facts["rows"]) == ("near.far_id", 5)
