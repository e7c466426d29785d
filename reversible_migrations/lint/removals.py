"""The columns and tables that the migrations, as far as they were followed, have removed."""

from dataclasses import dataclass, field

from django.db.migrations.operations import (
    AddField,
    CreateModel,
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
)  # fmt: skip

from .subject import DATABASE, OperationSubject

Key = tuple[str, str, str]  # app, model and field in small letters; the field "" for the model itself


@dataclass(frozen=True)
class Removal:
    """A field, or with ``field`` "" a model ("shop.Item"), that the operation of ``subject`` removed."""

    model: str
    field: str
    subject: OperationSubject


@dataclass
class Removals:
    """Follows operations in their order; what is added again is removed no more."""

    known: dict[Key, Removal] = field(default_factory=dict)

    def of(self, model: str, name: str) -> Removal | None:
        """Return the removal of a field, or of a model with the name ""; None where it is there, or never was."""
        app_label, _, model_name = model.rpartition(".")
        return self.known.get((app_label, model_name.lower(), name))

    def note(self, subject: OperationSubject) -> None:
        operation, app = subject.operation, subject.app_label
        if subject.side == DATABASE:  # the state is what code sees
            return
        if isinstance(operation, RemoveField):
            model = subject.model.name if subject.model else operation.model_name
            removal = Removal(f"{app}.{model}", operation.name, subject)
            self.known[app, operation.model_name_lower, operation.name] = removal
        elif isinstance(operation, AddField):
            self.known.pop((app, operation.model_name_lower, operation.name), None)
        elif isinstance(operation, RenameField):
            self.known.pop((app, operation.model_name_lower, operation.new_name), None)
        elif isinstance(operation, DeleteModel):
            self._forget(app, operation.name_lower)
            self.known[app, operation.name_lower, ""] = Removal(f"{app}.{operation.name}", "", subject)
        elif isinstance(operation, CreateModel):
            self._forget(app, operation.name_lower)
        elif isinstance(operation, RenameModel):
            self._rename(app, operation.old_name_lower, operation.new_name_lower)

    def _forget(self, app: str, model: str) -> None:
        for key in [key for key in self.known if key[:2] == (app, model)]:
            del self.known[key]

    def _rename(self, app: str, old: str, new: str) -> None:
        self._forget(app, new)
        for key in [key for key in self.known if key[:2] == (app, old)]:
            self.known[app, new, key[2]] = self.known.pop(key)
