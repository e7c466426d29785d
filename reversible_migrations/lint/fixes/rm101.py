"""``RunPython`` without a reverse becomes ``ops.RecordedPython``, where the models are known that it changes."""

from typing import Any

import libcst as cst
from django.db.migrations.utils import resolve_relation

from ..finding import Finding
from ..fix import Fix
from ..python_code import PythonCode
from ..rewriting import OPERATIONS, CannotFix, Rewriting
from ..subject import OperationSubject
from ..wording import quoted

NAMES = ("code", "reverse_code", "atomic", "hints", "elidable")  # of the arguments of RunPython
KEPT = {"code", "hints"}


class RecordPython(Fix):
    code = "RM101"

    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        if not subject.migration.is_atomic:
            raise CannotFix("it runs outside a transaction, and what is recorded runs in one")
        models = known_models(subject)
        call = file.call_of(subject)
        kept = arguments(call)
        new = cst.Arg(
            cst.parse_expression(quoted(models)), keyword=cst.Name("models"), equal=cst.AssignEqual(NOTHING, NOTHING)
        )

        def recorded(node: Any) -> Any:
            given = [each for each, old in zip(node.args, call.args, strict=True) if old in kept]
            given[-1] = given[-1].with_changes(
                comma=node.args[-1].comma, whitespace_after_arg=node.args[-1].whitespace_after_arg
            )
            given = [function_argument(each) for each in given]
            named = file.named(OPERATIONS, "RecordedPython")
            return with_argument(node.with_changes(func=named, args=given), new)

        file.use_ledger(subject.migration)
        file.replace(call, recorded)
        file.leave(call.func)


NOTHING = cst.SimpleWhitespace("")


def known_models(subject: OperationSubject) -> list[str]:
    """Return the models whose rows the operation changes; raise ``CannotFix`` where one may be missing."""
    code = subject.code
    if code is None or not code.is_readable:
        raise CannotFix(f"its function cannot be read: {code.why_not if code else 'there is none'}")
    if not code.may_change_rows:
        raise CannotFix("it changes no rows, so a reverse that does nothing may be meant")
    if fault := fault_of(code):
        raise CannotFix(fault)
    models = [label if "." in label else f"{subject.app_label}.{label}" for label in code.written_models]
    for label in models:
        app_label, _, name = label.partition(".")
        if (app_label, name.lower()) not in subject.before.models:
            raise CannotFix(f"{label} is no model before this operation")
    deleted = {write.model for write in code.writes if write.method.endswith("delete")}
    for label in models:
        if label in deleted and is_referred_to(label, subject):
            raise CannotFix(f"rows of other models may go with those of {label}: name them all in `models`")
    return models


def fault_of(code: PythonCode) -> str:
    """Return why the models are not known that a function changes, or ""."""
    if any(not statement.is_readable or statement.kind != "SELECT" for statement in code.statements):
        return "it runs SQL: name the models of all tables that it changes in `models`"
    if outside := [call.name for call in code.outside_calls if call.takes_models]:
        return f"it calls {outside[0]}, of another file, which may change any model"
    if not all(write.model for write in code.writes):
        return "it is not known which models it changes"
    return ""


def is_referred_to(label: str, subject: OperationSubject) -> bool:
    """Return whether rows of other tables, by relations, may be deleted or changed with those of a model."""
    app_label, _, name = label.partition(".")
    key = app_label, name.lower()
    if any(field.many_to_many for field in subject.before.models[key].fields.values()):
        return True
    return any(
        resolve_relation(field.remote_field.model, *where) == key
        for where, model in subject.before.models.items()
        for field in model.fields.values()
        if field.remote_field and field.remote_field.model
    )


def arguments(call: cst.Call) -> list[cst.Arg]:
    """Return the arguments that ``RecordedPython`` takes too; raise ``CannotFix`` for one that would be lost."""
    kept = []
    for position, given in enumerate(call.args):
        name = given.keyword.value if given.keyword else NAMES[position] if not given.star else given.star
        is_none = isinstance(given.value, cst.Name) and given.value.value == "None"
        if name in KEPT:
            kept.append(given)
        elif name != "reverse_code" or not is_none:
            raise CannotFix(f"it is given `{name}`, which RecordedPython does not take")
    return kept


def function_argument(given: cst.Arg) -> cst.Arg:
    is_named = given.keyword is not None and given.keyword.value == "code"
    return given.with_changes(keyword=cst.Name("function")) if is_named else given


def with_argument(call: cst.Call, new: cst.Arg) -> cst.Call:
    """Return ``call`` with an argument behind the others, on a line of its own if they have theirs."""
    last = call.args[-1]
    between: Any = call.whitespace_before_args
    is_long = isinstance(between, cst.ParenthesizedWhitespace)
    comma = last.comma
    if isinstance(comma, cst.Comma) and is_long and isinstance(comma.whitespace_after, cst.ParenthesizedWhitespace):
        after = comma.whitespace_after
        closing = after.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
        first = last.with_changes(comma=cst.Comma(whitespace_after=after.with_changes(last_line=between.last_line)))
        new = new.with_changes(comma=cst.Comma(whitespace_after=closing))
    else:
        plain = cst.SimpleWhitespace(" ")
        if is_long:
            plain = between.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[])
        first = last.with_changes(whitespace_after_arg=NOTHING, comma=cst.Comma(whitespace_after=plain))
        new = new.with_changes(whitespace_after_arg=last.whitespace_after_arg)
    return call.with_changes(args=[*call.args[:-1], first, new])
