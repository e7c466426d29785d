import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection

from tests.management.conftest import library, transactional_db
from tests.progress.watching import Server, session_of, user_with

__all__ = ["library", "transactional_db"]


@pytest.fixture
def operator(library):
    """A member of staff who may see runs."""
    yield user_with()
    connection.close()
    Session.objects.all().delete()
    get_user_model().objects.all().delete()


@pytest.fixture
def session(operator):
    return session_of(operator)


@pytest.fixture
def server(library):
    """A server without a channel layer, which asks often who may still watch."""
    with Server(REDIS_URL="", RECHECK_SECONDS="0.2") as found:
        yield found
