"""What the names and expressions of a migration's function stand for, as far as its text tells."""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# What a value may be.
APPS, EDITOR, CURSOR, PATCH, MODEL, QUERY, INSTANCE, RELATED, FIGURES, TEXT = (
    "apps", "editor", "cursor", "patch", "model", "query", "instance", "related", "figures", "text",
)  # fmt: skip
OF_ROWS = (QUERY, INSTANCE, RELATED, FIGURES)
MANAGERS = ("objects", "_default_manager", "_base_manager")
GIVING_INSTANCES = {"get", "first", "last", "earliest", "latest", "create", "get_or_create", "update_or_create"}
GIVING_FIGURES = {"count", "exists", "aggregate", "values", "values_list", "in_bulk"}
GIVING_NOTHING = {"update", "delete", "bulk_update"}
KEEPING = {"list", "tuple", "set", "sorted", "reversed", "iter", "enumerate"}
TAKING_ONE = {"next", "min", "max"}
# Query sets that are made by these have all rows of their table.
LEAVING_ALL = {
    "get_model", *MANAGERS, "all", "using", "db_manager", "order_by", "reverse", "select_related", "prefetch_related",
    "select_for_update", "only", "defer", "annotate", "alias", "iterator",
}  # fmt: skip
# Stands in a text for what an f-string takes from elsewhere; a name that holds it is not known.
UNREAD = "unread_part"


@dataclass(frozen=True)
class Value:
    """
    Something of a known kind; ``model`` is "shop.Item" for models, queries and instances, ``text`` for texts.

    ``calls`` are the names by which models, queries and instances were made: ("get_model", "objects", "filter").
    A model that is imported has no "get_model". "[]" is a slice.
    """

    kind: str
    model: str | None = None
    text: str = ""
    calls: tuple[str, ...] = ()

    @property
    def is_historical(self) -> bool:
        """Return whether its model was asked of ``apps``."""
        return "get_model" in self.calls

    @property
    def is_whole(self) -> bool:
        """Return whether these are all rows of a table, as far as its text tells."""
        return set(self.calls) <= LEAVING_ALL and not set(self.calls).isdisjoint(MANAGERS)

    @property
    def has_alias(self) -> bool:
        """Return whether the database was named."""
        return not {"using", "db_manager"}.isdisjoint(self.calls)

    def then(self, kind: str, *calls: str) -> "Value":
        return Value(kind, self.model, calls=(*self.calls, *calls))


