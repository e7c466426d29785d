from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("depot", "0002_full_name")]
    operations = [migrations.AddField("person", "age", models.IntegerField(null=True))]
