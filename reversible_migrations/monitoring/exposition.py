"""
The metrics in Prometheus' text form, by ``prometheus-client`` (the extra ``metrics``).

``LedgerCollector`` reads the ledgers whenever it is asked. A project that has a registry registers it there:

    prometheus_client.REGISTRY.register(LedgerCollector())
"""

import os
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..conf import setting
from ..databases import served_databases
from ..exceptions import ExtraMissing
from .ledger_figures import read_ledger
from .metrics import METRICS, OURS, Metric, Sample
from .within import all_within

if TYPE_CHECKING:
    from prometheus_client.core import Metric as Family

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class LedgerCollector:
    """A collector for ``prometheus-client``: the figures of every database with a ledger, or of ``aliases`` only."""

    def __init__(self, aliases: Iterable[str] | None = None):
        self.aliases = None if aliases is None else list(aliases)

    def describe(self) -> list["Family"]:
        """Return nothing: registering it is not to read any database."""
        return []

    def collect(self) -> Iterator["Family"]:
        return families(self.samples())

    def samples(self) -> list[Sample]:
        """Return the samples of all databases; of one that cannot be read, that it is not up."""
        seconds = float(setting("METRICS_SECONDS"))
        aliases = self.aliases or served_databases()
        named = {f"the database {alias!r}": alias for alias in aliases}
        found = all_within(seconds, {name: partial(read_ledger, alias, seconds) for name, alias in named.items()})
        return [sample for name, alias in named.items() for sample in _or_not_up(alias, found[name])]


def _or_not_up(alias: str, found: list[Sample] | Exception) -> list[Sample]:
    """Return what was found; whatever went wrong, the figures of the others are to be shown."""
    return [Sample(f"{OURS}up", (alias,), 0)] if isinstance(found, Exception) else found


def families(samples: Iterable[Sample]) -> Iterator["Family"]:
    """Yield the metrics with their samples as ``prometheus-client`` has them."""
    by_metric: dict[str, list[Sample]] = {}
    for sample in samples:
        by_metric.setdefault(sample.metric, []).append(sample)
    for metric in METRICS:
        if metric.name in by_metric:
            yield _family(metric, by_metric[metric.name])


def _family(metric: Metric, samples: list[Sample]) -> "Family":
    from prometheus_client import core

    if metric.kind == "histogram":
        histogram = core.HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for sample in samples:
            histogram.add_metric(sample.labels, buckets=list(sample.buckets.items()), sum_value=sample.value)
        return histogram
    kind = core.CounterMetricFamily if metric.kind == "counter" else core.GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for sample in samples:
        family.add_metric(sample.labels, sample.value)
    return family


def text(collector: LedgerCollector | None = None) -> bytes:
    """Return what Prometheus reads; raise ``ExtraMissing`` without ``prometheus-client``."""
    try:
        from prometheus_client import CollectorRegistry, generate_latest
    except ImportError:
        raise ExtraMissing("metrics", "prometheus-client") from None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(collector or LedgerCollector())
    return generate_latest(registry)


def write_text(file: Path, collector: LedgerCollector | None = None) -> None:
    """
    Write it to ``file``, whose folder node exporter's textfile collector reads: whole under its name, or not at all.

    Raise ``OSError`` where that cannot be; the file is as it was before.
    """
    said = text(collector)
    handle, part = tempfile.mkstemp(prefix=f".{file.name}.", suffix=".partial", dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(said)
        Path(part).chmod(0o644)  # node exporter has a user of its own
        Path(part).replace(file)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
