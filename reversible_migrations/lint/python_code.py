"""
What a Python function of a migration does, by its syntax tree: the base of the rules on data code.

It is never called. Functions of the same file that it calls are read too; one of another file is an ``OutsideCall``,
and what cannot be read at all says why.
"""

import ast
import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..sql import Statement
from .field_uses import FieldUse
from .python_values import Value
from .source import Source, source_of_imported


@dataclass(frozen=True)
class Write:
    """
    A call that changes rows: ``method`` is "save", "update" and so on, ``model`` "shop.Item" where it is known.

    ``of`` is the query, instance or ``patch`` whose method it is, ``over`` what the innermost loop over rows goes over.
    """

    method: str
    model: str | None
    line: int
    is_in_loop: bool
    of: Value | None = None
    over: Value | None = None
    has_alias: bool = False


@dataclass(frozen=True)
class Query:
    """Rows that are read: by a loop ("for"), ``list``, ``get`` or another ``method``, of the query ``of``."""

    method: str
    model: str | None
    line: int
    is_in_loop: bool
    of: Value


@dataclass(frozen=True)
class MethodCall:
    """A call of a method of a model that was asked of ``apps``, of its queries or its instances."""

    name: str
    of: Value
    line: int


@dataclass(frozen=True)
class PatchStep:
    """A step of a patch of ours; ``depends_on_rows``: it stands behind an ``if`` or in a loop that rows decide."""

    method: str
    line: int
    depends_on_rows: bool


@dataclass(frozen=True)
class RealModel:
    """A model class that was imported, as the newest code has it, instead of asked of ``apps``."""

    name: str
    module: str
    label: str
    line: int


@dataclass(frozen=True)
class OutsideCall:
    """
    A call of code that is not in this file; ``takes_models``: it may change rows, for it gets models or apps.

    ``origin`` is its full name, "urllib.request.urlopen", as far as imports tell it. ``is_recorded``: what it gives
    goes into rows that a patch of ours writes down, and decides nothing when the patch is taken up again.
    """

    name: str
    line: int
    takes_models: bool
    origin: str = ""
    is_recorded: bool = False


@dataclass(frozen=True)
class PythonCode:
    """
    The facts about one function. ``models`` are those that it gets from ``apps``, as "shop.Item".

    Where ``is_readable`` is False, ``why_not`` says why, and nothing else is known.
    """

    name: str
    is_readable: bool = True
    why_not: str = ""
    line: int = 1
    models: tuple[str, ...] = ()
    real_models: tuple[RealModel, ...] = ()
    writes: tuple[Write, ...] = ()
    queries: tuple[Query, ...] = ()
    statements: tuple[Statement, ...] = ()
    loops: tuple[int, ...] = ()
    outside_calls: tuple[OutsideCall, ...] = ()
    method_calls: tuple[MethodCall, ...] = ()
    steps: tuple[PatchStep, ...] = ()
    aliases: tuple[int, ...] = ()  # the lines that read the alias of the database
    field_uses: tuple[FieldUse, ...] = ()

    @property
    def changes_rows(self) -> bool:
        """Return whether it is known to change rows."""
        return bool(self.writes) or any(statement.changes_rows for statement in self.statements)

    @property
    def may_change_rows(self) -> bool:
        """Return whether it changes rows for all that is known."""
        unread = not self.is_readable or any(not statement.is_readable for statement in self.statements)
        return self.changes_rows or unread or any(call.takes_models for call in self.outside_calls)

    @property
    def written_models(self) -> list[str]:
        """Return the models whose rows it changes, as far as they are known; else those that it gets."""
        written = dict.fromkeys(write.model for write in self.writes if write.model)
        is_complete = bool(self.writes) and all(write.model for write in self.writes) and not self.statements
        return list(written) if is_complete else list(dict.fromkeys([*written, *self.models]))


def python_code(function: Any, source: Source | None) -> PythonCode:
    """Return what ``function`` does; ``source`` is the file of the migration that names it."""
    from .python_reader import read_function

    name = name_of(function)
    function = unwrapped(function)
    found = _node_of(function, source)
    if isinstance(found, str):
        return PythonCode(name, is_readable=False, why_not=found)
    where, node = found
    enclosed = [code for each in _enclosed(function) if (code := python_code(each, source)).is_readable]
    return read_function(name, node, where, enclosed)


def name_of(function: Any) -> str:
    name = str(getattr(unwrapped(function), "__name__", type(function).__name__))
    return "a lambda" if name == "<lambda>" else name.rpartition(".")[2]


def unwrapped(function: Any) -> Any:
    """Return the function inside partials, decorators that say what they wrap, methods and callable objects."""
    while True:
        inner = function.func if isinstance(function, partial) else inspect.unwrap(function)
        inner = getattr(inner, "__func__", inner)
        if not hasattr(inner, "__code__") and not isinstance(inner, type | partial):
            call = inspect.getattr_static(type(inner), "__call__", None)
            inner = call if hasattr(call, "__code__") and not hasattr(inner, "stands_for") else inner
        if inner is function:
            return function
        function = inner


def _node_of(function: Any, source: Source | None) -> tuple[Source, ast.AST] | str:
    """Return the node of a function and the file it stands in, or why they are not known."""
    if (stand_in := getattr(function, "stands_for", None)) is not None:
        return stand_in if isinstance(stand_in, tuple) else f"it is {stand_in}, of another file"
    code = getattr(function, "__code__", None)
    if code is None:
        return "it is not written in Python"
    if source is None or code.co_filename != source.path:
        source = source_of_imported(str(getattr(function, "__module__", "")))
    if source is None:
        return "its source was not found"
    nodes = source.functions_by_line.get(code.co_firstlineno, [])
    named = [node for node in nodes if getattr(node, "name", "<lambda>") == code.co_name]
    return (source, named[0]) if len(named) == 1 else f"its source was not found in {source.path}"


def _enclosed(function: Any) -> Iterator[Any]:
    """Yield the functions that a wrapper without ``functools.wraps`` holds."""
    for cell in getattr(function, "__closure__", None) or ():
        try:
            content = cell.cell_contents
        except ValueError:  # not set
            continue
        if inspect.isfunction(content) and content is not function:
            yield content
