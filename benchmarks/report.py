"""Writes what was measured as a table, a plot and JSON."""

import json
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.doubling import MOST_BATCHES, MOST_SECONDS, Doubling
from benchmarks.foreground import Foreground, as_facts
from benchmarks.growth import Growth
from benchmarks.live import MOST_SHARE, WANTED, Latency, Telling
from benchmarks.online import Online, Retired
from benchmarks.pairs import Pair


def machine(server: str) -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, {server}"


@dataclass(frozen=True)
class Measured:
    """What one run of the benchmark has found, part by part, against the PostgreSQL ``server``."""

    pairs: Sequence[Pair]
    latencies: Sequence[Latency]
    telling: Sequence[Telling]
    growth: Sequence[Growth]
    beside: Sequence[Foreground]
    doubled: Sequence[Doubling]
    changes: Sequence[Online]
    retired: Sequence[Retired]
    server: str
    repeats: int


def table(measured: Measured) -> str:
    """Return the measurements as Markdown."""
    rows = f"{measured.pairs[0].rows:,} rows, " if measured.pairs else ""
    lines = [
        f"{machine(measured.server)}. {rows}medians of {measured.repeats} turns (the ratio: of the turns' own).",
        "",
        "| what | beside | rows/s | plain rows/s | ratio | wanted | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for pair in measured.pairs:
        wanted = f">= {pair.least_ratio:.2f}" if pair.least_ratio else ""
        mark = ("reached" if pair.reached else "**missed**") if pair.least_ratio else ""
        lines.append(
            f"| {pair.name} | {pair.beside} | {pair.our_rate:,.0f} | {pair.plain_rate:,.0f} | {pair.ratio:.2f}"
            f" | {wanted} | {mark} |"
        )
    if measured.growth:
        lines += [
            "",
            "| from 100,000 to 1,000,000 rows | rate ratio (> 0.90) | added memory (< 20 MB) | |",
            "|---|---:|---:|---|",
        ]
    for found in measured.growth:
        mark = "reached" if found.reached else "**missed**"
        lines.append(f"| {found.step} | {found.rate_ratio:.2f} | {found.added_memory:.1f} MB | {mark} |")
    if measured.latencies:
        lines += ["", *latency_lines(measured.latencies)]
    if measured.telling:
        lines += ["", *telling_lines(measured.telling)]
    for found in measured.beside:
        lines += ["", *foreground_lines(found)]
    for each_load in measured.doubled:
        lines += ["", doubling_line(each_load)]
    if measured.changes:
        lines += ["", *online_lines(measured.changes)]
    for each in measured.retired:
        mark = "reached" if each.reached else "**missed**"
        lines += [
            "",
            f"A column of {each.rows:,} rows out of use in {each.seconds:.2f} s and back in {each.undo_seconds:.2f} s"
            f" (wanted: under 1 s each), {'rows written' if each.is_rewritten else 'no row written'}: {mark}.",
        ]
    return "\n".join(lines) + "\n"


def latency_lines(found: Sequence[Latency]) -> list[str]:
    """Return the table of how soon watchers know."""
    lines = ["| from a committed batch to | by | p50 | p95 | wanted | |", "|---|---|---:|---:|---:|---|"]
    for each in found:
        mark = "reached" if each.reached else "**missed**"
        lines.append(
            f"| {each.place} | {each.way} | {each.p50:.2f} s | {each.p95:.2f} s | < {WANTED[each.way]:.0f} s | {mark} |"
        )
    return lines


def telling_lines(found: Sequence[Telling]) -> list[str]:
    """Return the table of what telling takes of the migrating process."""
    lines = ["| processor time of telling, of the run's time | share | wanted | |", "|---|---:|---:|---|"]
    for each in found:
        mark = "reached" if each.reached else "**missed**"
        lines.append(f"| {each.way} | {100 * each.share:.2f} % | < {100 * MOST_SHARE:.0f} % | {mark} |")
    return lines


def foreground_lines(found: Foreground) -> list[str]:
    """Return the table of what an application feels."""
    lines = [
        f"An application at {found.per_second:,.0f} transactions/s on the same rows, 30 % of what is carried without a"
        " patch.",
        f"Two turns without a patch differ by up to {100 * found.noise('p95'):.0f} % (p95) and"
        f" {100 * found.noise('p99'):.0f} % (p99).",
        "",
        "| beside | p50 | p95 | p99 | p95 to alone | p99 to alone | patch, rows/s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for mode, way in found.ways.items():
        ms = [1000 * statistics.median(values) for values in (way.p50, way.p95, way.p99)]
        ratios = [found.ratio(mode, name) for name in ("p95", "p99")]
        lines.append(
            f"| {NAMES[mode]} | {ms[0]:.2f} ms | {ms[1]:.2f} ms | {ms[2]:.2f} ms | {ratios[0]:.1f} | {ratios[1]:.1f}"
            f" | {statistics.median(way.rate):,.0f} |"
        )
    return [*lines, "", f"The adaptive pace is {found.faster:.1f} times as fast as the fixed schedule."]


NAMES = {"nothing": "no patch", "fixed": "the fixed schedule", "adaptive": "our own pace"}


def doubling_line(found: Doubling) -> str:
    before, after, batches, seconds = (
        statistics.median(values) for values in (found.before, found.after, found.batches, found.seconds)
    )
    mark = "reached" if found.reached else "**missed**"
    return (
        f"An application at {found.per_second:,.0f} transactions/s, and twice that from the middle on: batches of"
        f" {before:,.0f} rows, then of {after:,.0f}, reached after {batches:.0f} batches or {seconds:.2f} s (wanted:"
        f" within {MOST_BATCHES} batches or {MOST_SECONDS:.0f} s): {mark}."
    )


def online_lines(found: Sequence[Online]) -> list[str]:
    """Return the table of what an application feels of schema changes."""
    lines = [
        "Schema changes beside readers and writers: the slowest request in milliseconds (wanted: at most 200 more than"
        " without a change, or than the longest wait for a lock, 1 s, while it is held; and none failed).",
        "",
        "| operation | without | online | failed | plain Django | online, s | plain, s | |",
        "|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for each in found:
        mark = "reached" if each.reached else "**missed**"
        lines.append(
            f"| {each.name} | {1000 * each.quiet_slowest:.0f} | {1000 * each.slowest:.0f} | {each.failed}"
            f" | {1000 * each.plain_slowest:.0f} | {each.seconds:.2f} | {each.plain_seconds:.2f} | {mark} |"
        )
    return lines


def as_json(measured: Measured) -> str:
    facts: dict[str, Any] = {
        "version": 1,
        "machine": machine(measured.server),
        "pairs": [{**asdict(p), "ratio": p.ratio, "reached": p.reached} for p in measured.pairs],
        "latencies": [
            {"place": each.place, "way": each.way, "p50": each.p50, "p95": each.p95, "reached": each.reached}
            for each in measured.latencies
        ],
        "telling": [{"way": each.way, "share": each.share, "reached": each.reached} for each in measured.telling],
        "growth": [{**asdict(g), "rate_ratio": g.rate_ratio, "reached": g.reached} for g in measured.growth],
        "foreground": [as_facts(found) for found in measured.beside],
        "doubling": [{**asdict(each), "reached": each.reached} for each in measured.doubled],
        "online": [{**asdict(each), "reached": each.reached} for each in measured.changes],
        "retiring": [{**asdict(each), "reached": each.reached} for each in measured.retired],
    }
    return json.dumps(facts, indent=2) + "\n"


def plot(pairs: Sequence[Pair], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(9, 4.5))
    names = [pair.name for pair in pairs]
    places = range(len(pairs))
    axes.barh([p + 0.2 for p in places], [pair.our_rate for pair in pairs], 0.38, label="journalled, can be undone")
    axes.barh([p - 0.2 for p in places], [pair.plain_rate for pair in pairs], 0.38, label="plain", color="#bbbbbb")
    for place, pair in enumerate(pairs):
        axes.text(pair.our_rate, place + 0.2, f" x{pair.ratio:.2f}", va="center", fontsize=8)
    axes.set_yticks(list(places), names)
    axes.invert_yaxis()
    axes.set_xlabel("rows per second")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def write(measured: Measured, folder: Path) -> str:
    """Write ``results.md``, ``results.json`` and ``results.svg`` into ``folder``; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = table(measured)
    (folder / "results.md").write_text(text)
    (folder / "results.json").write_text(as_json(measured))
    plot(measured.pairs, folder / "results.svg")
    return text
