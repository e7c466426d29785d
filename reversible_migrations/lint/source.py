"""
The source of a migration: where its operations stand in the file, and which comments stand beside them.

It is read by the loader of the module, so files in a zip archive are read too. Nothing is imported.
"""

import ast
import hashlib
import io
import sys
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any
from weakref import WeakKeyDictionary

from ..states import Phase

PHASES = tuple(phase.label for phase in Phase)
DATABASES = ("postgres", "sqlite", "mysql", "oracle")  # as conditions name them
DJANGO = "django.db.migrations"  # whose Migration is a base
IMPORT = (ast.Import, ast.ImportFrom)
WRITTEN = ("patch", "forwards")  # the methods that a base class of ours makes its last operation of

OF_MODULES: WeakKeyDictionary[ModuleType, "Source | None"] = WeakKeyDictionary()


@dataclass(frozen=True)
class Place:
    """The lines of something in a file."""

    line: int = 1
    last_line: int = 1
    node: ast.AST | None = None

    @property
    def fingerprint(self) -> str:
        """Return what tells its code from another, wherever it moves to and however it is formatted."""
        return hashlib.sha256(ast.unparse(self.node).encode()).hexdigest()[:16] if self.node else ""


@dataclass
class Source:
    """The text of one Python file, taken apart when asked."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module | None:
        """Return the syntax tree, or None where the text is no Python."""
        try:
            return ast.parse(self.text)
        except (SyntaxError, ValueError):  # ValueError: a null byte
            return None

    @cached_property
    def comments(self) -> dict[int, str]:
        """Return the comments by their lines, as far as the text can be cut into words."""
        found = {}
        try:
            for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
                if token.type == tokenize.COMMENT:
                    found[token.start[0]] = token.string
        except (tokenize.TokenError, SyntaxError):
            pass
        return found

    @cached_property
    def imports(self) -> list[ast.AST]:
        """Return the statements that import something, wherever they stand."""
        return [node for node in ast.walk(self.tree) if isinstance(node, IMPORT)] if self.tree else []

    @cached_property
    def functions_by_line(self) -> dict[int, list[ast.AST]]:
        """Return the functions and lambdas by the line that their code objects begin with: that of a decorator."""
        found: dict[int, list[ast.AST]] = {}
        for node in ast.walk(self.tree) if self.tree else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
                found.setdefault(min([node.lineno, *(each.lineno for each in decorators)]), []).append(node)
        return found

    @cached_property
    def migration_class(self) -> ast.ClassDef | None:
        body = self.tree.body if self.tree else []
        written = (node for node in body if isinstance(node, ast.ClassDef) and node.name == "Migration")
        behind_if = taken_members(self.tree).get("Migration")
        return next(written, behind_if if isinstance(behind_if, ast.ClassDef) else None)

    @property
    def migration_made(self) -> str:
        """Return what makes the class, where it is not written down: ``make("shop")``, or an import; else ""."""
        made = taken_members(self.tree).get("Migration")
        if isinstance(made, ast.expr):
            return ast.unparse(made)
        imports = (node for node in self.imports if isinstance(node, ast.ImportFrom) and node.module != DJANGO)
        names = (alias.asname or alias.name for node in imports for alias in node.names)
        return "an import" if "Migration" in names else ""

    @property
    def class_place(self) -> Place:
        """Return the place of the line ``class Migration``; the first line where the class is made by code."""
        node = self.migration_class
        return place_of(node, last_line=node.lineno) if node else Place()

    def operation_nodes(self, number: int) -> Sequence[ast.AST | None]:
        """Return the nodes of the migration's ``number`` operations; all None where their list is made by code."""
        nodes = list(self._written_operations()) if self.migration_class else []
        known = [node for node in nodes if node is not None]
        return known if len(known) == len(nodes) == number else [None] * number

    def _written_operations(self) -> Iterator[ast.AST | None]:
        written, taken = members(self.migration_class), taken_members(self.migration_class)
        for name in ("operations", *PHASES, *WRITTEN):
            node = written.get(name)
            if taken.get(name) is not node:  # a condition decides, and may decide otherwise where it is run
                yield None
            elif isinstance(node, ast.FunctionDef):
                yield node
            elif node is not None:
                yield from self.elements(node)

    def elements(self, node: ast.AST | None) -> list[ast.AST | None]:
        """Return the nodes in a list that is written down, also one of a name or a sum; [None] for any other."""
        if isinstance(node, ast.List | ast.Tuple):
            return [None if isinstance(each, ast.Starred) else each for each in node.elts]
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return [*self.elements(node.left), *self.elements(node.right)]
        if isinstance(node, ast.Name) and (named := members(self.tree).get(node.id)) is not None:
            return self.elements(named)
        return [None]


