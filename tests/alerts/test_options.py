"""The setting ALERTS: what is refused when the project starts, with the nearest name, and what it means."""

import pytest
from django.test import override_settings

from reversible_migrations.alerts.options import options_of
from reversible_migrations.alerts.outlets import Outlet
from reversible_migrations.checks import check_settings
from reversible_migrations.states import AlertLevel
from tests.alerts.conftest import KEPT

SECRET = "a secret of sixteen bytes"
SLACK = {"outlet": "slack", "url": "https://hooks.example/hidden"}


@pytest.mark.parametrize(
    ("alerts", "words"),
    [
        ({"OUTLET": []}, "there is no key 'OUTLET'; did you mean 'OUTLETS'?"),
        ({"OUTLETS": "log"}, "OUTLETS must be a list"),
        ({"OUTLETS": ["emial"]}, "there is no outlet 'emial'; did you mean 'email'?"),
        ({"OUTLETS": [{}]}, "there is no outlet ''; known are log, channels, email, slack, webhook"),
        ({"OUTLETS": ["email"]}, "the outlet 'email' takes to, sender, not nothing"),
        ({"OUTLETS": [{"outlet": "email", "to": "a@example.com"}]}, "to must be a list of email addresses"),
        ({"OUTLETS": [{**SLACK, "channel": "x"}]}, "the outlet 'slack' takes url, not url, channel"),
        ({"OUTLETS": [{**SLACK, "level": "warn"}]}, "there is no level 'warn'; did you mean 'warning'?"),
        ({"OUTLETS": [SLACK, SLACK]}, "there are two outlets 'slack'; give one of them another"),
        ({"OUTLETS": [{**SLACK, "name": ""}]}, "the outlet 'slack' has no name"),
        ({"OUTLETS": ["no.such.Outlet"]}, "'no.such.Outlet' cannot be imported"),
        ({"OUTLETS": ["datetime.datetime"]}, "'datetime.datetime' is no Outlet"),
        ({"LEVELS": {"slwo": "info"}}, "there is no condition 'slwo'; did you mean 'slow'?"),
        ({"LEVELS": {"slow": "loud"}}, "there is no level 'loud'; known are info, warning, critical, off"),
        ({"LEVELS": []}, "LEVELS must be a dict"),
        ({"LIMITS": {"slow_percnt": 1}}, "there is no limit 'slow_percnt'; did you mean 'slow_percent'?"),
        ({"LIMITS": {"slow_percent": "half"}}, "slow_percent must be a number of 0 or more"),
        ({"LIMITS": {"slow_percent": None}}, "slow_percent must be a number of 0 or more"),
        ({"REMIND_SECONDS": -1}, "REMIND_SECONDS must be a number of 0 or more"),
    ],
)
def test_a_mistake_is_found_at_start_up(alerts, words):
    with override_settings(REVERSIBLE_MIGRATIONS={"ALERTS": alerts}):
        (error,) = check_settings()

    assert error.id == "reversible_migrations.E007"
    assert words in error.msg


@pytest.mark.parametrize(
    "arguments", [{"url": "hidden://x"}, {"url": "https://hooks.example/hidden", "secret": "hidden"}]
)
def test_no_address_and_no_secret_is_in_a_mistake(arguments):
    with override_settings(REVERSIBLE_MIGRATIONS={"ALERTS": {"OUTLETS": [{"outlet": "webhook", **arguments}]}}):
        (error,) = check_settings()

    assert "hidden" not in error.msg


def names(options, level):
    return [outlet.name for outlet in options.outlets_for(AlertLevel(level))]


@override_settings(CHANNEL_LAYERS={"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}})
def test_levels_choose_outlets():
    options = options_of({"OUTLETS": [SLACK, {"outlet": "email", "to": ["a@example.com"]}]})

    assert names(options, "info") == ["log", "channels"]
    assert names(options, "warning") == ["log", "channels", "email"]
    assert names(options, "critical") == ["log", "channels", "slack", "email"]


def test_without_the_setting_nothing_leaves_the_house():
    assert names(options_of({}), "critical") == ["log"]


def test_the_project_chooses_levels_and_names():
    options = options_of({"OUTLETS": [
        {**SLACK, "level": "info"},
        {**SLACK, "name": "slack of the team"},
        {"outlet": "log", "level": "off"},
        KEPT,
    ]})  # fmt: skip

    assert names(options, "info") == ["slack", "kept"]
    assert names(options, "critical") == ["slack", "slack of the team", "kept"]
    assert isinstance(options.outlets[-1], Outlet)


def test_a_good_setting_has_no_fault():
    alerts = {
        "OUTLETS": [{"outlet": "webhook", "url": "https://hooks.example/", "secret": SECRET}],
        "LEVELS": {"slow": "critical", "expiring": "off"},
        "LIMITS": {"waiting_seconds": 60},
        "REMIND_SECONDS": 3600,
    }

    with override_settings(
        REVERSIBLE_MIGRATIONS={"ALERTS": alerts, "ALERT_AFTER_SECONDS": 60, "PAGE_URL": "https://x/"}
    ):
        assert check_settings() == []
