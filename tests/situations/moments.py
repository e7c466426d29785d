"""The moments at which runs are killed: a few of them, or many, drawn by the seed that pytest prints."""

import os
import random
from collections.abc import Sequence
from typing import TypeVar

Moment = TypeVar("Moment")

# How many times as many as usual. `make crash-test` sets it.
TIMES = int(os.environ.get("KILL_TIMES", "1"))


def some_of(moments: Sequence[Moment], count: int = 2) -> list[Moment]:
    """Return ``count`` of the ``moments``, in their order: each run of the suite tries others."""
    places = range(len(moments))
    return [moments[place] for place in sorted(random.sample(places, min(count * TIMES, len(moments))))]
