from django.db import models
from django.db.migrations import AddConstraint, AddField, AddIndex, AlterField, RemoveField
from django.db.models.functions import Upper

from reversible_migrations import ZeroDowntimeMigration


class Migration(ZeroDowntimeMigration):
    dependencies = [("crash", "0001_initial")]

    prepare = [
        AddField("medicine", "label", models.CharField(max_length=200, null=True, db_index=True)),
        AddField("batch", "twin", models.ForeignKey("crash.Batch", models.SET_NULL, null=True)),
        AddIndex("batch", models.Index(fields=["number"], name="crash_batch_number")),
    ]

    def migrate_data(self, apps, patch):
        Medicine = apps.get_model("crash", "Medicine")
        patch.update(Medicine.objects.filter(label=None), label=Upper("name"))
        patch.delete(apps.get_model("crash", "Recall").objects.filter(id__lt=9))

    switch = [
        AlterField("medicine", "label", models.CharField(max_length=200, db_index=True)),
        AddConstraint("batch", models.CheckConstraint(condition=models.Q(number__gt=-1), name="crash_counted")),
    ]
    cleanup = [
        RemoveField("medicine", "sold"),
        RemoveField("leaflet", "medicine"),
        RemoveField("batch", "seal"),
    ]
