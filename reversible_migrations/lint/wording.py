"""What hints are made of: corrected code with the real names."""

from typing import Any

from django.db.migrations.operations.base import Operation
from django.db.migrations.serializer import serializer_factory

from .python_code import PythonCode
from .subject import OperationSubject


def recorded_python(code: PythonCode) -> str:
    """Return the operation that records what a function changes: ``ops.RecordedPython(fill, models=["shop.Item"])``."""
    name = code.name if code.name.isidentifier() else "function"
    known = list(dict.fromkeys(write.model for write in code.writes if write.model))
    if len([write for write in code.writes if write.model]) < len(code.writes):  # others by relations: order.lines
        return f"ops.RecordedPython({name}, models={quoted(known, is_complete=False)})"
    return f"ops.RecordedPython({name}, models={quoted(code.written_models)})"


def recorded_sql(subject: OperationSubject) -> str:
    """Return the operation that records what SQL changes, with the models whose tables it names."""
    tables = [table for statement in subject.statements if statement.changes_rows for table in statement.tables]
    models = [model for table in dict.fromkeys(tables) if (model := subject.model_of_table(table))]
    return f"ops.RecordedSQL(..., models={quoted(models)})"


def quoted(names: list[str], is_complete: bool = True) -> str:
    more = [] if names and is_complete else ["..."]
    return "[" + ", ".join([*(f'"{name}"' for name in names), *more]) + "]"


def written(thing: Any, otherwise: str) -> str:
    """Return the code that makes an index, field or constraint; ``otherwise`` where it holds what cannot be written."""
    try:
        text: str = serializer_factory(thing).serialize()[0]
    except (ValueError, AttributeError, TypeError):
        return otherwise
    return text


def is_kind(operation: Operation, name: str) -> bool:
    """Return whether an operation is of a class of this name, or one based on it."""
    return any(kind.__name__ == name for kind in type(operation).__mro__)


def described(operation: Operation) -> str:
    """Return what an operation says it does; its kind where it cannot say, for its arguments are odd."""
    try:
        return operation.describe()
    except Exception:  # an operation of the project's own
        return type(operation).__name__
