import time

from django.db import connections
from django.db.models import F

from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Category, Medicine = (apps.get_model("crash", name) for name in ("Category", "Medicine"))
        with patch.record(Category):
            Category.objects.using(patch.using).create(id=4_000, name="recorded")
            connection = connections[patch.using]
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_sleep(1.5)")
            else:
                time.sleep(1.5)
        patch.update(Medicine.objects.all(), sold=F("sold") + 1)
