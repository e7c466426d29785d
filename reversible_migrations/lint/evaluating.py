"""
The migration of a file as an object of Django, made from the syntax tree without importing the project.

Names of Django, of this package and of a few modules of Python are the real ones. Only classes are called, and methods
of texts: nothing that a file says can do more than make an operation or a field. All else becomes a stand-in.
"""

import ast
import builtins
from collections.abc import Mapping
from functools import cached_property
from importlib import import_module
from typing import Any

from django.db import migrations
from django.db.migrations.operations.base import Operation
from django.db.models.fields.related import RelatedField

from .source import PHASES, Source, taken_members
from .stand_ins import StandInOperation, Unknown, UnreadOperations, as_field, as_operations, function_of

REAL = ("django", "reversible_migrations", "collections", "datetime", "decimal", "functools", "uuid")
BUILTINS = ("bool", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple")
FUNCTIONS = {"swappable_dependency", "gettext_lazy", "gettext", "dedent"}
KEYS = ("dependencies", "run_before", "replaces")
ATTRIBUTES = (*KEYS, "operations", *PHASES)


class CannotEvaluate(Exception):
    """No migration can be made of this file; the message says why."""


def evaluated(source: Source, app_label: str, name: str) -> migrations.Migration:
    """Return the migration in a file; raise ``CannotEvaluate`` if its text has none."""
    if source.tree is None:
        raise CannotEvaluate("it is not valid Python")
    node = source.migration_class
    if node is None and source.migration_made:
        unread: Any = type("Unread", (migrations.Migration,), {"operations": [UnreadOperations(source.migration_made)]})
        return unread(name, app_label)  # type: ignore[no-any-return]
    if node is None:
        raise CannotEvaluate("it has no class Migration")
    made: Any = Evaluation(source).migration_class(node)
    try:
        migration: migrations.Migration = made(name, app_label)
    except Exception as error:  # whatever the constructors of the base classes object to
        raise CannotEvaluate(f"it cannot be made ({type(error).__name__}: {error})") from error
    return migration


class Evaluation:
    """The values of the names in one file, each found when it is asked for."""

    def __init__(self, source: Source):
        self.source = source
        self.members = taken_members(source.tree)
        self.values: dict[str, Any] = {}

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Return the imported names, with the module and the name in it ("" for the module itself)."""
        found = {}
        for node in ast.walk(self.source.tree) if self.source.tree else ():
            if isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                found.update({alias.asname or alias.name: (module, alias.name) for alias in node.names})
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    import_real(alias.name)  # `import a.b.c` gives the name `a`, by which `a.b.c` can be reached
                    given = alias.asname or alias.name.partition(".")[0]
                    found[given] = (alias.name if alias.asname else given, "")
        return found

    def migration_class(self, node: ast.ClassDef) -> type:
        self.members = {**taken_members(node), **self.members}  # what stands in the class may name what stands above it
        made = self._class(node, migrations.Migration)
        for name in ATTRIBUTES:
            value = made.__dict__.get(name)
            if isinstance(value, Unknown):
                setattr(made, name, [] if name in KEYS else [UnreadOperations(value.stands_for)])
            elif isinstance(value, list | tuple):
                is_keys = name in KEYS
                kept = [each for each in value if isinstance(each, tuple)] if is_keys else as_operations(value)
                setattr(made, name, kept)
        return made

    def _class(self, node: ast.ClassDef, default: type = object) -> type:
        """Return the class at ``node``: its values evaluated, its methods standing in for the written ones."""
        bases = [base for each in node.bases if isinstance(base := self.value(each), type)]
        body = {
            name: function_of(member, self.source) if isinstance(member, ast.FunctionDef) else self.value(member)
            for name, member in taken_members(node).items()
            if default is not object or not isinstance(member, ast.FunctionDef)
        }
        try:
            return type(node.name, tuple(bases) or (default,), body)
        except TypeError:  # bases that do not go together without those that are not known
            return type(node.name, (default,), body)

    def value(self, node: ast.AST | None) -> Any:
        """Return the value of an expression, or an ``Unknown`` that has its text for a name."""
        find: Any = getattr(self, f"_{type(node).__name__.lower()}", None)
        try:
            return find(node) if find else Unknown(ast.unparse(node) if node else "nothing")
        except Exception:  # a real class does not take these arguments, a real module lacks the name
            return Unknown(ast.unparse(node) if node else "nothing")

    # By kind of node

    def _constant(self, node: ast.Constant) -> Any:
        return node.value

    def _name(self, node: ast.Name) -> Any:
        if node.id not in self.values:
            self.values[node.id] = Unknown(node.id)  # should it be defined by itself
            self.values[node.id] = self._named(node.id)
        return self.values[node.id]

    def _named(self, name: str) -> Any:
        if name in self.members:
            return self.value(self.members[name])
        if name in self.imports:
            module, attribute = self.imports[name]
            return imported(module, attribute)
        return getattr(builtins, name) if name in BUILTINS else Unknown(name)

    def _functiondef(self, node: ast.FunctionDef) -> Any:
        return function_of(node, self.source)

    _lambda = _asyncfunctiondef = _functiondef

    def _classdef(self, node: ast.ClassDef) -> Any:
        made: Any = self._class(node)
        if issubclass(made, Operation) and made.state_forwards is Operation.state_forwards:  # methods are not read
            made.state_forwards = StandInOperation.state_forwards
        return made if issubclass(made, Operation | migrations.Migration) else Unknown(node.name)

    def _attribute(self, node: ast.Attribute) -> Any:
        owner = self.value(node.value)
        found = getattr(owner, node.attr)
        if type(owner).__name__ == "module" and type(found).__name__ == "module":
            return found if is_real(found.__name__) else Unknown(found.__name__)
        return found

    def _list(self, node: ast.List) -> list[Any]:
        return list(self._elements(node))

    def _tuple(self, node: ast.Tuple) -> tuple[Any, ...]:
        return tuple(self._elements(node))

    def _set(self, node: ast.Set) -> set[Any]:
        return set(self._elements(node))

    def _elements(self, node: ast.List | ast.Tuple | ast.Set) -> list[Any]:
        found: list[Any] = []
        for each in node.elts:
            if isinstance(each, ast.Starred):
                found += list(self.value(each.value))
            else:
                found.append(self.value(each))
        return found

    def _dict(self, node: ast.Dict) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            found.update({self.value(key): self.value(value)} if key else self.value(value))
        return found

    def _binop(self, node: ast.BinOp) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(node.op, ast.Add) and isinstance(left, str | list | tuple | int):
            return left + right
        if isinstance(node.op, ast.Mod) and isinstance(left, str):
            return left % right
        return (
            left * right
            if isinstance(node.op, ast.Mult) and isinstance(left + right, int)
            else Unknown(ast.unparse(node))
        )

    def _unaryop(self, node: ast.UnaryOp) -> Any:
        value = self.value(node.operand)
        return -value if isinstance(node.op, ast.USub) else (not value)

    def _ifexp(self, node: ast.IfExp) -> Any:
        """Take the first of two values where the project's own code decides."""
        test = self.value(node.test)
        return self.value(node.body if isinstance(test, Unknown) or test else node.orelse)

    def _boolop(self, node: ast.BoolOp) -> Any:
        values = [self.value(each) for each in node.values]
        is_or = isinstance(node.op, ast.Or)
        return next((value for value in values if not isinstance(value, Unknown) and bool(value) is is_or), values[-1])

    def _call(self, node: ast.Call) -> Any:
        if isinstance(node.func, ast.Name) and node.func.id == "getattr":
            return self._asked_attribute(*(self.value(each) for each in node.args))
        called = self.value(node.func)
        arguments = self._elements(ast.Tuple([*node.args], ast.Load()))
        keywords: dict[str, Any] = {}
        for keyword in node.keywords:
            keywords.update({keyword.arg: self.value(keyword.value)} if keyword.arg else self.value(keyword.value))
        try:
            made = self._made(called, arguments, keywords)
        except Exception:  # a real class does not take what stands for the project's own code
            made = None
        return Unknown(ast.unparse(node.func), keywords) if made is None else made

    def _made(self, called: Any, arguments: list[Any], keywords: dict[str, Any]) -> Any:
        """Return what a call gives; None where it is not made, for it might do anything."""
        if isinstance(called, type) and issubclass(called, Operation):
            return made_operation(called, arguments, keywords)
        if isinstance(called, type) and issubclass(called, RelatedField) and isinstance(keywords.get("to"), Unknown):
            keywords = {**keywords, "to": "unknown.Unknown"}
        is_text = isinstance(getattr(called, "__self__", None), str)
        if isinstance(called, type | Unknown) or is_text or getattr(called, "__name__", "") in FUNCTIONS:
            return called(*arguments, **keywords)
        return self._built(called, arguments, keywords)

    def _asked_attribute(self, owner: Any, name: str, *default: Any) -> Any:
        return default[0] if isinstance(owner, Unknown) and default else getattr(owner, name, *default)

    def _built(self, called: Any, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
        """Return what a constructor beside ``__init__`` gives, such as ``Field.clone``; None for anything else."""
        owner = getattr(called, "__self__", None)
        return called(*arguments, **keywords) if isinstance(owner, type) and is_real(owner.__module__) else None


def made_operation(kind: type[Operation], arguments: list[Any], keywords: dict[str, Any]) -> Operation:
    """Make an operation, with stand-ins for fields and operations of classes that are not known."""
    arguments = [_suiting(kind, position, value) for position, value in enumerate(arguments)]
    return kind(*arguments, **{name: _suiting(kind, name, value) for name, value in keywords.items()})


def _suiting(kind: type[Operation], where: str | int, value: Any) -> Any:
    if where in ("field", 2) and isinstance(value, Unknown):
        return as_field(value)
    if where in ("fields", 1) and issubclass(kind, migrations.CreateModel):
        return [(name, as_field(field)) for name, field in value]
    if issubclass(kind, migrations.SeparateDatabaseAndState):
        return operations_inside(value)
    return value


def operations_inside(value: Any) -> Any:
    """Return the operations that another one holds, with stand-ins for what is not known."""
    if isinstance(value, Unknown):
        return [UnreadOperations(value.stands_for)]
    return as_operations(value) if isinstance(value, list | tuple) else value


def is_real(module: str) -> bool:
    return module.partition(".")[0] in REAL


def imported(module: str, name: str) -> Any:
    """Return what a file imports: the real thing of Django and the like, else a stand-in."""
    dotted = f"{module}.{name}" if name else module
    found = import_real(module) if is_real(module) else None
    if found is None:
        return Unknown(dotted)
    if not name:
        return found
    return getattr(found, name) if hasattr(found, name) else import_real(dotted) or Unknown(dotted)


def import_real(module: str) -> Any:
    """Import a module of Django or the like; None where it is not one, or needs what is not installed."""
    if not is_real(module):
        return None
    try:
        return import_module(module)
    except Exception:  # ImportError; an app's models whose app is not installed
        return None
