"""
One file of a migration while it is rewritten, with its formatting and comments.

Fixes note what they change; all of it is done at once, so the places that the lint knows stay true until then.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import libcst as cst
from libcst.metadata import MetadataWrapper, PositionProvider

from ..runs.run import LEDGER
from .class_attributes import dependencies_in, with_attribute, with_dependency
from .evaluating import Evaluation
from .imports import Import, comments_in, with_imports, without_names, without_unused
from .project import ELSEWHERE
from .source import Source, source_of_file
from .subject import MigrationSubject, OperationSubject

OPERATIONS = Import("reversible_migrations", "operations", "ops")

Change = Callable[[Any], Any]  # from a node, with what is inside it changed already, to the one that takes its place


class CannotFix(Exception):
    """A finding has to be mended by hand; the message says why."""


@dataclass
class Rewriting:
    """The file of ``source``, as ``before`` it was; raise ``CannotFix`` if it may not be rewritten."""

    source: Source
    before: bytes = b""
    changes: dict[cst.CSTNode, Change] = field(default_factory=dict)
    openings: dict[cst.CSTNode, list[str]] = field(default_factory=dict)  # statements that functions begin with
    dropped: dict[cst.CSTNode, set[str]] = field(default_factory=dict)  # names that imports lose
    imports: list[Import] = field(default_factory=list)
    left: set[str] = field(default_factory=set)  # names that may not be used any more
    is_made_non_atomic: bool = False
    needs_ledger: bool = False

    def __post_init__(self) -> None:
        path = Path(self.source.path)
        if not path.is_file():
            raise CannotFix("it is in no file of its own")
        if any(part in ELSEWHERE for part in path.parts):
            raise CannotFix("its file belongs to an installed package")
        if self.source.tree is None:
            raise CannotFix("its file is not valid Python")
        self.before = path.read_bytes()
        now = source_of_file(path)
        if now is None or now.text != self.source.text:
            raise CannotFix("its file has changed since it was read")

    @cached_property
    def wrapper(self) -> MetadataWrapper:
        try:
            return MetadataWrapper(cst.parse_module(self.before), unsafe_skip_copy=True)
        except (cst.ParserSyntaxError, UnicodeDecodeError) as error:
            raise CannotFix("its file cannot be taken apart by libcst") from error

    @cached_property
    def nodes(self) -> dict[tuple[str, int, int], cst.CSTNode]:
        """Return the calls, functions and imports of the file by kind, line and column, as ``ast`` counts them."""
        lines = self.source.text.splitlines()
        found: dict[tuple[str, int, int], cst.CSTNode] = {}
        for node, place in self.wrapper.resolve(PositionProvider).items():
            if isinstance(node, cst.Call | cst.FunctionDef | cst.ImportFrom) and place.start.line <= len(lines):
                column = len(lines[place.start.line - 1][: place.start.column].encode())  # ast counts bytes
                found[type(node).__name__, place.start.line, column] = node
        return found

    @cached_property
    def evaluation(self) -> Evaluation:
        return Evaluation(self.source)

    def node_of(self, node: Any) -> Any:
        """Return the node of the file for one of ``ast``: a call, a function or an import."""
        found = self.nodes.get((type(node).__name__, getattr(node, "lineno", 0), getattr(node, "col_offset", 0)))
        if found is None:
            raise CannotFix("it is made by code, or written in an odd way")
        return found

    def call_of(self, subject: OperationSubject) -> cst.Call:
        """Return the call that makes an operation, by the name of its very class."""
        node = subject.place.node
        if not isinstance(node, ast.Call) or self.evaluation.value(node.func) is not type(subject.operation):
            raise CannotFix("it is made by code, or of a class of the project's own")
        call: cst.Call = self.node_of(node)
        return call

    def replace(self, node: cst.CSTNode, change: Change) -> None:
        """Let ``change`` make what takes the place of ``node``; raise ``CannotFix`` if a comment would be lost."""
        imports = list(self.imports)
        if sorted(comments_in(change(node))) != sorted(comments_in(node)):
            self.imports = imports
            raise CannotFix("a comment would be lost")
        self.changes[node] = change

    def use_ledger(self, migration: MigrationSubject) -> None:
        """Let the migration depend on the ledger, which our operations need; our base classes do so by themselves."""
        given = getattr(migration.migration, "dependencies", ())
        if migration.is_ours or LEDGER in map(tuple, given):
            return
        try:
            dependencies_in(self.wrapper.module)
        except TypeError as error:
            raise CannotFix(
                "its dependencies are made by code, and it has to depend on {}.{}".format(*LEDGER)
            ) from error
        self.needs_ledger = True

    def rename_call(self, subject: OperationSubject, wanted: Import, kind: str = "") -> None:
        """Let an operation be made by another class, with the same arguments: ``kind`` of ``wanted``, or that."""
        call = self.call_of(subject)
        self.replace(call, lambda node: node.with_changes(func=self.named(wanted, kind)))
        self.leave(call.func)

    def begin_with(self, function: ast.FunctionDef, text: str) -> None:
        """Let a function begin with a statement, once, behind its docstring."""
        node = self.node_of(function)
        if not isinstance(node.body, cst.IndentedBlock):
            raise CannotFix("its function is written on one line")
        openings = self.openings.setdefault(node, [])
        if text not in openings:
            openings.append(text)

    def drop_import(self, imported: ast.ImportFrom, name: str) -> None:
        """Let an import inside a function lose a name, and be gone with its last one."""
        node = self.node_of(imported)
        if comments_in(node):
            raise CannotFix("a comment would be lost")
        self.dropped.setdefault(node, set()).add(name)

    def named(self, wanted: Import, kind: str = "") -> cst.BaseExpression:
        """Return the expression for something imported, which is imported if it is not yet."""
        local = self.local_name(wanted)
        return cst.Attribute(cst.Name(local), cst.Name(kind)) if kind else cst.Name(local)

    def local_name(self, wanted: Import) -> str:
        known = {**self.evaluation.imports, **{each.local: (each.module, each.name) for each in self.imports}}
        same = [local for local, found in known.items() if found == (wanted.module, wanted.name)]
        if same:
            return same[0]
        if wanted.local in known or wanted.local in self.evaluation.members:
            wanted = Import(wanted.module, wanted.name, f"reversible_{wanted.local}")
        self.imports.append(wanted)
        return wanted.local

    def leave(self, expression: cst.BaseExpression) -> None:
        """Note that a name is used in one place less, so its import may not be needed."""
        if isinstance(expression, cst.Name):
            self.left.add(expression.value)

    def result(self) -> bytes:
        """Return the file as it becomes."""
        changes = dict(self.changes)
        changes.update({node: partial(begun_with, texts) for node, texts in self.openings.items()})
        changes.update({node: partial(without_dropped, names) for node, names in self.dropped.items()})
        module = self.wrapper.module.visit(Changed(changes))
        if self.is_made_non_atomic:
            module = with_attribute(module, "atomic = False")
        if self.needs_ledger:
            module = with_dependency(module, LEDGER)
        module = without_unused(module, self.left)
        return with_imports(module, self.imports).bytes


class Changed(cst.CSTTransformer):
    """Puts what the fixes have noted in its place."""

    def __init__(self, changes: dict[cst.CSTNode, Change]):
        super().__init__()
        self.changes = changes

    def on_leave(self, original_node: Any, updated_node: Any) -> Any:
        changed = super().on_leave(original_node, updated_node)
        change = self.changes.get(original_node)
        return change(changed) if change else changed


def begun_with(texts: list[str], function: cst.FunctionDef) -> cst.FunctionDef:
    position = 0 if function.get_docstring() is None else 1
    body: list[Any] = list(function.body.body)
    body[position:position] = [cst.parse_statement(text) for text in texts]
    return function.with_changes(body=function.body.with_changes(body=body))


def without_dropped(names: set[str], imported: cst.ImportFrom) -> Any:
    kept = without_names(imported, names)
    return imported.with_changes(names=kept) if kept else cst.RemoveFromParent()
