"""People who act on runs, which work in transactions of their own."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.test import Client

from tests.phases import starters
from tests.situations.fixtures import transactional_db

__all__ = ["operators", "queue", "transactional_db"]

EVERYTHING = ("view_run", "control_run", "undo_run")


@pytest.fixture
def operators(transactional_db):
    """Return a function that signs somebody in, with permissions of this app, and returns the client."""
    users = get_user_model().objects

    def sign_in(name="ada", *permissions, **facts):
        user = users.create_user(name, is_staff=True)
        user.user_permissions.set(
            Permission.objects.filter(
                content_type__app_label="reversible_migrations", codename__in=permissions or EVERYTHING
            )
        )
        client = Client(**facts)
        client.force_login(user)
        return client

    yield sign_in
    users.all().delete()
    Session.objects.all().delete()


@pytest.fixture
def queue(settings):
    """What was ordered waits here for a process."""
    settings.REVERSIBLE_MIGRATIONS = {"START_RUNS": "tests.phases.starters.note"}
    starters.noted.clear()
    return starters.noted


def act(client, run, action, json=False, **fields):
    """Send the form of an action; return the answer."""
    headers = {"accept": "application/json"} if json else {}
    return client.post(address(run, f"actions/{action}/"), {"reason": "month end", **fields}, headers=headers)


def address(run, rest=""):
    return f"/migrations/runs/default/{run.pk}/{rest}"


def notices(client, answer):
    """Return what the page says to which the answer leads."""
    assert answer.status_code == 302
    return [str(message) for message in client.get(answer.url).context["messages"]]
