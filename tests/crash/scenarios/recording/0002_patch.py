import time

from django.db import connections
from django.db.models import F

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Category, Medicine, Batch = (apps.get_model("crash", name) for name in ("Category", "Medicine", "Batch"))
        medicines = Medicine.objects.using(patch.using)
        patch.update(Medicine.objects.filter(sold=1), sold=F("sold") + 10)
        with patch.record(Medicine, Category):
            fresh = Category.objects.using(patch.using).create(id=2_000, name="recorded")
            for medicine in medicines.filter(sold=11).order_by("id")[:15]:
                medicine.name += "?"
                medicine.save()
            medicines.filter(sold=11).update(category=fresh)
            time.sleep(0.05)
            Category.objects.using(patch.using).create(name="short-lived").delete()
        patch.update(Medicine.objects.filter(category_id=2_000), sold=F("sold") + 10)
        with patch.record(Batch), connections[patch.using].cursor() as cursor:
            cursor.execute("UPDATE crash_batch SET number = number + 1")
            unused = "id NOT IN (SELECT batch_id FROM crash_recall)"
            cursor.execute(f"DELETE FROM crash_batch WHERE number < 100 AND {unused}")
            cursor.execute(f"UPDATE crash_batch SET id = id + 10000 WHERE {unused}")
            time.sleep(0.05)
        patch.update(Medicine.objects.exclude(sold=0), sold=F("sold") * 2)
