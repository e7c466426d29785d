"""What was ordered from the page: what waits for a process, what is at work, what failed before a run was opened."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q
from django.db.models.functions import Now

from ..models import Order
from ..runs import lease

SHOWN_DAYS = 1  # how long one that failed is shown, unless a later one of its subject went well
MOST = 20


@dataclass(frozen=True)
class OrderOverview:
    """
    An order. ``state`` is "waiting" (for a process), "at work", "done", "failed", or "lost": its process is gone.

    ``run`` is the run that it opened, ``error`` why there is none, in words.
    """

    number: int
    kind: str
    subject: str
    by: str
    reason: str
    at: datetime
    state: str
    exit_status: int | None
    error: str
    run: int | None


def read_orders(alias: str, subject: str | None = None) -> list[OrderOverview]:
    """Return the open orders, and those that failed of late, newest first; of one migration or "phases" only."""
    orders = Order.objects.using(alias).order_by("-pk")
    if subject is not None:
        orders = orders.filter(subject=subject)
    of_late = Q(ended_at__gte=Now() - timedelta(days=SHOWN_DAYS)) & ~Q(exit_status=0)
    return [_read(order) for order in _not_mended(orders.filter(Q(ended_at=None) | of_late)[:MOST], alias)]


def read_order(alias: str, number: int) -> OrderOverview | None:
    order = Order.objects.using(alias).filter(pk=number).first()
    return None if order is None else _read(order)


def _not_mended(orders: Iterable[Order], alias: str) -> Iterator[Order]:
    """Return the newest order of each subject, unless a later one went well."""
    newest: dict[str, Order] = {}
    for order in orders:
        newest.setdefault(order.subject, order)
    went_well = Order.objects.using(alias).filter(subject__in=newest, exit_status=0).values("subject")
    last = dict(went_well.annotate(last=Max("pk")).order_by().values_list("subject", "last"))
    return (order for subject, order in newest.items() if order.pk > last.get(subject, 0))


def _read(order: Order) -> OrderOverview:
    return OrderOverview(
        number=order.pk, kind=order.kind, subject=order.subject, by=order.by, reason=order.reason, at=order.at,
        state=_state(order), exit_status=order.exit_status, error=order.error, run=order.run_id,
    )  # fmt: skip


def _state(order: Order) -> str:
    if order.ended_at is not None:
        return "done" if order.exit_status == 0 else "failed"
    if order.begun_at is None:
        return "waiting"
    return "lost" if lease.process_is_gone(order.owner) else "at work"
