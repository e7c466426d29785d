from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("library", "0004_ordinary")]
    operations = [migrations.RunSQL("SELECT 1")]
