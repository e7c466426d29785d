from django.db.models import F

from reversible_migrations import ReversibleDataPatch


def count_on(medicine):
    medicine.sold += 1_000_000


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Medicine = apps.get_model("crash", "Medicine")
        patch.update(Medicine.objects.filter(id__lte=100), sold=F("sold") + 1_000_000)
        patch.transform(Medicine.objects.filter(id__gt=100), count_on, fields=["sold"])
        patch.delete(apps.get_model("crash", "Leaflet").objects.filter(id__lte=50))
