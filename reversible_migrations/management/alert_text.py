"""What was told, as lines of text and as JSON, for ``watch_runs`` and ``send_test_alert``."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from ..alerts.dispatch import Delivery
from ..alerts.watching import Told


def told_lines(told: Sequence[Told], nothing: str = "") -> Iterator[str]:
    """Yield each message with what became of it at each outlet; ``nothing`` where there is none."""
    for each in told:
        yield each.message.subject
        if each.message.text:
            yield f"  {each.message.text}"
        yield from (f"  {delivery_line(delivery)}" for delivery in each.deliveries)
    if not told and nothing:
        yield nothing


def delivery_line(delivery: Delivery) -> str:
    tries = (
        ""
        if delivery.tries == 1
        else f", at try {delivery.tries}"
        if delivery.is_sent
        else f" ({delivery.tries} tries)"
    )
    return (
        f"{delivery.outlet}: sent{tries}"
        if delivery.is_sent
        else f"{delivery.outlet}: NOT SENT, {delivery.problem}{tries}"
    )


def told_facts(told: Sequence[Told]) -> list[dict[str, Any]]:
    return [
        {"message": each.message.as_json(), "deliveries": [asdict(delivery) for delivery in each.deliveries]}
        for each in told
    ]
