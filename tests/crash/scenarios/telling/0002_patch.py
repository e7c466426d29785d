from django.db.models import FloatField
from django.db.models.functions import Cast

from reversible_migrations import ReversibleDataPatch


def tell(medicine):
    raise ValueError(f"it is called {medicine.name}")


class Migration(ReversibleDataPatch):
    """Fails with values of rows in the words of its errors: PostgreSQL's at the first step, its own at the second."""

    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Medicine = apps.get_model("crash", "Medicine")
        patch.update(Medicine.objects.filter(id__lte=9), weight=Cast("name", FloatField()))
        patch.transform(Medicine.objects.filter(id__lte=20), tell, fields=["name"])
