"""The health as plain values, for JSON."""

from typing import Any

from .health import Health

VERSION = 1


def facts_of(health: Health) -> dict[str, Any]:
    return {
        "version": VERSION,
        "status": str(health.outcome),
        "checks": [
            {
                "name": check.name, "database": check.subject, "outcome": str(check.outcome), "words": check.words,
                "figure": check.figure, "unit": check.unit,
            }
            for check in health.checks
        ],
    }  # fmt: skip
