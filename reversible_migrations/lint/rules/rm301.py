"""
A migration that uses a model as the newest code has it: it breaks, or does something else, as the model changes.

https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models
"""

from collections.abc import Iterator

from ...states import Level
from ..finding import Finding
from ..python_code import PythonCode, RealModel
from ..registry import MigrationRule
from ..subject import MigrationSubject, OperationSubject


class RealModelUsed(MigrationRule):
    code = "RM301"
    name = "real-model"
    level = Level.WARNING
    link = "https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models"

    def check(self, subject: MigrationSubject) -> Iterator[Finding]:
        told: set[tuple[str, str]] = set()  # a function may be named by several operations
        for operation in subject.operations:
            for code in filter(None, (operation.code, operation.reverse_code)):
                for model in code.real_models:
                    if (code.name, model.label) not in told:
                        told.add((code.name, model.label))
                        yield self._finding(operation, code, model)

    def _finding(self, subject: OperationSubject, code: PythonCode, model: RealModel) -> Finding:
        message = (
            f"{code.name} uses {model.name} of {model.module} as the newest code has it: "
            "a field that is added later breaks this migration on every new database."
        )
        app, _, name = model.label.rpartition(".")
        if model.label == "settings.AUTH_USER_MODEL":
            return self.finding(subject, message, "User = apps.get_model(settings.AUTH_USER_MODEL)", model.line)
        variable = model.name.rpartition(".")[2]
        hint = f'{variable} = apps.get_model("{app or subject.app_label}", "{name}")'
        return self.finding(subject, message, hint, model.line)
