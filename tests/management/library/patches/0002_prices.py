"""Every kind of recorded step: update, transform with rows that fail and are skipped, create, delete."""

from django.db.models import F

from reversible_migrations import ReversibleDataPatch
from tests.management.library import moments


class Migration(ReversibleDataPatch):
    dependencies = [("library", "0001_initial")]
    batch_size = 2
    max_failed_share = 0.5

    def patch(self, apps, patch):
        Book = apps.get_model("library", "Book")
        Note = apps.get_model("library", "Note")

        def tidy(book):
            for moment in moments:
                moment(book)
            if book.title == "torn":
                raise ValueError("a torn title page")
            if book.title == "rare":
                raise patch.Skip
            book.title = book.title.strip()

        patch.update(Book.objects.filter(price__isnull=False), price=F("price") * 2)
        patch.transform(Book.objects.all(), tidy, fields=["title"])
        patch.create(Note, [{"text": "first"}, {"text": "second"}, {"text": "third"}])
        patch.delete(Book.objects.filter(title="lost"))
