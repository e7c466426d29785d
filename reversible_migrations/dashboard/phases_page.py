"""The phases page: which migration is how far on which database, what waits, and whether code may be deployed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_protect

from ..overview.orders import OrderOverview, read_orders
from ..phases.overview import Cell, Matrix, Row, read_matrix
from ..progress.messages import has_runs
from . import wording
from .access import may, page
from .notices import notices_in
from .pages import render_page


@dataclass(frozen=True)
class ShownCell:
    """``said`` is the state in words; ``url`` leads to the run that is open for it."""

    state: str
    said: str
    url: str


@dataclass(frozen=True)
class ShownRow:
    """One migration on one database; ``waits`` says for what."""

    name: str
    app: str
    migration: str
    alias: str
    cells: list[ShownCell]
    waits: str
    can_start: bool


@csrf_protect
@page("view_run")
def phases(request: HttpRequest) -> HttpResponseBase:
    """Show how far every migration is that is not applied on every database."""
    matrix = read_matrix()
    aliases = [state.alias for state in matrix.databases if not state.fault]
    context: dict[str, Any] = {
        "matrix": matrix,
        "aliases": aliases,
        "rows": [shown for row in matrix.rows for shown in _shown(row, matrix)],
        "phases": wording.phase_words(),
        "applied": sum(matrix.applied.values()),
        "orders": [(alias, order) for alias in aliases for order in _orders(alias)],
        "notices": notices_in(request),
        "may_control": may(request.user, "control_run"),
        "start": reverse("reversible_migrations:start"),
    }
    return render_page(request, "reversible_migrations/phases.html", context)


def _orders(alias: str) -> list[OrderOverview]:
    return read_orders(alias) if has_runs(alias) else []


def _shown(row: Row, matrix: Matrix) -> Iterator[ShownRow]:
    app, migration = row.key
    for state in matrix.databases:
        cells = row.cells[state.alias]
        if state.fault or all(cell.state in ("none", "done") for cell in cells):
            continue
        wait = row.waits.get(state.alias)
        waits = ""
        if wait is not None and wait.behind is not None:
            at = wait.behind_phase.label if wait.behind_phase else ""
            waits = _("for {name}, which is at {phase}").format(name=".".join(wait.behind), phase=at)
        can_start = not waits and any(cell.state == "to do" for cell in cells)
        yield ShownRow(row.name, app, migration, state.alias, [_cell(cell) for cell in cells], waits, can_start)


def _cell(cell: Cell) -> ShownCell:
    words = {"none": "–", "to do": _("to do"), **wording.status_words()}
    url = "" if cell.run is None else reverse("reversible_migrations:run", args=[cell.alias, cell.run])
    return ShownCell(cell.state.replace(" ", "-"), words[cell.state], url)
