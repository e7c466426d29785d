"""
Figures of the user's own: one number by SQL, or by HTTP from an endpoint or from Prometheus.

    REVERSIBLE_MIGRATIONS = {"GAUGES": [
        {"gauge": "HttpProbe", "name": "p95", "unit": "ms", "limit": 200,
         "url": "https://metrics.internal", "prometheus": "histogram_quantile(0.95, ...)"},
    ]}
"""

import json
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode, urlsplit
from urllib.request import Request, urlopen

from django.db import NotSupportedError, connections

from ..databases import database
from .gauges import CannotRead, Gauge, Look

LARGEST_ANSWER = 1_000_000  # bytes


class SqlProbe(Gauge):
    """
    The one number that a statement returns, on the run's database or on another alias; NULL is no reading.

    On PostgreSQL the statement may take 2 seconds.

        {"gauge": "SqlProbe", "name": "queue", "unit": "jobs", "limit": 1000, "sql": "SELECT count(*) FROM job"}
    """

    is_remote = True

    def __init__(
        self, name: str, sql: str, limit: float, unit: str = "", database: str | None = None, is_lag: bool = False
    ):
        self.name, self.sql, self.limit, self.unit = name, sql, limit, unit
        self.database, self.is_lag = database, is_lag

    def read(self, look: Look) -> float | None:
        alias = self.database or look.db.alias
        with _brief(alias), connections[alias].cursor() as cursor:
            cursor.execute(self.sql)
            found = cursor.fetchone()
        return None if found is None or found[0] is None else float(found[0])


def _brief(alias: str) -> AbstractContextManager[None]:
    try:
        return database(alias).brief()
    except NotSupportedError:  # a probe may ask a database that runs cannot work on
        return nullcontext()


class HttpProbe(Gauge):
    """
    A number in a JSON answer: at ``json_path`` ("data.0.p95"), or the first result of a ``prometheus`` query.

    ``url`` is the endpoint, or the server's base for Prometheus (its instant query API is called). NaN, which
    Prometheus says where there was no traffic, is no reading.
    """

    is_remote = True

    def __init__(
        self,
        name: str,
        url: str,
        limit: float,
        unit: str = "",
        json_path: str = "",
        prometheus: str = "",
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = 2.0,
        is_lag: bool = False,
    ):
        if urlsplit(url).scheme not in ("http", "https"):
            raise ValueError(f"the URL of the probe {name!r} must begin with http:// or https://")
        if bool(json_path) == bool(prometheus):
            raise ValueError(f"the probe {name!r} needs either json_path or prometheus")
        self.name, self.url, self.limit, self.unit, self.is_lag = name, url, limit, unit, is_lag
        self.path, self.headers, self.timeout_seconds = json_path, dict(headers or {}), timeout_seconds
        if prometheus:
            self.url = f"{url.rstrip('/')}/api/v1/query?{urlencode({'query': prometheus})}"
            self.path = "data.result.0.value.1"

    def read(self, look: Look) -> float | None:
        try:
            with urlopen(Request(self.url, headers=self.headers), timeout=self.timeout_seconds) as answer:
                found = json.loads(answer.read(LARGEST_ANSWER))
        except HTTPError as error:
            error.close()
            raise CannotRead(f"HTTP status {error.code}") from None
        except URLError as error:
            raise CannotRead(type(error.reason).__name__) from None
        value = float(at_path(found, self.path))
        return None if math.isnan(value) else value


def at_path(found: Any, path: str) -> Any:
    """Return what is at "data.result.0.value" in JSON; raise ``CannotRead`` with the part that is not there."""
    for part in path.split("."):
        try:
            found = found[int(part)] if isinstance(found, list) else found[part]
        except (LookupError, TypeError, ValueError):
            raise CannotRead(f"the answer has no {part!r} of {path!r}") from None
    return found
