"""Which rule here is about the same as one of another linter, and why some of its findings are not made here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

DJANGO_LINTER, ZERO_DOWNTIME, SQUAWK = "django-migration-linter", "django-pg-zero-downtime-migrations", "squawk"

Found = Mapping[str, Any]

COLUMN_TYPE = ("RM209", "RM218", "RM222", "RM223")
DROPPED, DROPPED_TABLE = ("RM211", "RM105"), ("RM211", "RM106")
INDEX = ("RM201", "RM224", "RM205", "RM206", "RM222")
SAME: dict[tuple[str, str], tuple[str, ...]] = {
    (DJANGO_LINTER, "ADD_UNIQUE"): ("RM206", "RM205"),
    (DJANGO_LINTER, "ALTER_COLUMN"): COLUMN_TYPE,
    (DJANGO_LINTER, "CREATE_INDEX"): INDEX,
    (DJANGO_LINTER, "CREATE_INDEX_EXCLUSIVE"): INDEX,
    (DJANGO_LINTER, "DROP_COLUMN"): DROPPED,
    (DJANGO_LINTER, "DROP_INDEX"): ("RM221", "RM206", "RM205"),
    (DJANGO_LINTER, "DROP_TABLE"): DROPPED_TABLE,
    (DJANGO_LINTER, "NOT_NULL"): ("RM202", "RM220"),
    (DJANGO_LINTER, "RENAME_COLUMN"): ("RM207", "RM208"),
    (DJANGO_LINTER, "RENAME_TABLE"): ("RM208",),
    (DJANGO_LINTER, "REINDEX"): ("RM225",),
    (DJANGO_LINTER, "RUNPYTHON_MODEL_IMPORT"): ("RM301",),
    (DJANGO_LINTER, "RUNPYTHON_REVERSIBLE"): ("RM101",),
    (DJANGO_LINTER, "RUNSQL_REVERSIBLE"): ("RM102",),
    (ZERO_DOWNTIME, "ADD COLUMN NOT NULL"): ("RM202",),
    (ZERO_DOWNTIME, "ADD COLUMN GENERATED STORED"): ("RM226",),
    (ZERO_DOWNTIME, "ADD CONSTRAINT EXCLUDE"): ("RM212",),
    (ZERO_DOWNTIME, "ALTER COLUMN TYPE"): COLUMN_TYPE,
    (ZERO_DOWNTIME, "ALTER TABLE RENAME"): ("RM208",),
    (ZERO_DOWNTIME, "ALTER TABLE RENAME COLUMN"): ("RM207", "RM208"),
    (SQUAWK, "adding-field-with-default"): ("RM203", "RM226"),
    (SQUAWK, "adding-foreign-key-constraint"): ("RM205", "RM218"),
    (SQUAWK, "adding-not-nullable-field"): ("RM220", "RM202"),
    (SQUAWK, "adding-required-field"): ("RM202",),
    (SQUAWK, "ban-drop-column"): DROPPED,
    (SQUAWK, "ban-drop-table"): DROPPED_TABLE,
    (SQUAWK, "ban-drop-default"): ("RM202", "RM220"),
    (SQUAWK, "changing-column-type"): COLUMN_TYPE,
    (SQUAWK, "constraint-missing-not-valid"): ("RM204", "RM205", "RM206", "RM209", "RM218", "RM222"),
    (SQUAWK, "disallowed-unique-constraint"): ("RM206", "RM205"),
    (SQUAWK, "renaming-column"): ("RM207", "RM208"),
    (SQUAWK, "renaming-table"): ("RM208",),
    (SQUAWK, "require-concurrent-index-creation"): INDEX,
    (SQUAWK, "require-concurrent-index-deletion"): ("RM221", "RM206", "RM205"),
    (SQUAWK, "require-lock-timeout"): ("RM215",),
}


@dataclass(frozen=True)
class Reason:
    """Why findings of these rules (of all of them, if none is named) are not made here, where ``holds``."""

    why: str
    rules: tuple[str, ...]
    holds: Callable[[Found], bool] = lambda found: True


INDEX_RULES = ("CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "require-concurrent-index-creation")
DROP_INDEX_RULES = ("DROP_INDEX", "require-concurrent-index-deletion")
FOREIGN_KEY_RULES = ("adding-foreign-key-constraint", "constraint-missing-not-valid")

REASONS = (
    Reason(
        "a matter of design or style, not of the migration: Django's fields decide the types, and it shortens names",
        ("prefer-bigint-over-int", "prefer-bigint-over-smallint", "prefer-text-field", "identifier-too-long"),
    ),
    Reason(
        "a matter of style: the names of parameters and variables harm nobody",
        ("RUNPYTHON_ARGS_NAMING_CONVENTION", "RUNPYTHON_MODEL_VARIABLE_NAME"),
    ),
    Reason("Django writes down what was applied, and a transaction takes back the rest", ("prefer-robust-stmts",)),
    Reason(
        "the limit of a lock is enough to let others through; one for statements ends long builds in the middle",
        ("require-statement-timeout",),
    ),
    Reason("its table is made by the same migration: nobody uses it yet", (), lambda found: found["is_new_table"]),
    Reason(
        "it refers to a table that the same migration makes, so there is nothing to check and nobody to wait",
        FOREIGN_KEY_RULES, lambda found: any(f'REFERENCES "{table}"' in found["text"] for table in found["made"]),
    ),
    Reason(
        "PostgreSQL only notes the longer type, and does not write the table anew: seen by its file, which stays",
        ("ALTER_COLUMN", "changing-column-type"), lambda found: not found["is_rewriting"],
    ),
    Reason(
        "the constraint is made anew by a rename, of which RM207 and RM208, errors, tell",
        FOREIGN_KEY_RULES, lambda found: found["kind"] in ("RenameModel", "RenameField"),
    ),
    Reason(
        "the index goes with the constraint of the column, which has no concurrent way; the lock is RM215's",
        DROP_INDEX_RULES, lambda found: found["kind"] == "AlterField" and found["text"].endswith('_like";'),
    ),
    Reason("it is in the SQL that undoes", DROP_INDEX_RULES, lambda found: found["text"] == "DROP INDEX locks table"),
    Reason(
        "a short lock, of which RM215 tells; that rows need not keep to it is what is wanted",
        ("ban-drop-constraint",),
    ),
    Reason(
        "the default that fills the rows that are there goes in the same operation",
        ("ban-drop-default",),
    ),
    Reason("old code that reads NULL is a matter of the code, not of the migration", ("ban-drop-not-null",)),
    Reason(
        "the model comes from `apps`, in another way than the expression of the linter knows, or stands in a comment",
        ("RUNPYTHON_MODEL_IMPORT",), lambda found: found["migration"] in READ,
    ),
)  # fmt: skip
# Migrations whose functions were read for it.
READ = {
    "0033_placeholder_source_data_migration", "0002_initial_data",
    "0001_squashed_0016_change_page_url_path_to_text_field",
}  # fmt: skip


def reason_of(found: Found) -> str | None:
    """Return why a finding of another linter is not made here; None where that is not known."""
    fits = (each for each in REASONS if (not each.rules or found["rule"] in each.rules) and each.holds(found))
    return next((each.why for each in fits), None)
