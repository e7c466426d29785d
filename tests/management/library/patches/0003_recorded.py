from reversible_migrations import ReversibleDataPatch


class Migration(ReversibleDataPatch):
    dependencies = [("library", "0002_prices")]

    def patch(self, apps, patch):
        Note = apps.get_model("library", "Note")
        with patch.record(Note):
            Note.objects.using(patch.using).create(text="recorded")
