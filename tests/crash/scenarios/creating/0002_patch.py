from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Category, Medicine, Leaflet = (apps.get_model("crash", name) for name in ("Category", "Medicine", "Leaflet"))
        keys = patch.create(Category, [{"id": 1_000 + i, "name": f"new {i}"} for i in range(60)])
        bare = Medicine.objects.filter(leaflet=None)
        made = patch.create(Leaflet, [Leaflet(medicine=medicine, text="to be written") for medicine in bare])
        patch.update(Medicine.objects.filter(leaflet__in=made), category_id=keys[7])
