"""Numbers and times as people read them."""

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


def size(number: int | None) -> str:
    """Return 12 B, 3.4 kB or 56.7 MB (1 MB is 1,000,000 bytes); a dash where it is not known."""
    if number is None:
        return "-"
    amount, units = float(number), ["B", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.0f} {units[0]}" if units[0] == "B" else f"{amount:,.1f} {units[0]}"


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
    """Return 120,000 of ~336,776 rows (35 %), 40,000 rows/s, 5.4 s left: what is known of it."""
    seen = f"{step.seen:,} of {total(step)} rows ({step.percent} %)" if step.total else rows(step.seen)
    left = f"{duration(step.seconds_left)} left" if step.seconds_left is not None else ""
    return ", ".join(part for part in (seen, rate(step), left) if part)


def brief(step: StepOverview) -> str:
    """Return 120,000/~336,776, 40,000/s, 5.4 s left: the same beside a bar."""
    seen = f"{step.seen:,}/{total(step)}" if step.total else rows(step.seen)
    left = f"{duration(step.seconds_left)} left" if step.seconds_left is not None else ""
    return ", ".join(part for part in (seen, rate(step).replace(" rows", ""), left) if part)


def result(step: StepOverview) -> str:
    """Return 336,776 rows in 8.1 s, 41,577 rows/s, and what was not done to others."""
    parts = [f"{rows(step.rows)} in {duration(step.seconds)}", rate(step), *exceptions(step)]
    return ", ".join(part for part in parts if part)


def exceptions(step: StepOverview) -> list[str]:
    counted = {"left as they were": step.skipped, "failed": step.failed, "changed since": step.conflicting}
    return [f"{number:,} {what}" for what, number in counted.items() if number]
