"""Times of day from whole numbers: 517 becomes 05:17, and 2400 becomes 00:00."""

from datetime import time
from typing import Any

from django.db.migrations.state import StateApps

from reversible_migrations import ReversibleDataPatch


def clock_time(number: int | None) -> time | None:
    """Return 05:17 for 517, 00:00 for 2400, and None where nothing is known."""
    if number is None:
        return None
    hours, minutes = divmod(number, 100)
    return time(hours % 24, minutes)


def read_the_clock(flight: Any) -> None:
    """Fill the four real times of a flight."""
    flight.scheduled_departure = clock_time(flight.sched_dep_time)
    flight.scheduled_arrival = clock_time(flight.sched_arr_time)
    flight.departure = clock_time(flight.dep_time)
    flight.arrival = clock_time(flight.arr_time)


class Migration(ReversibleDataPatch):
    """The old columns stay, so that code which still reads them goes on working."""

    dependencies = [("flights", "0002_room_for_patches")]

    def patch(self, apps: StateApps, patch: Any) -> None:
        """Work the times out in Python, a batch of flights at a time."""
        Flight = apps.get_model("flights", "Flight")
        patch.transform(
            Flight.objects.all(),
            read_the_clock,
            fields=["scheduled_departure", "scheduled_arrival", "departure", "arrival"],
        )
