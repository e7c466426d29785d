"""What ``patch(self, apps, patch)`` gets: each call is a durable, recorded step."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.db.models import Model, QuerySet

from ..exceptions import Skip
from ..operations.create_rows import create_rows
from ..operations.delete_rows import delete_rows
from ..operations.record_changes import Recording
from ..operations.transform_rows import transform_rows
from ..operations.update_rows import update_rows
from ..runs.run import ActiveRun


class Patch:
    """
    The steps of a data patch, numbered in call order.

    After a crash the same code is called again: finished steps are passed over and return their
    recorded result, the interrupted one goes on from its checkpoint. ``using`` is the alias of the
    database, for code inside ``record``; ``Skip`` is raised by a transform function to leave a row.
    """

    Skip = Skip

    def __init__(self, run: ActiveRun, apps: Any):
        self._run, self._apps = run, apps
        self.using = run.alias

    def update(self, queryset: QuerySet[Any], **values: Any) -> int:
        """
        Set ``values`` (literals or expressions) in the rows of ``queryset``; return how many rows.

        No row is loaded. Raise ``RefusedQuery``, before anything runs, for a query set that cannot be
        cut into key ranges.
        """
        return update_rows(self._run, queryset, values)

    def transform(
        self, queryset: QuerySet[Any], function: Callable[[Any], dict[str, Any] | None], fields: Sequence[str]
    ) -> int:
        """
        Call ``function`` with each row and write what it changed in ``fields``; return how many rows changed.

        The function changes the instance in place or returns a dict of new values.
        """
        return transform_rows(self._run, queryset, function, fields)

    def create(self, model: type[Model], rows: Iterable[Any]) -> list[Any]:
        """Create ``rows`` (dicts or unsaved instances) in one transaction; return their primary keys in order."""
        return create_rows(self._run, model, rows)

    def delete(self, queryset: QuerySet[Any]) -> int:
        """Delete the rows of ``queryset`` with what follows from the models' on_delete rules; return how many."""
        return delete_rows(self._run, queryset)

    def record(self, *models: type[Model]) -> Recording:
        """
        Record every change of these models' rows made inside ``with patch.record(...):``, in one transaction.

        Raise ``UnrecordedChange``, with everything rolled back, if the code writes to another model's table.
        """
        return Recording(self._run, models, self._apps)
