"""The fields that Python code names: in look-ups, as names in texts, in expressions, and as attributes of instances."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .python_values import INSTANCE, MODEL, PATCH, QUERY, Names

# Methods of query sets whose keywords are fields, or look-ups that begin with one.
BY_KEYWORD = {
    "filter", "exclude", "get", "update", "create", "get_or_create", "update_or_create",
    "annotate", "alias", "aggregate",
}  # fmt: skip
NEW_NAMES = {"annotate", "alias", "aggregate"}  # of which the keywords are names of their own
BY_TEXT = {"values", "values_list", "only", "defer", "order_by", "select_related", "prefetch_related", "dates"}
NO_FIELDS = {"defaults", "create_defaults"}
# Queries inside a query: what they name is of a model of their own.
INNER_QUERIES = {"Subquery", "Exists", "OuterRef"}


@dataclass(frozen=True)
class FieldUse:
    """A field that is named: ``model`` is "shop.Item" as the code has it, ``field`` "price"."""

    model: str
    field: str
    line: int


def uses_in_call(node: ast.Call, names: Names) -> Iterator[FieldUse]:
    """Yield the fields that a call of a query set's method names, where the model is known."""
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in BY_KEYWORD | BY_TEXT:
        return
    owner = names.value(node.func.value)
    if owner is not None and owner.kind == PATCH and node.args:  # patch.update(Item.objects.all(), price=F("cost"))
        owner = names.value(node.args[0])
    if owner is None or owner.kind not in (QUERY, MODEL) or owner.model is None:
        return
    for name, line in fields_named(node, node.func.attr):
        yield FieldUse(owner.model, name, line)


def use_of_attribute(node: ast.Attribute, names: Names) -> Iterator[FieldUse]:
    """Yield the field that is read from an instance whose model is known."""
    owner = names.value(node.value)
    if owner is not None and owner.kind == INSTANCE and owner.model and isinstance(node.ctx, ast.Load):
        yield FieldUse(owner.model, node.attr, node.lineno)


def fields_named(node: ast.Call, method: str) -> Iterator[tuple[str, int]]:
    """Yield the fields that a call names, with lines: "a" of ``filter(a__b=1)``, ``only("-a")`` and ``F("a")``."""
    if method in BY_KEYWORD - NEW_NAMES:
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in NO_FIELDS:
                yield first_of(keyword.arg), keyword.value.lineno
    for argument in node.args:
        if method in BY_TEXT and isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield first_of(argument.value), argument.lineno
    for part in (*node.args, *(keyword.value for keyword in node.keywords)):
        yield from _in_expression(part)


def _in_expression(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the fields in ``F`` and ``Q`` of an expression, without those of queries inside it."""
    if isinstance(node, ast.Call):
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in INNER_QUERIES or not name[:1].isupper():
            return
        if name == "F" and node.args and isinstance(node.args[0], ast.Constant):
            yield first_of(str(node.args[0].value)), node.lineno
        if name == "Q":
            for keyword in node.keywords:
                yield first_of(keyword.arg or ""), keyword.value.lineno
    for child in ast.iter_child_nodes(node):
        yield from _in_expression(child)


def first_of(lookup: str) -> str:
    """Return the field that a look-up or an order begins with: "a" of "-a__b"."""
    return lookup.lstrip("-+").partition("__")[0]
