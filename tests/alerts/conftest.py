"""Runs to be told of: of the library's patches, as ``migrate`` leaves them."""

import pytest

from reversible_migrations.alerts.outlets import NotSent, Outlet
from reversible_migrations.states import AlertLevel
from tests.management.conftest import library, transactional_db

__all__ = ["library", "transactional_db"]


class Kept(Outlet):
    """Keeps what it is sent; fails while ``failing`` is set."""

    name, level = "kept", AlertLevel.INFO
    messages = []
    failing = False

    def send(self, message):
        if Kept.failing:
            raise NotSent("out of order")
        Kept.messages.append(message)


KEPT = "tests.alerts.conftest.Kept"


@pytest.fixture
def kept(settings):
    """The messages that were sent by an outlet of the tests' own."""
    settings.REVERSIBLE_MIGRATIONS = {"ALERTS": {"OUTLETS": [KEPT]}}
    Kept.messages, Kept.failing = [], False
    return Kept.messages
