"""``DeleteModel`` becomes ``ops.RetireModel``, which keeps the rows: it takes the same arguments."""

from ..finding import Finding
from ..fix import Fix
from ..rewriting import OPERATIONS, CannotFix, Rewriting
from ..subject import OperationSubject


class RetireDeletedModel(Fix):
    code = "RM106"

    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        if subject.model is None:
            raise CannotFix("the model is not known")
        file.use_ledger(subject.migration)
        file.rename_call(subject, OPERATIONS, "RetireModel")
