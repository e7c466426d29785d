"""Django's admin leads to the page, and edits nothing of the ledger."""

import pytest
from django.contrib import admin
from django.urls import path, reverse

urlpatterns = [path("admin/", admin.site.urls)]  # a site that has not mounted the page


def test_the_index_shows_a_link_that_leads_to_the_page(watcher):
    index = watcher.get("/admin/").text

    assert 'href="/admin/reversible_migrations/run/"' in index
    assert watcher.get("/admin/reversible_migrations/run/").url == reverse("reversible_migrations:runs")


def test_who_may_not_see_runs_sees_no_link(signed_in):
    assert "reversible_migrations" not in signed_in("control_run").get("/admin/").text


@pytest.mark.parametrize("place", ["add/", "1/change/", "1/history/", "1/delete/"])
def test_nothing_can_be_edited(signed_in, place):
    superuser = signed_in(name="superuser", is_superuser=True)

    answer = superuser.get(f"/admin/reversible_migrations/run/{place}")

    assert answer.status_code in (302, 403)


@pytest.mark.urls(__name__)
def test_without_the_page_there_is_no_link(watcher):
    assert "/admin/reversible_migrations/" not in watcher.get("/admin/").text
    assert watcher.get("/admin/reversible_migrations/run/").url == "/admin/"
