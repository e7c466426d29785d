"""A fingerprint of each table, the same on every database."""

import hashlib
from dataclasses import dataclass

from django.db import models

from .loading import TABLES, table_name


@dataclass(frozen=True)
class Digest:
    """How many rows a table has, and the SHA-256 of all of them in the order of their keys."""

    rows: int
    sha256: str


def digest_tables(using: str = "default") -> dict[str, Digest]:
    """Return the digest of every table of the data set, by its plain name."""
    return {table_name(model): digest_table(model, using) for model in TABLES}


def digest_table(model: type[models.Model], using: str = "default") -> Digest:
    """
    Return the digest of one table, worked out from the values as Python sees them.

    No function of the database is used, so that a table has the same digest on SQLite and on
    PostgreSQL. 336,776 flights take about 2 s.
    """
    columns = [field.attname for field in model._meta.concrete_fields]
    table = model._default_manager.using(using).order_by("pk").values_list(*columns)
    sha256 = hashlib.sha256()
    rows = 0
    for row in table.iterator(chunk_size=5_000):
        sha256.update(repr(row).encode())
        rows += 1
    return Digest(rows, sha256.hexdigest())
