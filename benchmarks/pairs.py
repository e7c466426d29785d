"""What is measured beside what, and the ratio that is to be reached."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import ways
from benchmarks.followed import everything_off, everything_on


@dataclass
class Pair:
    """Ours beside the plain way, over the same rows, in turns within one run."""

    name: str
    beside: str
    least_ratio: float  # of our rate to the plain one
    rows: int
    ours: list[float] = field(default_factory=list)  # seconds
    plain: list[float] = field(default_factory=list)

    @property
    def our_rate(self) -> float:
        return self.rows / statistics.median(self.ours)

    @property
    def plain_rate(self) -> float:
        return self.rows / statistics.median(self.plain)

    @property
    def ratio(self) -> float:
        """Return the median of the ratios of each turn, which the noise of the machine moves least."""
        return statistics.median(p / o for p, o in zip(self.plain, self.ours, strict=True))

    @property
    def reached(self) -> bool:
        return self.ratio >= self.least_ratio


def measure_postgresql(rows: int, repeats: int, say: Callable[[str], Any], only: str = "") -> list[Pair]:
    update = Pair("update", "batched UPDATE, no journal", 0.70, rows)
    undo = Pair("undo of update", "batched UPDATE, no journal", 0.60, rows)
    transform = Pair("transform", "iterator() + bulk_update(2,000)", 6.0, rows)
    delete = Pair("delete", "batched DELETE, no journal", 0.50, rows)
    undelete = Pair("undo of delete", "batched INSERT ... SELECT", 0.50, rows)
    create = Pair("create", "batched multi-row INSERT", 0.50, rows)
    uncreate = Pair("undo of create", "batched DELETE, no journal", 0.50, rows)
    with_others = Pair("delete, reviews go with it", "both batched DELETEs, no journal", 0.50, rows)
    back_with = Pair("undo of that", "both batched INSERT ... SELECT", 0.50, rows)
    referred = Pair("undo of create, reviews may refer to it", "batched DELETE, no journal", 0.50, rows)
    parallel = Pair("update, 2 workers", "one single UPDATE, no journal", 1 / 0.95, rows)
    delete_2 = Pair("delete, reviews go with it, 2 workers", "the same with 1 worker", 1.1, rows)
    undelete_2 = Pair("undo of that, 2 workers", "the same with 1 worker", 1.1, rows)
    watched = Pair("update, all gauges", "the same without gauges", 0.99, rows)
    followed = Pair("update, Sentry, OpenTelemetry, metrics", "the same with nobody told", 0.99, rows)
    groups: dict[str, tuple[Callable[..., None], list[Pair]]] = {
        "gauges": (_gauges, [watched]),
        "followed": (_followed, [followed]),
        "update": (_update, [update, undo]),
        "parallel update": (_parallel, [parallel]),
        "transform": (_transform, [transform]),
        "delete": (_delete, [delete, undelete]),
        "create": (_create, [create, uncreate]),
        "delete with others": (_delete_with_others, [with_others, back_with]),
        "parallel delete": (_parallel_delete, [delete_2, undelete_2]),
        "create referred": (_create_referred, [referred]),
    }
    return _in_turns(groups, rows, repeats, say, only)


def measure_sqlite(rows: int, repeats: int, say: Callable[[str], Any], only: str = "") -> list[Pair]:
    update = Pair("update on SQLite", "batched UPDATE, no journal", 0.50, rows)
    undo = Pair("undo of update on SQLite", "batched UPDATE, no journal", 0.0, rows)
    return _in_turns({"update on SQLite": (_update, [update, undo])}, rows, repeats, say, only)


def _in_turns(
    groups: dict[str, tuple[Callable[..., None], list[Pair]]],
    rows: int,
    repeats: int,
    say: Callable[[str], Any],
    only: str,
) -> list[Pair]:
    chosen = {name: group for name, group in groups.items() if only in name}
    for turn in range(1, repeats + 1):
        for name, (measure, measured) in chosen.items():
            say(f"turn {turn} of {repeats}: {name}")
            measure(rows, *measured)
            for pair in measured:
                say(f"    {pair.name}: {pair.ours[-1]:.2f} s, plain {pair.plain[-1]:.2f} s")
    return [pair for _, measured in chosen.values() for pair in measured]


def _update(rows: int, update: Pair, undo: Pair) -> None:
    ways.start_over(rows)
    plain = ways.timed(lambda: ways.plain_update(rows))
    ways.start_over(rows)
    patch = ways.OurWay(ways.our_update)
    update.ours.append(ways.timed(patch.forwards))
    ways.settle()
    undo.ours.append(ways.timed(patch.backwards))
    update.plain.append(plain)
    undo.plain.append(plain)


def _parallel(rows: int, parallel: Pair) -> None:
    ways.start_over(rows)
    parallel.plain.append(ways.timed(ways.single_update))
    ways.start_over(rows)
    parallel.ours.append(ways.timed(ways.OurWay(ways.our_update, parallel=2).forwards))


def _gauges(rows: int, watched: Pair) -> None:
    """Batches of one size: what differs is the reading of the gauges and what is made of them, no pace."""
    turns = [(watched.plain, dict.fromkeys(ways.gauge_names())), (watched.ours, {})]
    for seconds, limits in turns if len(watched.ours) % 2 else reversed(turns):
        ways.start_over(rows)
        patch = ways.OurWay(ways.our_update, batch_size=ways.BATCH, limits=limits)
        seconds.append(ways.timed(patch.forwards))


def _followed(rows: int, pair: Pair) -> None:
    turns = [(pair.plain, everything_off), (pair.ours, everything_on)]
    for seconds, followers in turns if len(pair.ours) % 2 else reversed(turns):
        ways.start_over(rows)
        patch = ways.OurWay(ways.our_update, batch_size=ways.BATCH, limits=dict.fromkeys(ways.gauge_names()))
        with followers():
            seconds.append(ways.timed(patch.forwards))


def _transform(rows: int, transform: Pair) -> None:
    ways.start_over(rows)
    transform.plain.append(ways.timed(lambda: ways.plain_transform(rows)))
    ways.start_over(rows)
    transform.ours.append(ways.timed(ways.OurWay(ways.our_transform).forwards))


def _delete(rows: int, delete: Pair, undelete: Pair) -> None:
    ways.start_over(rows)
    ways.copy_products()
    delete.plain.append(ways.timed(lambda: ways.plain_delete(rows)))
    ways.settle()
    undelete.plain.append(ways.timed(lambda: ways.plain_restore(rows)))
    ways.start_over(rows)
    patch = ways.OurWay(ways.our_delete)
    delete.ours.append(ways.timed(patch.forwards))
    ways.settle()
    undelete.ours.append(ways.timed(patch.backwards))


def _create(rows: int, create: Pair, uncreate: Pair) -> None:
    ways.start_over(0)
    create.plain.append(ways.timed(lambda: ways.plain_create(rows)))
    ways.settle()
    uncreate.plain.append(ways.timed(lambda: ways.plain_delete(rows)))
    ways.start_over(0)
    patch = ways.OurWay(ways.our_create(rows))
    create.ours.append(ways.timed(patch.forwards))
    ways.settle()
    uncreate.ours.append(ways.timed(patch.backwards))


def _delete_with_others(rows: int, delete: Pair, undelete: Pair) -> None:
    ways.start_over_with_articles(rows)
    ways.copy_reviews()
    delete.plain.append(ways.timed(lambda: ways.plain_article_delete(rows)))
    ways.settle()
    undelete.plain.append(ways.timed(lambda: ways.plain_article_restore(rows)))
    ways.start_over_with_articles(rows)
    patch = ways.OurWay(ways.our_article_delete)
    delete.ours.append(ways.timed(patch.forwards))
    ways.settle()
    undelete.ours.append(ways.timed(patch.backwards))


def _parallel_delete(rows: int, delete: Pair, undelete: Pair) -> None:
    for workers, there, back in ((1, delete.plain, undelete.plain), (2, delete.ours, undelete.ours)):
        ways.start_over_with_articles(rows)
        patch = ways.OurWay(ways.our_article_delete, parallel=workers)
        there.append(ways.timed(patch.forwards))
        ways.settle()
        back.append(ways.timed(patch.backwards))


def _create_referred(rows: int, uncreate: Pair) -> None:
    ways.start_over_with_articles(rows, reviews=False)
    uncreate.plain.append(ways.timed(lambda: ways.plain_article_delete(rows)))
    ways.start_over_with_articles(0, reviews=False)
    patch = ways.OurWay(ways.our_article_create(rows))
    patch.forwards()
    ways.settle()
    uncreate.ours.append(ways.timed(patch.backwards))
