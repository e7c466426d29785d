"""Names of airlines, airports and makers of planes as people write them."""

import re
from typing import Any

from django.db.migrations.state import StateApps

from reversible_migrations import ReversibleDataPatch

LEGAL_FORM = re.compile(r" (Inc\.|Co\.|Corporation)$")

WORDS = {
    "Aaf": "AAF",
    "Afb": "AFB",
    "Arpt": "Airport",
    "CO": "County",
    "Co": "County",
    "Fld": "Field",
    "Intl": "International",
    "Lrrs": "LRRS",
    "Mem": "Memorial",
    "Muni": "Municipal",
    "Nas": "NAS",
    "Natl": "National",
    "Reg'l": "Regional",
    "Rgnl": "Regional",
    "Usaf": "USAF",
    "harbor": "Harbor",
    "municipal": "Municipal",
}

MAKERS = {
    "AGUSTA SPA": "Agusta",
    "AIRBUS": "Airbus",
    "AIRBUS INDUSTRIE": "Airbus",
    "AMERICAN AIRCRAFT INC": "American Aircraft",
    "AVIAT AIRCRAFT INC": "Aviat Aircraft",
    "AVIONS MARCEL DASSAULT": "Dassault",
    "BEECH": "Beechcraft",
    "BELL": "Bell",
    "BOEING": "Boeing",
    "BOMBARDIER INC": "Bombardier",
    "CANADAIR": "Canadair",
    "CANADAIR LTD": "Canadair",
    "CESSNA": "Cessna",
    "CIRRUS DESIGN CORP": "Cirrus",
    "DEHAVILLAND": "De Havilland",
    "DOUGLAS": "Douglas",
    "EMBRAER": "Embraer",
    "GULFSTREAM AEROSPACE": "Gulfstream",
    "LEARJET INC": "Learjet",
    "MCDONNELL DOUGLAS": "McDonnell Douglas",
    "MCDONNELL DOUGLAS AIRCRAFT CO": "McDonnell Douglas",
    "MCDONNELL DOUGLAS CORPORATION": "McDonnell Douglas",
    "PIPER": "Piper",
    "ROBINSON HELICOPTER CO": "Robinson",
    "SIKORSKY": "Sikorsky",
    "STEWART MACO": "Stewart",
}


def tidy_airline(airline: Any) -> None:
    """Delta Air Lines Inc. becomes Delta Air Lines."""
    airline.name = LEGAL_FORM.sub("", airline.name)


def tidy_airport(airport: Any) -> None:
    r"""Abilene Rgnl becomes Abilene Regional, and Martha\\'s Vineyard loses its backslashes."""
    words = airport.name.replace("\\", "").split()
    airport.name = " ".join(WORDS.get(word, word) for word in words)


class Migration(ReversibleDataPatch):
    """Three small tables of names; only rows whose name changes are written."""

    dependencies = [("flights", "0006_cancelled_flights")]

    def patch(self, apps: StateApps, patch: Any) -> None:
        """Tidy with plain functions."""

        def tidy_maker(plane: Any) -> None:
            """AIRBUS INDUSTRIE becomes Airbus. A maker that is not in the list stays as registered."""
            if plane.manufacturer not in MAKERS:
                raise patch.Skip
            plane.manufacturer = MAKERS[plane.manufacturer]

        Airline = apps.get_model("flights", "Airline")
        Airport = apps.get_model("flights", "Airport")
        Plane = apps.get_model("flights", "Plane")
        patch.transform(Airline.objects.all(), tidy_airline, fields=["name"])
        patch.transform(Airport.objects.all(), tidy_airport, fields=["name"])
        patch.transform(Plane.objects.filter(manufacturer__isnull=False), tidy_maker, fields=["manufacturer"])
