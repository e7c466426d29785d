"""
What a field is in a table of PostgreSQL, as far as it can be told without a database.

Fields are those of migration states, which are bound to no model. What only a project's own code knows is None.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.migrations.state import ModelState, ProjectState
from django.db.migrations.utils import resolve_relation
from django.db.models.fields.related import ForeignObject

# https://docs.djangoproject.com/en/stable/ref/models/fields/ and Django's types for PostgreSQL
TYPES = {
    "AutoField": "integer", "BigAutoField": "bigint", "SmallAutoField": "smallint", "BigIntegerField": "bigint",
    "IntegerField": "integer", "SmallIntegerField": "smallint", "PositiveBigIntegerField": "bigint",
    "PositiveIntegerField": "integer", "PositiveSmallIntegerField": "smallint", "BinaryField": "bytea",
    "BooleanField": "boolean", "CharField": "varchar", "SlugField": "varchar", "FileField": "varchar",
    "FilePathField": "varchar", "DateField": "date", "DateTimeField": "timestamptz", "TimeField": "time",
    "DecimalField": "numeric", "DurationField": "interval", "FloatField": "double precision",
    "GenericIPAddressField": "inet", "IPAddressField": "inet", "JSONField": "jsonb", "TextField": "text",
    "UUIDField": "uuid",
}  # fmt: skip
# Other names of types in SQL.
IN_SQL = {
    "character varying": "varchar", "decimal": "numeric", "int": "integer", "int2": "smallint", "int4": "integer",
    "int8": "bigint", "bool": "boolean", "float8": "double precision", "timestamp with time zone": "timestamptz",
}  # fmt: skip
CHECKED = ("PositiveBigIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField")
WITHOUT_COLUMN = ("Manager", "ManyToManyField", "GenericRelation")
REFERRING = ("ForeignKey", "OneToOneField")


@dataclass(frozen=True)
class ColumnType:
    """A type with its sizes: varchar(100), numeric(8, 2), text."""

    name: str
    sizes: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.sizes))})" if self.sizes else self.name


def column_type(field: Any, app_label: str, model_name: str, state: ProjectState) -> ColumnType | None:
    """Return the type of the column of a field of this model; None where it is not known."""
    if isinstance(field, ForeignObject):
        referred = referred_field(field, app_label, model_name, state)
        key = referred_model(field, app_label, model_name)
        return column_type(referred, *key, state) if key and referred is not None and referred is not field else None
    name = TYPES.get(field.get_internal_type())
    owner = next(kind for kind in type(field).__mro__ if "db_type" in vars(kind))
    if name is None or hasattr(field, "stands_for") or not owner.__module__.startswith("django."):
        return None
    if name == "numeric" and field.max_digits is not None:
        return ColumnType(name, (field.max_digits, field.decimal_places))
    return ColumnType(name, (field.max_length,) if name == "varchar" and isinstance(field.max_length, int) else ())


def type_in_sql(words: Sequence[str]) -> ColumnType | None:
    """Return the type that these words are, as in ``CHARACTER VARYING (100)``; None where more is said, or unknown."""
    opening = words.index("(") if "(" in words else len(words)
    written = " ".join(words[:opening]).lower()
    name = IN_SQL.get(written, written)
    sizes = tuple(int(word) for word in words[opening:] if word.isdecimal())
    is_all = name in TYPES.values() and set(words[opening:]) <= {"(", ",", ")", *map(str, sizes)}
    return ColumnType(name, sizes) if is_all else None


def is_rewritten(old: ColumnType, new: ColumnType) -> bool:
    """
    Return whether PostgreSQL writes the table anew to change the type of a column.

    It does not for longer and unlimited texts and numbers: varchar(50) to varchar(100) or text, numeric(8, 2) to
    numeric(10, 2). It does for varchar(100) to varchar(50), and for numeric(8, 2) to numeric(8, 3).
    """
    texts = ("varchar", "text")
    if old.name in texts and new.name in texts:
        return bool(new.sizes) and (not old.sizes or new.sizes < old.sizes)
    if old.name == new.name == "numeric" and new.sizes:
        return not old.sizes or new.sizes[1] != old.sizes[1] or new.sizes[0] < old.sizes[0]
    return old.name != new.name


def has_column(field: Any) -> bool:
    return not field.many_to_many and not getattr(field, "stands_for", "").endswith(WITHOUT_COLUMN)


def goes_from_database(field: Any) -> bool:
    """Return whether a column, or the table of a many-to-many, goes with a field; True for one that is not known."""
    if field is None or has_column(field):
        return True
    return bool(field.many_to_many and field.remote_field.through is None)


def is_foreign_key(field: Any) -> bool:
    return isinstance(field, ForeignObject) or getattr(field, "stands_for", "").endswith(REFERRING)


def is_constrained(field: Any) -> bool:
    """Return whether the database sees to it that a row of the other table is there."""
    return is_foreign_key(field) and bool(getattr(field, "db_constraint", True))


def has_check(field: Any) -> bool:
    return not hasattr(field, "stands_for") and field.get_internal_type() in CHECKED


def has_own_index(field: Any) -> bool:
    """Return whether Django makes an index for the column alone; a unique one has that of its constraint."""
    return bool(field.db_index) and not field.unique


def referred_model(field: Any, app_label: str, model_name: str) -> tuple[str, str] | None:
    if getattr(field, "remote_field", None) is None:
        return None
    key = resolve_relation(field.remote_field.model, app_label, model_name)
    return None if key[0] == "unknown" else (str(key[0]), str(key[1]))


def referred_field(field: Any, app_label: str, model_name: str, state: ProjectState) -> Any:
    key = referred_model(field, app_label, model_name)
    model = state.models.get(key) if key else None
    if model is None:
        return None
    name = (getattr(field, "to_fields", None) or [None])[0]
    return model.fields.get(name) if name else primary_key(model)


def primary_key(model: ModelState) -> Any:
    return next((field for field in model.fields.values() if field.primary_key), None)
