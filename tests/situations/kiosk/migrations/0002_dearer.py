"""A data patch."""

from django.db.models import F

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("kiosk", "0001_initial")]
    batch_size = 2

    def patch(self, apps, patch):
        Paper = apps.get_model("kiosk", "Paper")
        patch.update(Paper.objects.all(), price=F("price") * 2)
        patch.create(Paper, [{"title": "Specimen", "price": 1}])
