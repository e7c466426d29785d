"""Flights that never left move to a table of their own."""

from typing import Any

from django.db.migrations.state import StateApps

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    """8,255 flights have no departure time: they were cancelled."""

    dependencies = [("flights", "0005_missing_planes")]

    def patch(self, apps: StateApps, patch: Any) -> None:
        """Copy and delete with ordinary ORM code; what it does to the two tables is recorded."""
        Flight = apps.get_model("flights", "Flight")
        CancelledFlight = apps.get_model("flights", "CancelledFlight")
        columns = [field.attname for field in CancelledFlight._meta.concrete_fields]
        with patch.record(Flight, CancelledFlight):
            cancelled = Flight.objects.using(patch.using).filter(dep_time__isnull=True)
            CancelledFlight.objects.using(patch.using).bulk_create(
                [CancelledFlight(**flight) for flight in cancelled.order_by("id").values(*columns)],
                batch_size=1_000,
            )
            cancelled.delete()
