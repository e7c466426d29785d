"""What the commands share: --database, --json, and our errors as plain words."""

import json
import re
from argparse import ArgumentTypeError
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, connections

from ..exceptions import ReversibleMigrationError

JSON_VERSION = 1


class LedgerCommand(BaseCommand):
    """A command on one database. Its exit status is 0, or 1 after an error, which is one text without a traceback."""

    def add_arguments(self, parser: CommandParser) -> None:
        add_database(parser)
        parser.add_argument("--json", action="store_true", help=f"write JSON (version {JSON_VERSION}) instead of words")

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute(*args, **options)
        except ReversibleMigrationError as error:
            raise CommandError(str(error), returncode=error.exit_code) from error
        except NotSupportedError as error:
            raise CommandError(str(error)) from error

    def write_json(self, facts: Mapping[str, Any], indent: int | None = 2) -> None:
        self.stdout.write(json.dumps({"version": JSON_VERSION, **facts}, indent=indent, default=plain))


def add_database(parser: CommandParser) -> None:
    parser.add_argument(
        "--database",
        default=DEFAULT_DB_ALIAS,
        choices=tuple(connections),
        help='database alias (default "default")',
    )


def plain(value: Any) -> Any:
    """Return ``value`` in a form that JSON has: times as ISO 8601, the rest as the database's text."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


def period(text: str) -> timedelta:
    """Return the time that 30d, 12h or 45m means; for argparse."""
    found = re.fullmatch(r"(\d+)([dhm])", text)
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no time; write it like 30d, 12h or 45m.")
    unit = {"d": "days", "h": "hours", "m": "minutes"}[found[2]]
    return timedelta(**{unit: int(found[1])})


def positive(text: str) -> int:
    """Return the whole number of 1 or more that ``text`` is; for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number of 1 or more.")
    return int(text)
