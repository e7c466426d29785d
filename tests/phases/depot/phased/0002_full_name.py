from django.db import models
from django.db.migrations import AddField, AlterField, RemoveIndex
from django.db.models import Value
from django.db.models.functions import Concat

from reversible_migrations import ZeroDowntimeMigration


class Migration(ZeroDowntimeMigration):
    dependencies = [("depot", "0001_initial")]
    batch_size = 2

    prepare = [AddField("person", "full", models.CharField(max_length=201, null=True))]

    def migrate_data(self, apps, patch):
        Person = apps.get_model("depot", "Person")
        patch.update(Person.objects.filter(full=None), full=Concat("first", Value(" "), "last"))

    switch = [AlterField("person", "full", models.CharField(max_length=201))]
    cleanup = [RemoveIndex("Person", "depot_person_last")]
