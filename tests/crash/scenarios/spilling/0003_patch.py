import os

from django.db import connections
from django.db.models import F, FloatField, Value
from django.db.models.functions import Cast, Concat

from reversible_migrations import ReversibleDataPatch


def call_all_the_same(category):
    category.name = category.name.split()[0]


def sell_less_than_nothing(medicine):
    medicine.sold = -1


def tell(leaflet):
    raise ValueError(f"it says {leaflet.text}")


def look_up(recall):
    {}[recall.reason]


class Migration(ReversibleDataPatch):
    """
    Sets rows aside, at whose names a database and Python complain, and changes leaflets.

    SPILLED says how the recorded code ends: badly in "python" or "sql", or else well.
    """

    dependencies = [("crash", "0002_limits")]

    def patch(self, apps, patch):
        models = (apps.get_model("crash", name) for name in ("Category", "Medicine", "Leaflet", "Recall"))
        Category, Medicine, Leaflet, Recall = models
        patch.update(Medicine.objects.filter(id__lte=9), weight=Cast("name", FloatField()))
        patch.transform(Category.objects.filter(id__lte=5), call_all_the_same, fields=["name"])
        patch.transform(Medicine.objects.filter(id__lte=9), sell_less_than_nothing, fields=["sold"])
        patch.update(Medicine.objects.filter(id__range=(10, 12)), sold=F("sold") - 1_000)
        patch.transform(Leaflet.objects.filter(id__lte=3), tell, fields=["text"])
        patch.transform(Recall.objects.filter(id__lte=3), look_up, fields=["reason"])
        patch.update(Leaflet.objects.filter(id__gt=3), text=Concat("text", Value("!")))
        with patch.record(Category), connections[patch.using].cursor() as cursor:
            cursor.execute("SELECT name FROM crash_category WHERE id = 9")
            (name,) = cursor.fetchone()
            if os.environ["SPILLED"] == "python":
                raise RuntimeError(f"there is {name}")
            if os.environ["SPILLED"] == "sql":
                cursor.execute("UPDATE crash_category SET name = %s WHERE id > 5", [name])
