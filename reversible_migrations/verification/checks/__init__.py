"""The checks, in the order in which they are made and shown. A new one is a file here and a line below."""

from typing import Any

from ..check import Check
from .conflicts import Conflicts
from .constraints import Constraints
from .foreign_keys import ForeignKeys
from .indexes import Indexes
from .journals import Journals
from .leftovers import Leftovers
from .queries import Queries
from .readiness import Readiness
from .recorders import Recorders
from .references import References
from .retention import Retention
from .runs import Runs
from .schema import Schema
from .sequences import Sequences

CHECKS: tuple[Check[Any], ...] = (
    Runs(), Journals(), Leftovers(), Conflicts(), Readiness(), Retention(), Schema(), ForeignKeys(), References(),
    Constraints(), Indexes(), Sequences(), Recorders(), Queries(),
)  # fmt: skip
