"""
Steps of a patch that rows decide: after an interruption the rows are others, and so are the numbers of the steps.

https://docs.djangoproject.com/en/stable/howto/writing-migrations/
"""

from collections.abc import Iterator

from ...states import Level
from ..data_code import functions
from ..finding import Finding
from ..registry import MigrationRule
from ..subject import MigrationSubject


class StepsByRows(MigrationRule):
    code = "RM310"
    name = "steps-by-rows"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/howto/writing-migrations/"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        for operation, code in functions(subject):
            step = next((step for step in code.steps if step.depends_on_rows), None)
            if step is not None:
                message = (
                    f"Whether {code.name}() comes to its step {step.method}() depends on rows: when an interrupted run "
                    "goes on they are others, the steps do not fit, and it is refused."
                )
                hint = f"Put the condition into the query set: patch.{step.method}(Model.objects.filter(...), ...)"
                yield self.finding(operation, message, hint, step.line)
