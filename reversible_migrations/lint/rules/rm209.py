"""
Another type of a column, for which PostgreSQL writes the whole table anew, or checks every row.

Longer and unlimited texts and numbers are only noted. Primary keys are RM218's and RM223's.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
"""

from collections.abc import Iterator

from django.db.migrations.operations import AlterField

from ...phases.classify import column_of
from ...states import Level
from ..columns import column_type, has_check, is_rewritten
from ..finding import Finding
from ..subject import OperationSubject
from ..tables_in_use import OR_ON_BASE, TableInUseRule


class RewritingType(TableInUseRule):
    code = "RM209"
    name = "rewriting-type"
    level = Level.WARNING
    link = "https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES"
    operations = (AlterField,)

    def check(self, subject: OperationSubject) -> Iterator[Finding]:
        operation, fields = subject.operation, subject.altered
        if not isinstance(operation, AlterField) or fields is None or fields[1].primary_key:
            return
        model = operation.model_name_lower
        types = [column_type(field, subject.app_label, model, subject.before) for field in fields]
        column = column_of(operation.name, fields[1])
        old, new = types
        if old is not None and new is not None and is_rewritten(old, new):
            yield self.finding(
                subject,
                f"Changing {subject.table}.{column} from {old} to {new} writes the table and its indexes anew: nobody "
                "can read or write it until then.",
                f'AddField("{model}", "{operation.name}_new", ...(null=True)), fill it with ops.UpdateRows, let the '
                "code "
                f'use it, and take away "{operation.name}" once no code uses it: the phases of a '
                "ZeroDowntimeMigration.",
            )
        elif has_check(fields[1]) and not has_check(fields[0]):
            yield self.finding(
                subject,
                f"Every row of {subject.table} is checked for {column} >= 0, and nobody can read or write it until "
                "then.",
                f"Add a CheckConstraint by AddConstraintNotValid, and ValidateConstraint in a later migration"
                f"{OR_ON_BASE}",
            )
