"""Which calls change rows: methods of query sets, instances, relations and our patches, by their names."""

import ast

from .python_values import INSTANCE, MODEL, PATCH, QUERY, RELATED, Value

WRITING_QUERIES = {
    "update", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create", "_raw_delete",
}  # fmt: skip
WRITING_INSTANCES = {"save", "delete", "save_base"}
WRITING_RELATED = WRITING_QUERIES | {"add", "set", "remove", "clear"}
WRITING_PATCH = {"update", "transform", "create", "delete"}
# Of something whose kind is not known: names that hardly anything else has.
WRITING_ANYTHING = {"bulk_create", "bulk_update", "get_or_create", "update_or_create"}
ASYNCHRONOUS = {f"a{name}" for name in WRITING_QUERIES | WRITING_INSTANCES}


def is_change(name: str, node: ast.Call, owner: Value | None) -> bool:
    """Return whether a call of the method ``name`` of ``owner`` changes rows."""
    name = name.removeprefix("a") if name in ASYNCHRONOUS else name
    if owner is None:
        return name in WRITING_ANYTHING or (name in WRITING_INSTANCES and not node.args)
    writing: dict[str, set[str]] = {
        QUERY: WRITING_QUERIES, MODEL: WRITING_QUERIES, INSTANCE: WRITING_INSTANCES,
        RELATED: WRITING_RELATED | WRITING_INSTANCES, PATCH: WRITING_PATCH,
    }  # fmt: skip
    return name in writing.get(owner.kind, set())
