"""What the names that a file imports stand for."""

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Imported(NamedTuple):
    """A model class that was imported, or with the name "" a module of models."""

    module: str
    name: str

    @property
    def label(self) -> str:
        """Return "shop.Item" for Item of ``shop.models``; "Item" for one of ``..models``."""
        before = self.module.lstrip(".").split(".models")[0].split(".")[-1]
        return self.name if self.module.startswith(".") or before == "models" else f"{before}.{self.name}"


def imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, Imported | None]]:
    """Yield the names that imports give, with the model or module of models behind each; None for another thing."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield alias.asname or alias.name, imported_from(module, alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name, Imported(alias.name, "") if is_of_models(alias.name) else None


def origins(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield the names that imports give, with the full name of what is behind each."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            yield from ((alias.asname or alias.name, f"{node.module or ''}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                first = alias.name.partition(".")[0]
                yield alias.asname or first, alias.name if alias.asname else first


def imported_from(module: str, name: str) -> Imported | None:
    inside = f"{module}.models" if name == "models" else module
    if not is_of_models(inside) or not (name == "models" or is_name_of_class(name)):
        return None
    return Imported(inside, "" if name == "models" else name)


def is_name_of_class(name: str) -> bool:
    return name[:1].isupper() and not name.isupper()


def is_of_models(module: str) -> bool:
    """Return whether a module holds an app's models: ``shop.models``, ``..models.orders``; not ``django.db.models``."""
    parts = module.lstrip(".").split(".")
    return "models" in parts and "db" not in parts[: parts.index("models")]
