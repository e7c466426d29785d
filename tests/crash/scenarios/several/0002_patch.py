from decimal import Decimal

from django.db.models import F

from reversible_migrations import ReversibleDataPatch


def shout(medicine):
    return {"name": medicine.name.upper()}


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Category, Medicine, Batch, Leaflet = (
            apps.get_model("crash", name) for name in ("Category", "Medicine", "Batch", "Leaflet")
        )
        patch.update(Medicine.objects.all(), price=F("price") * Decimal("1.000001"), sold=F("sold") + 1)
        patch.transform(Medicine.objects.filter(sold__gt=1), shout, fields=["name"])
        created = patch.create(Category, [{"id": 3_000 + i, "name": f"several {i}"} for i in range(9)])
        patch.update(Medicine.objects.filter(sold=2), category_id=created[-1])
        patch.delete(Category.objects.filter(medicine=None))
        with patch.record(Medicine, Leaflet):
            Leaflet.objects.using(patch.using).filter(medicine__sold=2).delete()
            Medicine.objects.using(patch.using).filter(sold=3).update(notes={"recorded": True})
        patch.delete(Medicine.objects.filter(sold=5))
        patch.update(Batch.objects.all(), number=F("number") * 3)
