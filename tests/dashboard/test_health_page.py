"""The health page shows what ``migration_health`` says, to those who may see the page."""

from reversible_migrations.monitoring.health import check_health

PAGE = "/migrations/health/"


def test_every_check_is_shown_with_its_outcome(watcher):
    answer = watcher.get(PAGE)

    shown = [(check.name, check.subject) for check, _ in answer.context["checks"]]
    assert shown == [(check.name, check.subject) for check in check_health().checks]
    assert "<h1>Health</h1>" in answer.text


def test_the_navigation_leads_to_it(watcher):
    assert f'<a href="{PAGE}" aria-current="page">Health</a>' in watcher.get(PAGE).text


def test_it_is_for_those_with_the_permission(signed_in, client):
    assert signed_in("control_run").get(PAGE).status_code == 403
    assert client.get(PAGE).status_code == 302
