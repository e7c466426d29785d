"""How long the rest takes: a range, since the pace of a run is no constant."""

import math
from collections.abc import Sequence

STRETCHES = 3  # a rate is that of a third of the time looked at, so that single waits do not make it 0
LOW_SHARE, HIGH_SHARE = 0.1, 0.9


def eta_range(rows_left: int, rates: Sequence[tuple[float, int]]) -> tuple[float, float] | None:
    """
    Return the seconds that ``rows_left`` rows may still take, at best and at worst.

    ``rates`` are (seconds, rows) of the last intervals, waits included, such as one per second for the
    last 60. The ends are the 90th and the 10th percentile of the rates of all stretches of a third of that
    time: 60,000 rows at 200 to 400 rows a second take 150 to 300 s. The second one is infinite where
    nothing was done in one stretch out of ten; None: nothing was done at all.
    """
    if rows_left <= 0:
        return 0.0, 0.0
    seconds, rows = sum(seconds for seconds, _ in rates), sum(rows for _, rows in rates)
    if seconds <= 0 or rows <= 0:
        return None
    evenly = [(rate, 1.0) for rate in _rates(rates, seconds / STRETCHES)]
    slow, fast = weighted_percentile(evenly, LOW_SHARE), weighted_percentile(evenly, HIGH_SHARE)
    return rows_left / (fast or rows / seconds), rows_left / slow if slow > 0 else math.inf


def _rates(samples: Sequence[tuple[float, int]], needed: float) -> list[float]:
    """Return the rows per second of every shortest stretch of ``needed`` seconds; the newest is one of them."""
    rates = []
    for end in range(len(samples), 0, -1):
        seconds, rows = 0.0, 0
        for sample_seconds, sample_rows in reversed(samples[:end]):
            seconds, rows = seconds + sample_seconds, rows + sample_rows
            if seconds >= needed:
                rates.append(rows / seconds)
                break
    return rates


def weighted_percentile(values: Sequence[tuple[float, float]], share: float) -> float:
    """
    Return the smallest value that, with all below it, has ``share`` of the weight of ``values`` (value, weight).

    Of 1 with a weight of 9 and 5 with a weight of 1 the 0.9 percentile is 1, the 0.91 percentile 5.
    """
    wanted = share * sum(weight for _, weight in values)
    reached = 0.0
    for value, weight in sorted(values):
        reached += weight
        if reached >= wanted:
            return value
    return max(value for value, _ in values)  # the sum in another order was a little smaller


def eta_text(eta: tuple[float, float]) -> str:
    """Return "3-5 min", "about 12 s" where both ends read the same, "40 s to 3 min", or "2 h or more"."""
    low, high = eta
    number, unit = _rounded(low)
    if math.isinf(high):
        return "unknown" if math.isinf(low) else f"{number} {unit} or more"
    high_number, high_unit = _rounded(high)
    if high < 1:
        return "under 1 s"
    if (number, unit) == (high_number, high_unit):
        return f"about {number} {unit}"
    return f"{number}-{high_number} {unit}" if unit == high_unit else f"{number} {unit} to {high_number} {high_unit}"


def _rounded(seconds: float) -> tuple[str, str]:
    """Return the number and unit of 12 s, 5 min, 1.5 h or 3 days."""
    if math.isinf(seconds):
        return "", ""
    if seconds < 90:
        return str(math.floor(seconds + 0.5)), "s"
    if seconds < 90 * 60:
        return str(math.floor(seconds / 60 + 0.5)), "min"
    hours = seconds / 3600
    amount, unit = (hours, "h") if hours < 48 else (hours / 24, "days")
    return f"{math.floor(amount * 2 + 0.5) / 2 if amount < 10 else math.floor(amount + 0.5):g}", unit


def size(number: int | None) -> str:
    """Return 12 B, 3.4 kB or 56.7 MB (1 MB is 1,000,000 bytes); a dash where it is not known."""
    if number is None:
        return "-"
    amount, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:,.1f} {units[0]}"