def members(node: ast.AST | None) -> dict[str, ast.AST]:
    """Return what the body of a class or a module gives names to: functions, classes, and values of assignments."""
    found: dict[str, ast.AST] = {}
    for statement in getattr(node, "body", ()):
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            found.update({target.id: statement.value for target in statement.targets if isinstance(target, ast.Name)})
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            found[statement.target.id] = statement.value
    return found


def taken_members(node: ast.AST | None) -> dict[str, ast.AST]:
    """Return ``members`` with those behind an ``if``: PostgreSQL's, and the first where something else decides."""
    found: dict[str, ast.AST] = {}
    for statement in getattr(node, "body", ()):
        inner = taken_members if isinstance(statement, ast.If) else members
        found.update(inner(ast.Module(taken_branch(statement), [])))
    return found


def taken_branch(statement: ast.stmt) -> list[ast.stmt]:
    """Return the statements that are run for one: itself, or the branch of an ``if``."""
    if not isinstance(statement, ast.If):
        return [statement]
    return statement.body if is_taken(statement.test) else statement.orelse


def is_taken(test: ast.expr) -> bool:
    """Return whether a condition holds on PostgreSQL; one that names no database is taken to hold."""
    if isinstance(test, ast.BoolOp):
        return (all if isinstance(test.op, ast.And) else any)(is_taken(each) for each in test.values)
    named = databases_named(test)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and named:
        return not is_taken(test.operand)
    is_denied = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.NotEq | ast.NotIn)
    return not named or ("postgres" in named) is not is_denied


def databases_named(test: ast.expr) -> list[str]:
    texts = [str(each.value) for each in ast.walk(test) if isinstance(each, ast.Constant)]
    return [name for name in DATABASES if any(name in text for text in texts)]


def is_elsewhere(node: ast.If) -> tuple[bool, bool, bool]:
    """Return whether the branches of an ``if``, and what follows, are for other databases than PostgreSQL only."""
    if not databases_named(node.test):
        return False, False, False
    is_first, leaving = is_taken(node.test), (ast.Return, ast.Raise)
    return not is_first, is_first, is_first and isinstance(node.body[-1], leaving)


def nested_nodes(source: Source, node: ast.AST | None, database: int, state: int) -> Sequence[ast.AST | None]:
    """Return the nodes of the operations inside a ``SeparateDatabaseAndState``: the database's, then the state's."""
    given = dict(enumerate(getattr(node, "args", ())))
    named = {keyword.arg: keyword.value for keyword in getattr(node, "keywords", ())}
    nodes: list[ast.AST | None] = []
    for position, (name, number) in enumerate((("database_operations", database), ("state_operations", state))):
        found = source.elements(given.get(position, named.get(name)))
        nodes += found if len(found) == number else [None] * number
    return nodes


def place_of(node: ast.AST | None, last_line: int | None = None) -> Place:
    if node is None:
        return Place()
    position: Any = node
    return Place(position.lineno, last_line or position.end_lineno or position.lineno, node)


def source_of_module(spec: Any) -> Source | None:
    """Return the source of the module with this import specification, by its own loader; None where there is none."""
    get_source = getattr(getattr(spec, "loader", None), "get_source", None)
    if get_source is None:
        return None
    try:
        text = get_source(spec.name)
    except (ImportError, SyntaxError, UnicodeDecodeError, OSError):
        return None
    return None if text is None else Source(str(spec.origin or spec.name), text)


def source_of_imported(name: str) -> Source | None:
    """Return the source of a module that is imported; it is taken apart once, however many functions it has."""
    module = sys.modules.get(name)
    if module is None:
        return None
    if module not in OF_MODULES:
        OF_MODULES[module] = source_of_module(module.__spec__)
    return OF_MODULES[module]


def source_of_file(path: Path) -> Source | None:
    try:
        with tokenize.open(path) as file:  # by the encoding that the file declares
            return Source(str(path), file.read())
    except (OSError, SyntaxError, UnicodeDecodeError):
        return None
