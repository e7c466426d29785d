from django.db import migrations, models


class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel(
            "Person",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("first", models.CharField(max_length=100)),
                ("last", models.CharField(max_length=100)),
            ],
        ),
        migrations.AddIndex("Person", models.Index(fields=["last"], name="depot_person_last")),
    ]
