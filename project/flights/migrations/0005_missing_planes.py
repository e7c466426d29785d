"""A plane for every tail number that flew and has none."""

from typing import Any

from django.db.migrations.state import StateApps
from django.db.models import Exists, OuterRef

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    """721 tail numbers on 50,094 flights. With them, the column can become a foreign key."""

    dependencies = [("flights", "0004_kilometres")]

    def patch(self, apps: StateApps, patch: Any) -> None:
        """Create the planes with nothing but their tail numbers, which is all that is known."""
        Flight = apps.get_model("flights", "Flight")
        Plane = apps.get_model("flights", "Plane")
        missing = (
            Flight.objects.using(patch.using)
            .filter(~Exists(Plane.objects.filter(tailnum=OuterRef("tailnum"))), tailnum__isnull=False)
            .order_by("tailnum")
            .values_list("tailnum", flat=True)
            .distinct()
        )
        patch.create(Plane, [{"tailnum": tailnum} for tailnum in missing])
