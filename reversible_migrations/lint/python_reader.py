"""Reads one function of a migration, and those of the same file that it calls."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from types import MappingProxyType
from typing import Any

from ..sql import UNKNOWN, Statement, statements
from .field_uses import FieldUse, use_of_attribute, uses_in_call
from .python_code import MethodCall, OutsideCall, PatchStep, PythonCode, Query, RealModel, Write
from .python_imports import Imported, imported, is_name_of_class, origins
from .python_values import (
    APPS,
    CURSOR,
    EDITOR,
    FIGURES,
    INSTANCE,
    MANAGERS,
    MODEL,
    PATCH,
    QUERY,
    TEXT,
    Names,
    Value,
    given_to,
)  # fmt: skip
from .row_changes import WRITING_PATCH, is_change
from .source import Source, is_elsewhere, members

DEEPEST = 5  # calls inside calls that are followed

STEPS = WRITING_PATCH | {"record", "process"}
READING_QUERIES = {"get", "first", "last", "count", "exists", "aggregate", "iterator", "in_bulk"}
READING_CALLS = {"list", "tuple", "set", "sorted", "len"}
PARAMETERS = {"apps": APPS, "schema_editor": EDITOR, "patch": PATCH, "batches": PATCH}

Named = Mapping[str, Value | None]
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def read_function(name: str, node: Any, source: Source, enclosed: Sequence[PythonCode] = ()) -> PythonCode:
    """Return the facts about the function at ``node``, with those of functions that it encloses added."""
    reader = Reader(source)
    parameters = [parameter.arg for parameter in node.args.args if parameter.arg not in ("self", "cls")]
    given = [
        Value(PARAMETERS.get(parameter, kind)) for parameter, kind in zip(parameters, (APPS, EDITOR), strict=False)
    ]
    reader.read(node, given)
    parts = [reader, *enclosed]
    facts: dict[str, Any] = {fact: _together(parts, fact) for fact in FACTS}
    return PythonCode(name, line=node.lineno, **facts)


FACTS = (
    "models", "real_models", "writes", "queries", "statements", "loops", "outside_calls", "method_calls", "steps",
    "aliases", "field_uses",
)  # fmt: skip


def _together(parts: Sequence[Any], name: str) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(getattr(part, name) for part in parts)))


class Reader(ast.NodeVisitor):
    """Goes through functions in the order in which they are called, and writes down what it meets."""

    def __init__(self, source: Source):
        self.source = source
        self.functions = {name: node for name, node in members(source.tree).items() if isinstance(node, Function)}
        self.imported = dict(imported(source.imports))
        self.origins = dict(origins(source.imports))
        self.constants = Names({})
        for name, node in members(source.tree).items():
            self.constants.known.update({name: value} if (value := self.constants.value(node)) else {})
        self.names = Names(self._of_module())
        self.loops_inside = 0
        self.depending = 0  # the conditions and loops around, that rows decide
        self.elsewhere = 0  # the conditions around, which PostgreSQL does not meet
        self.recorded = 0  # the functions and blocks around, whose results a patch writes down
        self.over: Value | None = None  # the innermost loop over rows
        self.reading: list[ast.AST] = []
        self.returned: Value | None = None  # by the function that is being read
        self.scopes: dict[ast.AST, dict[str, Value]] = {}  # what functions inside others know by these
        self.models: list[str] = []
        self.real_models: list[RealModel] = []
        self.writes: list[Write] = []
        self.queries: list[Query] = []
        self.statements: list[Statement] = []
        self.loops: list[int] = []
        self.outside_calls: list[OutsideCall] = []
        self.method_calls: list[MethodCall] = []
        self.steps: list[PatchStep] = []
        self.aliases: list[int] = []
        self.field_uses: list[FieldUse] = []

    def _of_module(self) -> dict[str, Value]:
        models = {name: Value(MODEL, found.label) for name, found in self.imported.items() if found and found.name}
        return {**self.constants.known, **models}

    def read(self, node: Any, given: Sequence[Value | None], named: Named = MappingProxyType({})) -> Value | None:
        """Read a function that is called with these, but not one inside itself nor too deep; return what it returns."""
        if node in self.reading or len(self.reading) >= DEEPEST:
            return None
        around = self.scopes.get(node, {})
        outer = self.names, self.depending, self.returned, self.elsewhere
        self.names = Names({**self._of_module(), **around})
        self.returned = None
        self.reading.append(node)
        for name, value in given_to(node.args, given, named).items():
            self.names.give(ast.Name(name), value)
        for statement in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(statement)
        self.reading.pop()
        found = self.returned
        self.names, self.depending, self.returned, self.elsewhere = outer
        return found

    # What gives names their values

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        self.returned = self.names.value(node.value) or self.returned

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                for part, value in zip(target.elts, node.value.elts, strict=False):
                    self.names.give(part, self.names.value(value))
            elif isinstance(target, ast.Tuple) and target.elts:  # item, is_new = query.get_or_create(...)
                self.names.give(target.elts[0], self.names.value(node.value))
            else:
                self.names.give(target, self.names.value(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self.names.give(node.target, self.names.value(node.value))

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.names.give(node.target, self.names.value(node.value))

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            self.visit(item.context_expr)
            if item.optional_vars is not None:
                self.names.give(item.optional_vars, self.names.value(item.context_expr))
        called = [getattr(item.context_expr, "func", None) for item in node.items]
        is_recording = "record" in [getattr(function, "attr", "") for function in called]
        self.recorded += is_recording
        for statement in node.body:
            self.visit(statement)
        self.recorded -= is_recording

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.functions[node.name] = node  # read where it is called, with the names around it
        self.scopes[node] = self.names.known

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        found = dict(imported([node]))
        self.imported.update(found)
        self.origins.update(origins([node]))
        for name, model in found.items():
            self.names.give(ast.Name(name), Value(MODEL, model.label) if model and model.name else None)

    # Conditions and loops

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        depends = self.names.depends_on_rows(node.test)
        self.depending += depends
        *branches, behind = is_elsewhere(node)
        for branch, is_skipped in zip((node.body, node.orelse), branches, strict=True):
            self.elsewhere += is_skipped
            for statement in branch:
                self.visit(statement)
            self.elsewhere -= is_skipped
        self.elsewhere += behind  # to the end of the function
        ends = isinstance([*node.body, *node.orelse][-1], ast.Return | ast.Continue | ast.Break)
        self.depending -= depends and not ends  # what stands behind a `return` depends on it to the end

    def visit_For(self, node: ast.For) -> None:
        self._looped_over(node.iter, "for")
        self.visit(node.iter)
        self.names.give_each(node.target, node.iter)
        depends = not isinstance(node.iter, ast.Tuple | ast.List) and self.names.depends_on_rows(node.iter)
        self.depending += depends
        with self._looping(node, self.names.value(node.iter)):
            for statement in [*node.body, *node.orelse]:
                self.visit(statement)
        self.depending -= depends

    def visit_While(self, node: ast.While) -> None:
        depends = self.names.depends_on_rows(node.test)
        self.depending += depends
        with self._looping(node):
            self.generic_visit(node)
        self.depending -= depends

    def _comprehended(self, node: Any) -> None:
        for part in node.generators:
            self._looped_over(part.iter, "for")
            self.visit(part.iter)
            self.names.give_each(part.target, part.iter)
        with self._looping(node, self.names.value(node.generators[0].iter)):
            results = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
            for child in (*(each for part in node.generators for each in part.ifs), *results):
                self.visit(child)

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehended

    @contextmanager
    def _looping(self, node: Any, over: Value | None = None) -> Iterator[None]:
        outer = self.over
        if over is not None and over.kind in (QUERY, FIGURES):
            self.over = over
        self.loops.append(node.lineno)
        self.loops_inside += 1
        yield
        self.loops_inside -= 1
        self.over = outer

    def _looped_over(self, node: Any, method: str) -> None:
        value = self.names.value(node)
        if value is not None and value.kind == QUERY:
            self.queries.append(Query(method, value.model, node.lineno, self.loops_inside > 0, value))

    # What is done

    def visit_Call(self, node: ast.Call) -> None:
        is_creating = isinstance(node.func, ast.Attribute) and node.func.attr == "create"
        self.recorded += is_creating  # the rows that a step makes are written down as they are
        self.generic_visit(node)
        self.recorded -= is_creating
        self.field_uses += uses_in_call(node, self.names)
        if isinstance(node.func, ast.Attribute):
            self._method(node, node.func)
        elif isinstance(node.func, ast.Name):
            self._function(node, node.func.id)
        for argument in node.args:  # a function that is handed over is called by whoever gets it
            if isinstance(argument, ast.Name) and argument.id in self.functions:
                with self._recording():
                    self.read(self.functions[argument.id], [Value(INSTANCE)])

    def visit_Lambda(self, node: ast.Lambda) -> None:
        with self._recording():
            self.generic_visit(node)

    @contextmanager
    def _recording(self) -> Iterator[None]:
        self.recorded += 1
        yield
        self.recorded -= 1

    def visit_Expr(self, node: ast.Expr) -> None:
        self.generic_visit(node)
        function = getattr(node.value, "func", None)
        if not isinstance(function, ast.Attribute):
            return
        owner = self.names.value(function.value)
        if owner is not None and owner == Value(MODEL, owner.model):  # imported, and called for what it does
            self._meet(function.value)
            self.outside_calls.append(OutsideCall(ast.unparse(function), node.lineno, takes_models=True))

    def _method(self, node: ast.Call, function: ast.Attribute) -> None:
        name, owner = function.attr, self.names.value(function.value)
        if owner is not None and owner.is_historical and owner.kind in (MODEL, QUERY, INSTANCE):
            self.method_calls.append(MethodCall(name, owner, node.lineno))
        if owner is not None and owner.kind == PATCH and name in STEPS:
            self.steps.append(PatchStep(name, node.lineno, self.depending > 0))
        if name == "get_model":
            if (model := self.names.value(node)) and model.model:
                self.models.append(model.model)
        elif name in ("execute", "executemany") and (node.args or node.keywords):
            self._executed(node)
        elif is_change(name, node, owner):
            written = self.names.value(node.args[0]) if owner and owner.kind == PATCH and node.args else owner
            self._written(node, name, written, owner)
        elif owner is not None and owner.kind in (QUERY, MODEL) and name in READING_QUERIES:
            self.queries.append(Query(name, owner.model, node.lineno, self.loops_inside > 0, owner))
        elif isinstance(function.value, ast.Name) and function.value.id in ("self", "cls"):
            self._follow(node, self._methods().get(name), f"self.{name}")
        elif owner is None:
            self._outside(node, ast.unparse(function))

    def _written(self, node: ast.Call, name: str, written: Value | None, owner: Value | None) -> None:
        has_alias = owner is not None and (owner.kind == PATCH or owner.has_alias)
        self.writes.append(
            Write(
                name, written.model if written else None, node.lineno, self.loops_inside > 0, owner, self.over,
                has_alias or any(keyword.arg == "using" for keyword in node.keywords),
            )
        )  # fmt: skip

    def _executed(self, node: ast.Call) -> None:
        given = [*node.args, *(keyword.value for keyword in node.keywords)][0]
        value = self.names.value(given)
        found = statements(value.text) if value and value.kind == TEXT else [UNKNOWN]
        self.statements += [each for each in found if not self.elsewhere or each.changes_rows or not each.is_readable]

    def _function(self, node: ast.Call, name: str) -> None:
        value = self.names.known.get(name)
        self._meet(node.func)
        if name == "get_user_model":
            real = RealModel("get_user_model()", "django.contrib.auth", "settings.AUTH_USER_MODEL", node.lineno)
            self.real_models.append(real)
            return
        if name in READING_CALLS and node.args:
            self._looped_over(node.args[0], name)
        elif name in self.functions:
            self._follow(node, self.functions[name], name)
        elif (name in self.imported and not (value and value.kind == MODEL)) or name == "open":
            self._outside(node, name)

    def _follow(self, node: ast.Call, function: ast.AST | None, name: str) -> None:
        if function is None:
            self._outside(node, name)
        else:
            given = [self.names.value(argument) for argument in node.args]
            named = {keyword.arg: self.names.value(keyword.value) for keyword in node.keywords if keyword.arg}
            self.names.give(ast.Name(f"{name}()"), self.read(function, given, named))

    def _outside(self, node: ast.Call, name: str) -> None:
        given = [self.names.value(part) for part in (*node.args, *(keyword.value for keyword in node.keywords))]
        kinds = {value.kind for value in given if value}
        takes_models = (
            bool(kinds & {APPS, EDITOR, CURSOR, MODEL, QUERY, INSTANCE}) or name.rpartition(".")[2] == "call_command"
        )
        first, _, rest = ("", "", "") if "(" in name else name.partition(".")
        origin = ".".join(filter(None, (self.origins.get(first, "builtins.open" if name == "open" else ""), rest)))
        self.outside_calls.append(OutsideCall(name, node.lineno, takes_models, origin, self.recorded > 0))

    def _methods(self) -> dict[str, ast.AST]:
        """Return the methods of the class whose method is being read."""
        classes = [node for node in members(self.source.tree).values() if isinstance(node, ast.ClassDef)]
        own = [found for node in classes if set((found := members(node)).values()) & set(self.reading)]
        return {name: node for name, node in (own[0] if own else {}).items() if isinstance(node, Function)}

    # Models that are imported

    def visit_Attribute(self, node: ast.Attribute) -> None:
        module = self.imported.get(ast.unparse(node.value))
        if module and not module.name and is_name_of_class(node.attr):  # models.Item, where `models` was imported
            model = self.imported[ast.unparse(node)] = Imported(module.module, node.attr)
            self.names.known[ast.unparse(node)] = Value(MODEL, model.label)
        self.generic_visit(node)
        if node.attr == "alias" and (owner := self.names.value(node.value)) and owner.kind == EDITOR:
            self.aliases.append(node.lineno)
        self.field_uses += use_of_attribute(node, self.names)
        if node.attr in MANAGERS:  # what else is imported from there (choices, constants) does no harm
            self._meet(node.value)

    def _meet(self, node: ast.expr) -> None:
        name = ast.unparse(node)
        model, value = self.imported.get(name), self.names.known.get(name)
        if model and model.name and value and not value.is_historical:
            self.real_models.append(RealModel(model.name, model.module, model.label, node.lineno))
