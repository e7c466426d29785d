import time

from reversible_migrations import ReversibleDataPatch


def slowly(medicine):
    time.sleep(0.02)
    return {"name": f"{medicine.name} slow"}


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        patch.transform(apps.get_model("crash", "Medicine").objects.filter(id__lte=150), slowly, fields=["name"])
