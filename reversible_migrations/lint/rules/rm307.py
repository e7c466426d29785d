"""
A method or manager of the project's own on a model of ``apps``: models of migrations have fields only.

https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models
"""

from collections.abc import Iterator

from django.db.migrations.operations.special import RunPython
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Manager, Model, QuerySet

from ...authoring.written_steps import WrittenSteps
from ...operations.record_changes import RecordedPython
from ...states import Level
from ..finding import Finding
from ..python_code import MethodCall, PythonCode
from ..python_values import INSTANCE, MANAGERS, MODEL, QUERY
from ..registry import OperationRule
from ..subject import OperationSubject

COLLECTIONS = {name for kind in (list, set, dict, tuple) for name in dir(kind)}
OF_QUERIES = {*dir(QuerySet), *dir(Manager), *COLLECTIONS}
OF_MODELS = {*dir(Model), "DoesNotExist", "MultipleObjectsReturned", *MANAGERS}
# Made by fields: get_status_display(), get_next_by_date(), get_item_order().
OF_FIELDS = ("get_", "set_")
LACKING = "which models of migrations do not have."
SIGNALS = {"pre_save", "post_save", "pre_delete", "post_delete", "m2m_changed", "pre_init", "post_init"}


class LivingModel(OperationRule):
    code = "RM307"
    name = "not-of-historical-models"
    level = Level.ERROR
    link = "https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models"
    operations = (RunPython, RecordedPython, WrittenSteps)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        for code in filter(None, (subject.code, subject.reverse_code)):
            told: set[str] = set()
            for call in code.method_calls:
                message = strange(call, subject.before)
                if message and message not in told:
                    told.add(message)
                    hint = f"Write in {code.name} what it does, with fields and query sets only."
                    yield self.finding(subject, f"{code.name} {message}", hint, call.line)
            yield from self._signals(subject, code)

    def _signals(self, subject: OperationSubject, code: PythonCode) -> Iterator[Finding]:
        for call in code.outside_calls:
            signal, _, method = call.name.rpartition(".")
            if signal.rpartition(".")[2] in SIGNALS and method in ("connect", "disconnect"):
                message = f"{code.name} calls {call.name}(): models of migrations are other senders, no receiver of the"
                hint = f"Write in {code.name} what the receivers do; none has to be disconnected."
                yield self.finding(subject, f"{message} project's models hears them.", hint, call.line)


def strange(call: MethodCall, state: ProjectState) -> str | None:
    """Return what a call asks of a historical model that it does not have; None where it has it, or may have it."""
    app_label, _, name = str(call.of.model).lower().partition(".")
    model = state.models.get((app_label, name))
    if model is None or may_have_methods(model, state):
        return None
    if call.of.kind == INSTANCE:
        is_known = call.name in OF_MODELS or call.name.startswith(OF_FIELDS) or call.name in model.fields
        return (
            None if is_known else f"calls {call.name}() of a {call.of.model}, which models of migrations do not have."
        )
    path = (*call.of.calls, call.name)[1:]
    if call.of.kind == MODEL:
        is_known = call.name in OF_MODELS or call.name in model.fields
        return None if is_known else f"calls {call.of.model}.{call.name}(), which models of migrations do not have."
    return strange_query(call, path, model)


def strange_query(call: MethodCall, path: tuple[str, ...], model: ModelState) -> str | None:
    manager, *methods = path
    if manager not in MANAGERS:
        is_reverse = manager in model.fields or manager.endswith("_set") or "through" in methods
        is_manager = manager not in OF_MODELS and bool(methods) and methods[0] in OF_QUERIES
        if is_reverse or not is_manager:
            return None
        return f"uses the manager {call.of.model}.{manager}, {LACKING}"
    strangers = [each for each in methods if each not in OF_QUERIES and each != "[]"]
    if strangers and call.of.kind == QUERY:
        return f"calls {strangers[0]}() of {call.of.model}.{manager}, {LACKING}"
    return None


def may_have_methods(model: ModelState, state: ProjectState) -> bool:
    """Return whether a model has bases of the project's own, or managers, which come along into migrations."""
    for base in model.bases:
        if isinstance(base, str):
            parent = state.models.get(tuple(base.lower().split(".", 1)))
            if parent is None or may_have_methods(parent, state):
                return True
        elif base is not Model:
            return True
    return bool(model.managers)
