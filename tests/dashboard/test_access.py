"""The page is for active staff with the permission, and its answers load this site's files only."""

import pytest
from django.conf import global_settings
from django.urls import reverse

PAGE = "/migrations/"
DATA = "/migrations/runs.json"


def test_staff_with_the_permission_see_the_page(watcher):
    answer = watcher.get(PAGE)

    assert answer.status_code == 200
    assert "<h1>Runs</h1>" in answer.text


def test_who_has_not_signed_in_is_sent_to_the_login_and_comes_back(client, db):
    answer = client.get(PAGE + "?status=failed")

    assert answer.status_code == 302
    assert answer.url == reverse("admin:login") + "?next=/migrations/%3Fstatus%3Dfailed"


@pytest.mark.parametrize(
    ("login", "address"),
    [("/enter/", "/enter/"), ("admin:login", "/admin/login/"), (global_settings.LOGIN_URL, "/admin/login/")],
)
def test_the_login_is_the_projects_else_the_admins(client, db, settings, login, address):
    settings.LOGIN_URL = login

    assert client.get(PAGE).url.startswith(f"{address}?next=")


@pytest.mark.parametrize(
    ("permissions", "facts"),
    [((), {}), (("control_run", "undo_run"), {}), (("view_run",), {"is_staff": False})],
    ids=["without-permission", "with-other-permissions", "no-staff"],
)
def test_others_are_told_which_permission_they_lack(signed_in, permissions, facts):
    client = signed_in(*permissions, **facts)

    page, data = client.get(PAGE), client.get(DATA)

    assert (page.status_code, data.status_code) == (403, 403)
    assert "reversible_migrations.view_run" in page.text
    assert data.json() == {"error": "You are not allowed to see this."}


def test_scripts_are_told_in_json_that_the_session_has_ended(client, db):
    answer = client.get(DATA)

    assert answer.status_code == 401
    assert answer.json() == {"error": "Sign in again."}


@pytest.mark.parametrize("url", [PAGE, DATA])
def test_every_answer_is_closed_to_foreign_hosts_frames_and_caches(watcher, client, url):
    for answer in (watcher.get(url), client.get(url)):
        assert "default-src 'self';" in answer["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "no-store" in answer["Cache-Control"]


def test_static_files_of_another_host_of_the_project_are_allowed(watcher, settings):
    settings.STATIC_URL = "https://files.example.com/static/"

    answer = watcher.get(PAGE)

    assert "default-src 'self' https://files.example.com;" in answer["Content-Security-Policy"]


def test_the_navigation_shows_the_pages_that_there_are(watcher):
    answer = watcher.get(PAGE)

    assert '<a href="/migrations/" aria-current="page">Runs</a>' in answer.text
