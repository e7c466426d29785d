"""Who looks at the page: ``watcher`` may see it; clients of others are made by ``signed_in``."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client


@pytest.fixture
def signed_in(django_user_model, db):
    """Return a function that signs somebody in, with permissions of this app, and returns the client."""

    def sign_in(*permissions, name="watcher", **facts):
        user = django_user_model.objects.create_user(name, **{"is_staff": True, **facts})
        user.user_permissions.set(
            Permission.objects.filter(content_type__app_label="reversible_migrations", codename__in=permissions)
        )
        client = Client()
        client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def watcher(signed_in):
    return signed_in("view_run")
