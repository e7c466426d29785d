"""Queries that a migration declares, to be measured before it, after it, and whenever it is verified."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import DatabaseError
from django.db.migrations import Migration
from django.utils.crypto import salted_hmac

from ..databases import catalogue_of
from ..databases.base import Database
from ..exceptions import RefusedOption
from ..models import Event, Run, Step
from ..runs.run import ActiveRun

EVENT = "verify"
BEFORE, AFTER = "before", "after"
TIMES = 3  # a quick query is run so often, and the quickest time counts: the first one warms the caches
QUICK_SECONDS = 0.1
LONGEST_SECONDS = 30.0
MOST_ROWS = 10_000  # of an answer that is compared; what comes behind is left out


class Anything:
    """What a query is expected to answer if nothing is said."""

    def __repr__(self) -> str:
        return "anything"


ANYTHING = Anything()


@dataclass(frozen=True)
class VerifyQuery:
    """
    A query whose answer, time and plan tell whether a migration did what it was to do.

        verify = [
            VerifyQuery("no order without a total", "SELECT count(*) FROM shop_order WHERE total IS NULL", expect=0),
            VerifyQuery("open orders", "SELECT id FROM shop_order WHERE is_open LIMIT 50", max_seconds=0.05),
        ]

    ``expect`` is compared with the first column of the first row (None where there is no row);
    ``max_seconds`` is the longest that it may take; ``same_before_and_after``: the migration may not
    change the answer. Raise ``ValueError`` for one without a name or SQL, or with a limit that is no positive number.
    """

    name: str
    sql: str
    expect: Any = ANYTHING
    max_seconds: float | None = None
    same_before_and_after: bool = False

    def __post_init__(self) -> None:
        if not self.name or not self.sql.strip().rstrip(";"):
            raise ValueError(f"VerifyQuery({self.name!r}): it needs a name and SQL.")
        limit: Any = self.max_seconds
        if limit is not None and not (isinstance(limit, int | float) and limit > 0):
            raise ValueError(f"VerifyQuery({self.name!r}): max_seconds = {limit!r} is no positive number of seconds.")


@dataclass(frozen=True)
class Measured:
    """
    What one measuring of a query found: nothing in it is a value of a row.

    ``digest`` tells whether two answers are the same, for whoever has the project's secret key. ``fault``
    is why it could not be run, in words, or "". ``is_expected`` is None where nothing was expected.
    """

    seconds: float = 0.0
    rows: int = 0
    plan: tuple[str, ...] = ()
    digest: str = ""
    is_expected: bool | None = None
    fault: str = ""


def measure(query: VerifyQuery, db: Database) -> Measured:
    """Run ``query``, which can change nothing, and return what was found; at most ``LONGEST_SECONDS`` a time."""
    look, sql = catalogue_of(db), query.sql.strip().rstrip(";")
    try:
        with look.reading(LONGEST_SECONDS):
            plan = tuple(look.plan(sql))
            seconds, rows = _timed(sql, db)
            for _ in range(TIMES - 1 if seconds < QUICK_SECONDS else 0):
                seconds = min(seconds, _timed(sql, db)[0])
    except DatabaseError as error:
        if db.is_lost_connection(error):
            raise
        slow = look.is_broken_off(error)
        why = f"it takes longer than {LONGEST_SECONDS:.0f} s, or waits for a lock" if slow else db.describe(error)
        return Measured(fault=why)
    first = rows[0][0] if rows else None
    is_expected = None if query.expect is ANYTHING else bool(first == query.expect)
    answer = repr(sorted(map(repr, rows[:MOST_ROWS])))
    digest = salted_hmac("reversible_migrations.verify", answer, algorithm="sha256").hexdigest()[:32]
    return Measured(seconds, min(len(rows), MOST_ROWS), plan, digest, is_expected)


def _timed(sql: str, db: Database) -> tuple[float, list[tuple[Any, ...]]]:
    began = time.perf_counter()
    with db.connection.cursor() as cursor:
        cursor.execute(sql)
        rows = list(cursor.fetchmany(MOST_ROWS + 1))
    return time.perf_counter() - began, rows


def queries_of(migration: Migration) -> Sequence[VerifyQuery]:
    """Return the queries that a migration, ours or not, declares in ``verify``."""
    found: Sequence[VerifyQuery] = getattr(migration, "verify", ())
    return found


def refuse_queries(migration: Migration) -> None:
    """Raise ``RefusedOption`` for a ``verify`` that is no list of queries with names of their own."""
    queries: Sequence[Any] = queries_of(migration)
    strange = [query for query in queries if not isinstance(query, VerifyQuery)]
    if strange:
        raise RefusedOption(str(migration), f"verify has a {type(strange[0]).__name__}.", todo="Give VerifyQuery(...).")
    names = [query.name for query in queries]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise RefusedOption(str(migration), f"verify has two queries named {twice!r}.", todo="Name them differently.")


def record_queries(run: ActiveRun, migration: Migration, moment: str) -> None:
    """
    Measure the queries of ``migration`` and note them as events of ``run``; those noted before are passed over.

    What was ``BEFORE`` cannot be found out once a step was begun, so nothing is noted then.
    """
    queries = queries_of(migration)
    if not queries or (moment == BEFORE and Step.objects.using(run.alias).filter(run_id=run.record.pk).exists()):
        return
    known = recorded(run.record, run.alias, moment)
    for query in queries:
        if query.name not in known:
            facts = {"query": query.name, "moment": moment, **asdict(measure(query, run.db))}
            run.event(EVENT, f"{query.name}, {moment}", **facts)


def recorded(run: Run, alias: str, moment: str) -> dict[str, Measured]:
    """Return what was noted of the queries of a run ``BEFORE`` or ``AFTER`` it, by their names."""
    events = Event.objects.using(alias).filter(run=run, kind=EVENT, facts__moment=moment).order_by("pk")
    names = Measured.__dataclass_fields__
    found: dict[str, Measured] = {}
    for facts in events.values_list("facts", flat=True):
        known = {name: facts[name] for name in names if name in facts}
        found[facts["query"]] = Measured(**{**known, "plan": tuple(known.get("plan", ()))})
    return found
