"""Distances and visibility from miles to kilometres."""

from decimal import Decimal
from typing import Any

from django.db.migrations.state import StateApps
from django.db.models import F
from django.db.models.functions import Round

from reversible_migrations import ReversibleDataPatch

KILOMETRES_IN_A_MILE = Decimal("1.609344")


class Migration(ReversibleDataPatch):
    """1,400 miles are 2,253.1 km. The miles stay."""

    dependencies = [("flights", "0003_clock_times")]

    def patch(self, apps: StateApps, patch: Any) -> None:
        """Let the database do the arithmetic; no row is loaded."""
        Flight = apps.get_model("flights", "Flight")
        Weather = apps.get_model("flights", "Weather")
        patch.update(Flight.objects.all(), distance_km=Round(F("distance") * KILOMETRES_IN_A_MILE, precision=1))
        patch.update(Weather.objects.all(), visibility_km=Round(F("visib") * KILOMETRES_IN_A_MILE, precision=2))