class Names:
    """The values of the names in one function, and of the expressions that are made of them."""

    def __init__(self, known: dict[str, Value]):
        self.known = known

    def value(self, node: ast.AST | None) -> Value | None:
        """Return what an expression stands for; None where its text does not tell."""
        find: Any = getattr(self, f"_{type(node).__name__.lower()}", None)
        found: Value | None = find(node) if find else None
        return found

    def _name(self, node: ast.Name) -> Value | None:
        return self.known.get(node.id)

    def _constant(self, node: ast.Constant) -> Value | None:
        return Value(TEXT, text=node.value) if isinstance(node.value, str) else None

    def _joinedstr(self, node: ast.JoinedStr) -> Value:
        parts = [str(part.value) if isinstance(part, ast.Constant) else UNREAD for part in node.values]
        return Value(TEXT, text="".join(parts))

    def _binop(self, node: ast.BinOp) -> Value | None:
        """Read texts that are put together, and query sets that are combined."""
        left, right = self.value(node.left), self.value(node.right)
        if left and right and left.kind == right.kind == TEXT and isinstance(node.op, ast.Add):
            return Value(TEXT, text=left.text + right.text)
        return left

    def _boolop(self, node: ast.BoolOp) -> Value | None:
        return next((value for each in node.values if (value := self.value(each))), None)

    def _ifexp(self, node: ast.IfExp) -> Value | None:
        return self.value(node.body) or self.value(node.orelse)

    def _attribute(self, node: ast.Attribute) -> Value | None:
        dotted = self.known.get(ast.unparse(node))
        owner = self.value(node.value)
        if dotted or owner is None:
            return dotted or (Value(QUERY, calls=(node.attr,)) if node.attr in MANAGERS else None)
        if owner.kind == MODEL and node.attr not in MANAGERS and (node.attr[0] == "_" or node.attr[0].isupper()):
            return None  # _meta, DoesNotExist
        if owner.kind in (MODEL, QUERY):
            return owner.then(QUERY, node.attr)
        if owner.kind in (INSTANCE, RELATED):
            return Value(RELATED)
        return Value(EDITOR) if owner.kind == EDITOR and node.attr == "connection" else None

    def _subscript(self, node: ast.Subscript) -> Value | None:
        owner = self.value(node.value)
        if owner is None or owner.kind != QUERY:
            return owner
        return owner.then(QUERY, "[]") if isinstance(node.slice, ast.Slice) else owner.then(INSTANCE)

    def _call(self, node: ast.Call) -> Value | None:
        function = node.func
        if isinstance(function, ast.Name):
            return self._called_name(node, function)
        if not isinstance(function, ast.Attribute):
            return None
        if function.attr == "get_model":
            asked = self.value(function.value)
            is_historical = asked is not None and asked.kind in (APPS, EDITOR)
            return Value(MODEL, model_asked_for(node), calls=("get_model",) if is_historical else ())
        if function.attr == "cursor":
            return Value(CURSOR)
        owner = self.value(function.value)
        if function.attr in ("format", "strip") and owner is not None and owner.kind == TEXT:
            return owner
        return self._called_method(function.attr, self.value(function), owner)

    def _called_name(self, node: ast.Call, function: ast.Name) -> Value | None:
        if function.id in KEEPING and node.args:
            return self.value(node.args[0])
        if function.id in TAKING_ONE and node.args:
            taken = self.value(node.args[0])
            return taken.then(INSTANCE) if taken and taken.kind == QUERY else taken
        if function.id == "get_user_model":
            return Value(MODEL)
        if returned := self.known.get(f"{function.id}()"):  # by a function of the file, when it was read
            return returned
        called = self.known.get(function.id)
        return called.then(INSTANCE) if called and called.kind == MODEL else None

    def _called_method(self, name: str, value: Value | None, owner: Value | None) -> Value | None:
        if value is None or value.kind == MODEL:  # models.Item(...)
            return value.then(INSTANCE) if value else None
        if value.kind == RELATED:
            return Value(QUERY) if owner is not None and owner.kind == RELATED else None
        if value.kind != QUERY or name in GIVING_NOTHING:
            return None
        if name in GIVING_FIGURES:
            return value.then(FIGURES)
        return value.then(INSTANCE) if name in GIVING_INSTANCES else value

    def give(self, target: ast.AST, value: Value | None) -> None:
        """Let a name stand for ``value`` from here on."""
        if isinstance(target, ast.Name):
            if value is None:
                self.known.pop(target.id, None)
            else:
                self.known[target.id] = value

    def give_each(self, target: ast.AST, iterated: ast.AST) -> None:
        """Let the target of a loop stand for one of what is looped over."""
        if isinstance(iterated, ast.Tuple | ast.List):
            models = [value for node in iterated.elts if (value := self.value(node)) and value.kind == MODEL]
            one_model = models[0].model if len(models) == 1 else None
            self.give(target, Value(MODEL, one_model, calls=models[0].calls) if models else None)
            return
        value = self.value(iterated)
        one = value.then(INSTANCE) if value and value.kind == QUERY else None
        one = value if value and value.kind == FIGURES else one
        is_numbered = isinstance(iterated, ast.Call) and ast.unparse(iterated.func) == "enumerate"
        if isinstance(target, ast.Tuple) and is_numbered and target.elts:
            self.give(target.elts[-1], one)
        else:
            self.give(target, one)

    def depends_on_rows(self, node: ast.AST) -> bool:
        """Return whether an expression has another value when rows have changed; results of steps are recorded."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = self.value(node.func.value)
            if owner is not None and owner.kind == PATCH:
                return False
        value = None if isinstance(node, ast.Attribute) else self.value(node)
        if value is not None and value.kind in OF_ROWS:
            return True
        return any(self.depends_on_rows(child) for child in ast.iter_child_nodes(node))


def given_to(
    parameters: ast.arguments, given: Sequence[Value | None], named: Mapping[str, Value | None]
) -> dict[str, Value | None]:
    """Return the values of a function's parameters in a call; None for those that are not known or not given."""
    names = [parameter.arg for parameter in parameters.args if parameter.arg not in ("self", "cls")]
    values = {**dict(zip(names, given, strict=False)), **named}
    return {name: values.get(name) for name in (*names, *(parameter.arg for parameter in parameters.kwonlyargs))}


def model_asked_for(node: ast.Call) -> str | None:
    """Return "shop.Item" for ``apps.get_model("shop", "Item")``, however it is written; None if it is computed."""
    given = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in ("app_label", "model_name"))]
    texts = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return ".".join(texts) if texts and len(texts) == len(given[:2]) else None
