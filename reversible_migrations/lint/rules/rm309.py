"""
The time of day, or chance, in a patch that is taken up again where it was interrupted: its steps are others then.

What goes into rows that a step writes is written down with them, and does no harm.

https://docs.python.org/3/library/random.html
"""

from collections.abc import Iterator

from ...states import Level
from ..data_code import functions, is_of_ours
from ..finding import Finding
from ..registry import MigrationRule
from ..subject import MigrationSubject

CHANGING = (
    "django.utils.timezone.now", "django.utils.timezone.localtime", "django.utils.timezone.localdate",
    "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today",
    "uuid.uuid1", "uuid.uuid4", "secrets.", "os.urandom", "random.", "django.utils.crypto.get_random_string",
)  # fmt: skip
SEEDED = ("random.Random", "random.seed")


class ChangingValue(MigrationRule):
    code = "RM309"
    name = "changing-value"
    level = Level.ERROR
    link = "https://docs.python.org/3/library/random.html"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        for operation, code in functions(subject):
            for call in code.outside_calls if is_of_ours(operation) else ():
                if call.origin.startswith(CHANGING) and not call.origin.startswith(SEEDED) and not call.is_recorded:
                    message = (
                        f"{code.name}() calls {call.name}(), which gives something else when an interrupted run goes "
                        "on: its steps are not those that were begun, and it is refused."
                    )
                    hint = "Write the value down as a constant, or let the database have it: Now() instead of now()."
                    yield self.finding(operation, message, hint, call.line)
