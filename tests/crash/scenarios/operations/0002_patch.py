from django.db import migrations, models
from django.db.models import F, Q

from reversible_migrations import ReversibleMigration
from reversible_migrations import operations as ops


def full_label(medicine):
    return {"label": f"{medicine.name} {medicine.price}"}


def mark_heavy(apps, schema_editor):
    apps.get_model("crash", "Medicine").objects.filter(weight__gt=50).update(label="heavy")


class Migration(ReversibleMigration):
    dependencies = [("crash", "0001_initial")]
    operations = [
        migrations.AddField("medicine", "label", models.CharField(max_length=300, null=True)),
        ops.TransformRows("Medicine", full_label, fields=["label"], where=~Q(sold=3)),
        migrations.AddIndex("medicine", models.Index(fields=["label"], name="crash_label")),
        ops.UpdateRows("Medicine", {"sold": F("sold") + 100}, where=Q(sold__lt=3)),
        migrations.AddField("leaflet", "category", models.ForeignKey("crash.Category", models.SET_NULL, null=True)),
        ops.RecordedPython(mark_heavy, models=["crash.Medicine"]),
        migrations.AlterField("medicine", "label", models.TextField(default="", null=True)),
        ops.DeleteRows("Recall", where=Q(id__lt=20)),
    ]
