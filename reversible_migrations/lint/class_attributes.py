"""The attributes of the class ``Migration`` in a file that is rewritten."""

from typing import Any

import libcst as cst

from .imports import comments_in


def migration_class(module: cst.Module) -> cst.ClassDef:
    return next(each for each in module.body if isinstance(each, cst.ClassDef) and each.name.value == "Migration")


def with_attribute(module: cst.Module, text: str) -> cst.Module:
    """Return ``module`` with an attribute put first into the class, behind the docstring."""
    node = migration_class(module)
    position = 0 if node.get_docstring() is None else 1
    body: list[Any] = list(node.body.body)
    following = body[position : position + 1]
    blank = [line for line in (following[0].leading_lines[:1] if following else ()) if line.comment is None]
    statement = cst.ensure_type(cst.parse_statement(text), cst.SimpleStatementLine).with_changes(leading_lines=blank)
    body.insert(position, statement)
    return module.with_deep_changes(node.body, body=body)


def with_dependency(module: cst.Module, key: tuple[str, str]) -> cst.Module:
    """Return ``module`` with a dependency behind the others; they are written as a list, or not at all."""
    text = '("{}", "{}")'.format(*key)
    found = dependencies_in(module)
    if found is None:
        return with_attribute(module, f"dependencies = [{text}]")
    return module.with_deep_changes(found, **_joined(found, cst.Element(cst.parse_expression(text))))


def dependencies_in(module: cst.Module) -> cst.List | None:
    """Return the list of the dependencies, None if there are none; raise ``TypeError`` for any other form."""
    for line in migration_class(module).body.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            targets = [each.target for each in part.targets] if isinstance(part, cst.Assign) else []
            targets += [part.target] if isinstance(part, cst.AnnAssign) else []
            if any(isinstance(target, cst.Name) and target.value == "dependencies" for target in targets):
                value = getattr(part, "value", None)
                if not isinstance(value, cst.List):
                    raise TypeError("dependencies are no list")
                return value
    return None


def _joined(found: cst.List, new: cst.Element) -> dict[str, Any]:
    """Return what a list becomes with another element, on a line of its own if the others have theirs."""
    if not found.elements:
        return {"elements": [new]}
    *others, last = found.elements
    opening: Any = found.lbracket.whitespace_after
    closing: Any = found.rbracket.whitespace_before
    is_long = isinstance(opening, cst.ParenthesizedWhitespace) and isinstance(closing, cst.ParenthesizedWhitespace)
    if isinstance(last.comma, cst.Comma) and is_long:
        between = closing.with_changes(last_line=opening.last_line)  # a comment behind the last one stays there
        last = last.with_changes(comma=last.comma.with_changes(whitespace_after=between))
        end = found.rbracket.with_changes(whitespace_before=without_comments(closing))
        return {"elements": [*others, last, new.with_changes(comma=cst.Comma())], "rbracket": end}
    space = without_comments(opening) if is_long else cst.SimpleWhitespace(" ")
    return {"elements": [*others, last.with_changes(comma=cst.Comma(whitespace_after=space)), new]}


def without_comments(space: Any) -> Any:
    """Return a line end inside brackets without the comments that stand there."""
    return space.with_changes(first_line=cst.TrailingWhitespace(), empty_lines=[]) if comments_in(space) else space
