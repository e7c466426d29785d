from decimal import Decimal

from django.db.models import F, Value
from django.db.models.functions import Concat

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Medicine = apps.get_model("crash", "Medicine")
        patch.update(
            Medicine.objects.exclude(sold=3), price=F("price") * Decimal("1.1"), name=Concat("name", Value("!"))
        )
