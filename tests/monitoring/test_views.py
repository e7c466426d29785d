"""Who may read the metrics, and who may not."""

import pytest
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.test import Client, RequestFactory
from django.urls import reverse

from reversible_migrations.monitoring import views
from tests.management.test_safe_rollback import migrate

pytestmark = [pytest.mark.usefixtures("library"), pytest.mark.urls("tests.monitoring.urls")]

TOKEN = "a-long-token"


def get(path="metrics", user=None, **headers):
    request = RequestFactory().get(f"/monitoring/{path}", headers=headers)
    if user is not None:
        request.user = user
    return getattr(views, path.strip("/"))(request)


@pytest.fixture
def person():
    made = User.objects.create(username="watcher", is_staff=True)
    yield made
    made.delete()


def permitted(person):
    person.user_permissions.add(Permission.objects.get(codename="view_run"))
    return User.objects.get(pk=person.pk)


class TestMetrics:
    def test_it_is_found_by_its_name(self):
        assert reverse("reversible_migrations_monitoring:metrics") == "/monitoring/metrics"

    def test_nobody_may_read_it_by_default(self):
        answer = Client().get("/monitoring/metrics")

        assert answer.status_code == 401
        assert b"reversible_migrations_" not in answer.content

    def test_the_token_may(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"METRICS_TOKEN": TOKEN}
        migrate("0002")

        answer = get(authorization=f"Bearer {TOKEN}")

        assert answer.status_code == 200
        assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
        assert b'reversible_migrations_runs{database="default",status="done"} 1.0' in answer.content

    @pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", "Bearer \u00e9"])
    def test_no_other_token_may(self, settings, given):
        settings.REVERSIBLE_MIGRATIONS = {"METRICS_TOKEN": TOKEN}

        assert get(authorization=given).status_code == 401

    @pytest.mark.parametrize("token", [None, ""])
    def test_without_a_token_in_the_settings_none_fits(self, settings, token):
        settings.REVERSIBLE_MIGRATIONS = {"METRICS_TOKEN": token}

        assert [get(authorization=f"Bearer {given}").status_code for given in ("", "None")] == [401, 401]

    def test_staff_needs_the_permission(self, person):
        assert get(user=person).status_code == 401
        assert get(user=permitted(person)).status_code == 200

    def test_who_is_no_staff_or_not_active_may_not(self, person):
        for name in ("is_staff", "is_active"):
            setattr(person, name, False)
            person.save()
            assert get(user=permitted(person)).status_code == 401
            setattr(person, name, True)
        assert get(user=AnonymousUser()).status_code == 401

    def test_it_is_read_only(self, settings):
        settings.REVERSIBLE_MIGRATIONS = {"METRICS_TOKEN": TOKEN}

        assert Client().post("/monitoring/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 405
