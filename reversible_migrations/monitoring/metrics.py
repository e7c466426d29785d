"""
The metrics by name: what each counts, its unit, its labels. ``ledger_figures`` reads them, ``exposition`` writes them.

Labels take few values. Counters are summed by app; the migration is a label only of runs that are open now and of
the newest closed ones (``RUNS_SHOWN``), so their number does not grow with the years.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

OF_APP = ("database", "app", "direction")
OF_RUN = ("database", "app", "migration", "phase", "direction")


@dataclass(frozen=True)
class Metric:
    """
    One metric; ``kind`` is "counter", "gauge" or "histogram".

    Counters have names that end in ``_total``; ``help`` is the sentence that monitoring systems show.
    """

    name: str
    kind: str
    help: str
    labels: tuple[str, ...] = ("database",)


@dataclass(frozen=True)
class Sample:
    """
    One value of a metric, with the values of its labels in their order.

    Of a histogram ``buckets`` are the counts by upper bound, each with those below it, and ``value`` is the sum.
    """

    metric: str
    labels: tuple[str, ...]
    value: float
    buckets: Mapping[str, float] = field(default_factory=dict)


OURS = "reversible_migrations_"

COUNTERS = [
    Metric(f"{OURS}rows_total", "counter", "Rows by outcome: done, skipped or conflicting.", (*OF_APP, "outcome")),
    Metric(f"{OURS}rows_seen_total", "counter", "Rows that were looked at.", OF_APP),
    Metric(f"{OURS}batches_total", "counter", "Batches that were committed.", OF_APP),
    Metric(f"{OURS}step_seconds_total", "counter", "Seconds that steps took, waits included.", OF_APP),
    Metric(f"{OURS}wait_seconds_total", "counter", "Seconds that workers waited, by reason.", (*OF_APP, "reason")),
    Metric(f"{OURS}errors_total", "counter", "Errors that ended a run, and batches tried again.", (*OF_APP, "kind")),
    Metric(f"{OURS}rollbacks_total", "counter", "Undos that were begun.", ("database", "app")),
    Metric(f"{OURS}batch_seconds", "histogram", "Seconds that batches took.", OF_APP),
]

GAUGES = [
    Metric(f"{OURS}up", "gauge", "1 if the database could be read, else 0."),
    Metric(f"{OURS}runs", "gauge", "Runs by status, of those that the ledger knows.", ("database", "status")),
    Metric(f"{OURS}rows_quarantined", "gauge", "Rows that failed and are set aside.", OF_APP),
    Metric(f"{OURS}journal_bytes", "gauge", "Size of the rollback data that is kept.", ("database", "app")),
    Metric(f"{OURS}journal_rows", "gauge", "Rows of rollback data that are kept.", ("database", "app")),
    Metric(f"{OURS}run_seconds", "gauge", "Seconds from the start of a run to its end, or until now.", OF_RUN),
    Metric(f"{OURS}run_rows", "gauge", "Rows that an open run has looked at.", OF_RUN),
    Metric(f"{OURS}run_rows_expected", "gauge", "Rows that an open run's steps so far look at, estimated.", OF_RUN),
    Metric(f"{OURS}run_waiting", "gauge", "1 while an open run is paused or waits, else 0.", OF_RUN),
    Metric(f"{OURS}run_stale", "gauge", "1 if the process of an open run is gone or silent, else 0.", OF_RUN),
    Metric(f"{OURS}heartbeat_age_seconds", "gauge", "Seconds since the last sign of life of a run in hand.", OF_RUN),
    Metric("migration_data_mismatch_count", "gauge", "Data and schema errors that the last verification found."),
    Metric(f"{OURS}verified_timestamp_seconds", "gauge", "When that was, as a Unix time."),
]

METRICS = [*COUNTERS, *GAUGES]
