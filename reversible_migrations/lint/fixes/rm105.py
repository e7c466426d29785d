"""``RemoveField`` becomes ``ops.RetireField``, which keeps the values: it takes the same arguments."""

from ..finding import Finding
from ..fix import Fix
from ..rewriting import OPERATIONS, CannotFix, Rewriting
from ..subject import OperationSubject


class RetireRemovedField(Fix):
    code = "RM105"

    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        if subject.old_field is None:
            raise CannotFix("the field is not known")
        if subject.old_field.primary_key:
            raise CannotFix("a part of the primary key cannot be retired")
        file.use_ledger(subject.migration)
        file.rename_call(subject, OPERATIONS, "RetireField")
