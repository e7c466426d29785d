"""Where an app's own code still names a field: Python by its syntax tree, templates by their tags."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .field_uses import FieldUse
from .python_reader import Function, Reader
from .python_values import INSTANCE, MODEL, Value
from .source import Source, members, source_of_file

TAG = re.compile(r"\{[{%].*?[%}]\}", re.DOTALL)
WORD = re.compile(r"\w+")
TEMPLATES = {".html", ".txt", ".xml", ".jinja", ".jinja2", ".j2"}
# Lists of field names in the admin, forms, serializers and filters of a model.
LISTS = {
    "autocomplete_fields", "exclude", "fields", "filter_horizontal", "filter_vertical", "filterset_fields",
    "list_display", "list_editable", "list_filter", "ordering", "raw_id_fields", "readonly_fields", "search_fields",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """A field of a model, as code names them: "shop", "Product", "sku"."""

    app_label: str
    model: str
    name: str


@dataclass(frozen=True)
class Place:
    path: Path
    line: int


def places_of(field: Field, code: "Code") -> list[Place]:
    """Return where ``code`` names ``field``, as far as it is certain that it means this one."""
    found = [place for app_label, path in code.files for place in _in_file(field, app_label, path, code)]
    return sorted(set(found), key=lambda place: (str(place.path), place.line))


class Code:
    """The files of apps, each read once. ``files`` are their paths, with the label of the app."""

    def __init__(self, folders: dict[str, Path]):
        self.files = [(label, path) for label, folder in folders.items() for path in _code_in(folder)]
        self._texts: dict[Path, str] = {}
        self._words: dict[Path, set[str]] = {}
        self._uses: dict[Path, list[FieldUse]] = {}

    def has_words(self, path: Path, *words: str) -> bool:
        if path not in self._words:
            source = source_of_file(path)
            self._texts[path] = source.text if source else ""
            found = WORD.findall(self._texts[path])
            self._words[path] = {part for word in found for part in (word, *word.split("__"))}
        return self._words[path].issuperset(words)

    def text(self, path: Path) -> str:
        return self._texts[path]

    def uses(self, path: Path) -> list[FieldUse]:
        if path not in self._uses:
            self._uses[path] = list(uses_in(Source(str(path), self._texts[path])))
        return self._uses[path]

    def class_of(self, field: Field) -> ast.ClassDef | None:
        """Return the class of the field's model, where a file of its app has it."""
        for label, path in self.files:
            if label == field.app_label and path.suffix == ".py" and self.has_words(path, "class", field.model):
                node = members(Source(str(path), self._texts[path]).tree).get(field.model)
                if isinstance(node, ast.ClassDef):
                    return node
        return None


def _code_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts[:-1]
        if "migrations" in inside or not path.is_file():
            continue
        if path.suffix == ".py" or (path.suffix in TEMPLATES and "templates" in inside):
            yield path


def _in_file(field: Field, app_label: str, path: Path, code: Code) -> Iterator[Place]:
    if path.suffix != ".py":
        variable = re.sub(r"(?<!^)(?=[A-Z])", "_", field.model).lower()
        if code.has_words(path, field.name) and code.has_words(path, variable):
            yield from _in_template(f"{variable}.{field.name}", path, code.text(path))
    elif code.has_words(path, field.name, field.model):
        for use in code.uses(path):
            label, _, model = use.model.rpartition(".")
            if (label or app_label, model, use.field) == (field.app_label, field.model, field.name):
                yield Place(path, use.line)


def _in_template(dotted: str, path: Path, text: str) -> Iterator[Place]:
    named = re.compile(rf"(?<![\w.]){re.escape(dotted)}(?![\w(])")
    for tag in TAG.finditer(text):
        for match in named.finditer(tag[0]):
            yield Place(path, text.count("\n", 0, tag.start() + match.start()) + 1)


def uses_in(source: Source) -> Iterator[FieldUse]:
    """Yield the fields that the functions of a file, and its lists of fields, name of models."""
    reader = Reader(source)
    classes = [node for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)] if source.tree else []
    reader.constants.known.update({node.name: Value(MODEL, node.name) for node in classes})
    _read_body(source.tree, reader)
    for node in classes:
        reader.constants.known["self"] = Value(INSTANCE, node.name)
        _read_body(node, reader)
        if node.name != "Meta":
            yield from _listed(node, reader)
    yield from reader.field_uses


def _read_body(node: ast.Module | ast.ClassDef | None, reader: Reader) -> None:
    for statement in node.body if node else ():
        if isinstance(statement, Function):
            reader.read(statement, [])
        elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
            reader.visit(statement)


def _listed(node: ast.ClassDef, reader: Reader) -> Iterator[FieldUse]:
    """Yield the fields in lists such as ``list_display``, but not those that the class itself gives a meaning."""
    own = members(node)
    meta = own.get("Meta")
    inner = members(meta) if isinstance(meta, ast.ClassDef) else {}
    for body, model in ((own, _registered(node) or own.get("model")), (inner, inner.get("model"))):
        label = _label_of(model, reader)
        for name in LISTS & set(body) if label else ():
            for each in ast.walk(body[name]):
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    field = each.value.lstrip("-=^@").partition("__")[0]
                    if field not in own:
                        yield FieldUse(label, field, each.lineno)


def _registered(node: ast.ClassDef) -> ast.AST | None:
    """Return the model in ``@admin.register(Product)``."""
    calls = [each for each in node.decorator_list if isinstance(each, ast.Call) and len(each.args) == 1]
    return next((each.args[0] for each in calls if ast.unparse(each.func).rpartition(".")[2] == "register"), None)


def _label_of(model: ast.AST | None, reader: Reader) -> str:
    if not isinstance(model, ast.Name):
        return ""
    imported = reader.imported.get(model.id)
    return imported.label if imported and imported.name else model.id
