from reversible_migrations import ReversibleDataPatch


def tidy(medicine):
    medicine.name = " ".join(medicine.name.split()).title()
    medicine.notes = {**(medicine.notes or {}), "tidied": [medicine.sold, None, "ß"]}
    if medicine.weight is not None:
        medicine.weight *= 1.1


class Migration(ReversibleDataPatch):
    dependencies = [("crash", "0001_initial")]

    def patch(self, apps, patch):
        Medicine = apps.get_model("crash", "Medicine")
        patch.transform(Medicine.objects.exclude(sold=3), tidy, fields=["name", "notes", "weight"])
