from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Category, Medicine, Recall = (apps.get_model("crash", name) for name in ("Category", "Medicine", "Recall"))
        patch.delete(Category.objects.filter(name__endswith="3"))
        patch.delete(Medicine.objects.exclude(sold=3))
        patch.delete(Recall.objects.all())
