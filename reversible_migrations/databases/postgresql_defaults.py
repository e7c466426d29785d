"""
What PostgreSQL puts into a column for code that does not know it, where the field's own default differs each time.

Django computes such a default once for the rows that are there. Left in the database, that one value would be
given to every row that comes: the moment of the migration, one UUID for all.
"""

import uuid
from datetime import date, datetime
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

CLOCKS = (timezone.now, timezone.localdate, timezone.localtime, datetime.now, date.today)
LOCAL_NOW = "statement_timestamp() AT TIME ZONE %s"  # as date.today() and datetime.now() have it in Django
NOW = {
    "DateTimeField": "statement_timestamp()",
    "DateField": f"CAST({LOCAL_NOW} AS date)",
    "TimeField": f"CAST({LOCAL_NOW} AS time)",
}


def default_by_database(field: Any, connection: BaseDatabaseWrapper) -> str | None:
    """Return the SQL of what ``field`` gives a new row, if that differs each time and the database knows it too."""
    kind, default = field.get_internal_type(), field.default
    is_clock = getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False) or default in CLOCKS
    if is_clock and kind in NOW:
        zone = [timezone.get_default_timezone_name()] if "%s" in NOW[kind] else []
        return str(connection.ops.compose_sql(NOW[kind], zone))  # type: ignore[attr-defined]
    if default is uuid.uuid4 and kind == "UUIDField":
        return "gen_random_uuid()"
    return None


def differs_each_time(field: Any) -> bool:
    """Return whether a value that ``field`` gives a row is not to be given to the others; of times none is."""
    if not callable(field.default):
        return False
    return field.get_internal_type() in NOW or field.get_default() != field.get_default()
