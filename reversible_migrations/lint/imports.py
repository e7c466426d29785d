"""The imports of a file that is rewritten: those that come, in the order that isort has, and those that go."""

import sys
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

import libcst as cst
from libcst import matchers
from libcst.metadata import MetadataWrapper, ScopeProvider


class Import(NamedTuple):
    """``from module import name as local``."""

    module: str
    name: str
    local: str

    @property
    def alias(self) -> cst.ImportAlias:
        asname = None if self.local == self.name else cst.AsName(cst.Name(self.local))
        return cst.ImportAlias(cst.Name(self.name), asname=asname)


def comments_in(node: cst.CSTNode | None) -> list[str]:
    return [each.value for each in matchers.findall(node, matchers.Comment())] if node else []  # type: ignore[attr-defined]


# Imports that come


def with_imports(module: cst.Module, wanted: Iterable[Import]) -> cst.Module:
    for each in wanted:
        module = _joined(module, each) or _inserted(module, each)
    return module


def _joined(module: cst.Module, wanted: Import) -> cst.Module | None:
    """Return ``module`` with a name put behind others of the same module; None where there are none."""
    if wanted.local != wanted.name:
        return None  # isort gives these a line of their own
    for line in module.body:
        found = _imported_from(line)
        if found is not None and module_of(found) == wanted.module and not isinstance(found.names, cst.ImportStar):
            return module.with_deep_changes(found, names=_with_name([*found.names], wanted))
    return None


def _with_name(names: list[cst.ImportAlias], wanted: Import) -> list[cst.ImportAlias]:
    position = sum(str(name.evaluated_name) < wanted.name for name in names)
    if position < len(names):
        between = names[position].comma if len(names) > position + 1 else cst.MaybeSentinel.DEFAULT
        plain = between if not isinstance(between, cst.Comma) or not comments_in(between) else cst.MaybeSentinel.DEFAULT
        names.insert(position, wanted.alias.with_changes(comma=plain))
        return names
    last = names[-1]
    between = names[-2].comma if len(names) > 1 else cst.MaybeSentinel.DEFAULT
    if isinstance(last.comma, cst.Comma) and comments_in(last.comma):
        return [*names, wanted.alias]
    return [*names[:-1], last.with_changes(comma=between), wanted.alias.with_changes(comma=last.comma)]


def _inserted(module: cst.Module, wanted: Import) -> cst.Module:
    line = cst.SimpleStatementLine(
        [cst.ImportFrom(cst.helpers.parse_template_expression(wanted.module), [wanted.alias])]  # type: ignore[arg-type]
    )
    body: list[Any] = list(module.body)
    near = [position for position, each in enumerate(body) if _is_of_package(each)]
    before = [position for position in near if module_of(_imported_from(body[position])) <= wanted.module]
    if before:
        body.insert(before[-1] + 1, line)
    elif near:
        first = body[near[0]]
        body[near[0] : near[0] + 1] = _before(line, first)
    else:
        imports = [position for position, each in enumerate(body) if _is_import(each)]
        position = imports[-1] + 1 if imports else 0 if module.get_docstring() is None else 1
        body.insert(position, line)
    return module.with_changes(body=body)


def _before(line: cst.SimpleStatementLine, first: Any) -> list[Any]:
    """Return a line put before the first of its section; the empty lines above that stay above both."""
    blank = 0
    while blank < len(first.leading_lines) and first.leading_lines[blank].comment is None:
        blank += 1
    above, own = first.leading_lines[:blank], first.leading_lines[blank:]
    return [line.with_changes(leading_lines=above), first.with_changes(leading_lines=own)]


def _is_of_package(line: Any) -> bool:
    """Return whether a line imports from a package that is installed, and neither Python's nor relative."""
    found = _imported_from(line)
    root = module_of(found).partition(".")[0] if found is not None else ""
    return bool(root) and root not in sys.stdlib_module_names and root != "__future__"


def _is_import(line: Any) -> bool:
    return isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Import | cst.ImportFrom)


def _imported_from(line: Any) -> cst.ImportFrom | None:
    found = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    return found if isinstance(found, cst.ImportFrom) else None


def module_of(node: cst.ImportFrom | None) -> str:
    """Return "django.db" for ``from django.db import migrations``; "" for a relative import."""
    if node is None or node.module is None or node.relative:
        return ""
    return str(cst.helpers.get_full_name_for_node(node.module))


# Imports that go


def without_unused(module: cst.Module, names: Collection[str]) -> cst.Module:
    """Return ``module`` without the imports at its top of those ``names`` that nothing in it uses."""
    if unused := {name for name in names if not _is_used(module, name)}:
        module = module.with_changes(body=[kept for line in module.body if (kept := _without(line, unused))])
    return module


def _is_used(module: cst.Module, name: str) -> bool:
    """Return whether any code means the name that the module has; a function may have one of its own."""
    wrapper = MetadataWrapper(module)
    scope = wrapper.resolve(ScopeProvider)[wrapper.module]
    return any(each.references for each in (scope.assignments[name] if scope else ()))


def _without(line: Any, unused: set[str]) -> Any:
    found = _imported_from(line)
    if found is None or isinstance(found.names, cst.ImportStar):
        return line
    kept = without_names(found, unused)
    if kept is None:
        return None if not comments_in(line) else line
    changed = line.with_deep_changes(found, names=kept) if len(kept) < len(found.names) else line
    return changed if comments_in(changed) == comments_in(line) else line


def without_names(node: cst.ImportFrom, names: Collection[str]) -> list[cst.ImportAlias] | None:
    """Return what an import still imports without ``names``; None if nothing is left."""
    aliases = [] if isinstance(node.names, cst.ImportStar) else list(node.names)
    kept = [alias for alias in aliases if local_name(alias) not in names]
    if not kept:
        return None
    return [*kept[:-1], kept[-1].with_changes(comma=aliases[-1].comma)]


def local_name(alias: cst.ImportAlias) -> str:
    return str(alias.evaluated_alias or alias.evaluated_name)
