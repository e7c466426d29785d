"""Writes what was measured as a table, a plot and JSON."""

import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from benchmarks.growth import Growth
from benchmarks.pairs import Pair


def machine(server: str) -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}, {server}"


def table(pairs: Sequence[Pair], growth: Sequence[Growth], server: str, repeats: int) -> str:
    """Return the measurements as Markdown."""
    if not pairs:
        return "Nothing was measured.\n"
    lines = [
        f"{machine(server)}. {pairs[0].rows:,} rows, medians of {repeats} turns (the ratio: of the turns' own).",
        "",
        "| what | beside | rows/s | plain rows/s | ratio | wanted | |",
        "|---|---|---:|---:|---:|---:|---|",
    ]
    for pair in pairs:
        wanted = f">= {pair.least_ratio:.2f}" if pair.least_ratio else ""
        mark = ("reached" if pair.reached else "**missed**") if pair.least_ratio else ""
        lines.append(
            f"| {pair.name} | {pair.beside} | {pair.our_rate:,.0f} | {pair.plain_rate:,.0f} | {pair.ratio:.2f}"
            f" | {wanted} | {mark} |"
        )
    if growth:
        lines += [
            "",
            "| from 100,000 to 1,000,000 rows | rate ratio (> 0.90) | added memory (< 20 MB) | |",
            "|---|---:|---:|---|",
        ]
    for found in growth:
        mark = "reached" if found.reached else "**missed**"
        lines.append(f"| {found.step} | {found.rate_ratio:.2f} | {found.added_memory:.1f} MB | {mark} |")
    return "\n".join(lines) + "\n"


def as_json(pairs: Sequence[Pair], growth: Sequence[Growth], server: str) -> str:
    facts: dict[str, Any] = {
        "version": 1,
        "machine": machine(server),
        "pairs": [{**asdict(p), "ratio": p.ratio, "reached": p.reached} for p in pairs],
        "growth": [{**asdict(g), "rate_ratio": g.rate_ratio, "reached": g.reached} for g in growth],
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


def write(pairs: Sequence[Pair], growth: Sequence[Growth], server: str, repeats: int, folder: Path) -> str:
    """Write ``results.md``, ``results.json`` and ``results.svg`` into ``folder``; return the table."""
    folder.mkdir(parents=True, exist_ok=True)
    text = table(pairs, growth, server, repeats)
    (folder / "results.md").write_text(text)
    (folder / "results.json").write_text(as_json(pairs, growth, server))
    plot(pairs, folder / "results.svg")
    return text
