"""Numbers and times as people read them."""

import math

from ..load.estimates import eta_text
from ..overview import StepOverview


def duration(seconds: float) -> str:
    """Return under 0.1 s, 0.4 s, 12 s, 3:05 min, 2:10:00 h or 30 days."""
    if seconds < 0.1:
        return "under 0.1 s"
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{int(seconds) // 60}:{int(seconds) % 60:02} min"
    if seconds < 2 * 86_400:
        return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02} h"
    return f"{seconds / 86_400:.0f} days"


def rate(step: StepOverview) -> str:
    """Return 40,000 rows/s, or nothing for what was too short to be measured."""
    if step.rows_per_second is None or step.seconds < 0.1:
        return ""
    return f"{step.rows_per_second:,.0f} rows/s"


def rows(number: int) -> str:
    return "1 row" if number == 1 else f"{number:,} rows"


def total(step: StepOverview) -> str:
    """Return 336,776, or ~336,776 where it is an estimate, or nothing where there is none."""
    if step.total is None:
        return ""
    return f"{'~' if step.total_is_estimate else ''}{step.total:,}"


def progress(step: StepOverview) -> str:
    """Return 120,000 of ~336,776 rows (35 %), 40,000 rows/s, 5-7 s left, batches of 9,000: what is known of it."""
    seen = f"{step.seen:,} of {total(step)} rows ({step.percent} %)" if step.total else rows(step.seen)
    batches = f"batches of {step.batch_size:,}" if step.batch_size else ""
    workers = f"{step.workers} workers" if step.workers and step.workers > 1 else ""
    return ", ".join(part for part in (seen, rate(step), left(step), batches, workers, step.gauge) if part)


def brief(step: StepOverview, is_wide: bool = False) -> str:
    """Return 120,000/~336,776, 40,000/s, 5-7 s left; and x9,000, cpu at 63 % of 90 % where there is room."""
    seen = f"{step.seen:,}/{total(step)}" if step.total else rows(step.seen)
    batches = f"x{step.batch_size:,}" if step.batch_size else ""
    speed = rate(step).replace(" rows", "")
    more = (batches, step.gauge) if is_wide else ()
    return ", ".join(part for part in (seen, speed, left(step), *more) if part)


def left(step: StepOverview) -> str:
    """Return 5-7 min left, about 12 s left, or nothing where that is not known."""
    if step.eta is None:
        return ""
    low, high = step.eta
    return f"{eta_text((low, math.inf if high is None else high))} left"


def result(step: StepOverview) -> str:
    """Return 336,776 rows in 8.1 s, 41,577 rows/s, and what was not done to others."""
    parts = [f"{rows(step.rows)} in {duration(step.seconds)}", rate(step), *exceptions(step)]
    return ", ".join(part for part in parts if part)


def exceptions(step: StepOverview) -> list[str]:
    counted = {"left as they were": step.skipped, "failed": step.failed, "changed since": step.conflicting}
    return [f"{number:,} {what}" for what, number in counted.items() if number]
