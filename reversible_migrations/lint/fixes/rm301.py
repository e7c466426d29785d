"""
A model that is imported becomes the one of ``apps.get_model``, where the function asks nothing of it that only the
newest code has: no method, property or manager of the project's own.
"""

import ast
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models.manager import BaseManager, Manager

from ..finding import Finding
from ..fix import Fix
from ..python_code import RealModel
from ..python_values import MANAGERS
from ..rewriting import CannotFix, Rewriting
from ..subject import OperationSubject

# What any model, query set or value of Python answers to.
COMMON = {
    name
    for kind in (models.Model, models.QuerySet, Manager, BaseManager, str, list, dict, set, datetime)
    for name in dir(kind)
} | {"DoesNotExist", "MultipleObjectsReturned", "objects", "pk", "id"}


class AskForModel(Fix):
    code = "RM301"

    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        model, function = used_model(finding, subject), function_at(finding.line, file)
        label = label_of(model, subject)
        imported = import_of(model, function, file)
        local = next(each.asname or each.name for each in imported.names if each.name == model.name)
        others = {each.arg for each in function.args.args} | set(file.evaluation.imports) - {local}
        refuse_newest_code(local, function, label, set(names_of_fields(subject)), others)
        app_label, _, name = label.partition(".")
        asked = f'{local} = {function.args.args[0].arg}.get_model("{app_label}", "{name}")'
        if imported in function.body:
            file.drop_import(imported, local)
        else:
            file.left.add(local)
        file.begin_with(function, asked)


def used_model(finding: Finding, subject: OperationSubject) -> RealModel:
    codes = [code for code in (subject.code, subject.reverse_code) if code is not None]
    found = [model for code in codes for model in code.real_models if model.line == finding.line]
    if len({model.label for model in found}) != 1:
        raise CannotFix("several models are used on one line")
    if not found[0].name.isidentifier():
        raise CannotFix(f"{found[0].name} is no name of a model; ask for settings.AUTH_USER_MODEL")
    return found[0]


def function_at(line: int, file: Rewriting) -> ast.FunctionDef:
    """Return the function that uses a model at ``line``; raise ``CannotFix`` if it does not get ``apps``."""
    body = file.source.tree.body if file.source.tree else []
    functions = [each for each in body if isinstance(each, ast.FunctionDef)]
    found = next((each for each in functions if each.lineno <= line <= (each.end_lineno or 0)), None)
    if found is None:
        raise CannotFix("it is used outside a function of this file")
    names = [each.arg for each in found.args.args]
    if names[:1] != ["apps"] and names[1:2] != ["schema_editor"]:
        raise CannotFix(f"{found.name} does not get `apps`: hand it over")
    return found


def label_of(model: RealModel, subject: OperationSubject) -> str:
    """Return "shop.Item"; raise ``CannotFix`` unless the migration can be sure to find it in its state."""
    app_label, _, name = model.label.rpartition(".")
    app_label = app_label or subject.app_label
    migration: Any = subject.migration.migration
    known = {subject.app_label, *(key[0] for key in migration.dependencies)}
    if (app_label, name.lower()) not in subject.before.models:
        raise CannotFix(f"{app_label}.{name} is no model before this operation")
    if app_label not in known:
        raise CannotFix(f"the migration does not depend on {app_label}: add the dependency first")
    return f"{app_label}.{name}"


def import_of(model: RealModel, function: ast.FunctionDef, file: Rewriting) -> ast.ImportFrom:
    """Return the import of a model, at the top of the file or inside the function."""
    tree: Any = file.source.tree
    for statement in (*function.body, *tree.body):
        if isinstance(statement, ast.ImportFrom):
            module = "." * statement.level + (statement.module or "")
            if module == model.module and any(each.name == model.name for each in statement.names):
                return statement
    raise CannotFix(f"{model.name} is not imported by its name")


def refuse_newest_code(local: str, function: ast.FunctionDef, label: str, fields: set[str], others: set[str]) -> None:
    """Raise ``CannotFix`` for what a model of ``apps`` may not have, or a name given anew; ``others`` are no models."""
    known = COMMON | set(MANAGERS) | fields
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id == local and not isinstance(node.ctx, ast.Load):
            raise CannotFix(f"{function.name} gives the name {local} to something else")
        if isinstance(node, ast.Attribute) and node.attr not in known and root_of(node) not in others:
            what = "calls" if isinstance(parents.get(node), ast.Call) else "uses"
            raise CannotFix(f"{function.name} {what} {ast.unparse(node)}, which {label} of `apps` may not have")


def names_of_fields(subject: OperationSubject) -> Iterator[str]:
    """Yield what fields let a model be asked for, of all models: rows of others are met by relations."""
    for model in subject.before.models.values():
        for name, field in model.fields.items():
            yield from (name, f"{name}_id", f"get_{name}_display")
            related = getattr(field.remote_field, "related_name", None)
            yield from (str(related or ""), f"{model.name.lower()}_set")


def root_of(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""
