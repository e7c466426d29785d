"""``RemoveIndex`` becomes ``RemoveIndexConcurrently``, where the migration has nothing that needs its transaction."""

from ..finding import Finding
from ..fix import Fix
from ..rewriting import Rewriting
from ..subject import OperationSubject
from .rm201 import make_concurrent


class RemoveIndexWithoutLock(Fix):
    code = "RM221"

    def plan(self, finding: Finding, subject: OperationSubject, file: Rewriting) -> None:
        make_concurrent(subject, file, "RemoveIndexConcurrently")
