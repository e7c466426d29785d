from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Medicine, Batch = (apps.get_model("crash", name) for name in ("Medicine", "Batch"))
        patch.delete(Medicine.objects.filter(sold=3))
        patch.delete(Batch.objects.exclude(seal=None))
