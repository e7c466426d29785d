"""The page of a run in a browser: watched, paused, resumed, cancelled, gone on with and undone, by one and by two."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import finish, migrating, path_of
from tests.browser.test_list import AXE, READERS, take_pictures

pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser

WORKING = {"PAUSE_SECONDS": 3}  # 40 batches: 2 min, longer than a test looks at it
RUN = "crash.0002_patch"
OTHERS = ("/migrations/phases/", "/migrations/health/")


def act(page, title, reason="month end", **fields):
    """Open an action, fill in its form and send it."""
    action = page.locator("details.action", has=page.locator("summary", has_text=title)).first
    action.locator("summary").click()
    for label, text in fields.items():
        action.get_by_label(label).fill(text)
    action.get_by_label("Why").fill(reason)
    action.get_by_role("button", name=title, exact=True).click()


def badge(page):
    return page.locator("#now .badge")


def undo(page, name):
    page.get_by_role("link", name="Undo …").click()
    page.get_by_label("to confirm").fill(name)
    page.get_by_label("Why").fill("wrong prices")
    page.get_by_role("button", name="Undo", exact=True).click()


def test_a_run_is_watched_with_its_charts_to_its_end(visitor, server, database):
    with migrating(database) as process:
        page = visitor.open(server, path_of(database))
        expect(page.locator("#connection")).to_have_text("Live")
        expect(page.locator("[data-fact=rows] dd")).to_contain_text("of 200 rows")
        assert process.end() == 0, process.said()

    expect(page.locator("#news")).to_have_text(f"{RUN}: done")
    expect(page.locator("#rollback")).to_contain_text("It can be undone.")
    expect(page.locator("#charts svg").first).to_be_visible()
    expect(page.locator("#charts strong", has_text="Batch size")).to_be_visible()
    page.get_by_text("The same as a table").click()
    expect(page.locator("#measured-table tbody tr").first).to_be_visible()


def test_a_run_is_paused_and_resumed(visitor, server, database):
    with migrating(database, **WORKING):
        page = visitor.open(server, path_of(database), who="ada")
        act(page, "Pause", reason="month-end closing")

        expect(badge(page)).to_have_text("paused")
        expect(page.locator("[data-fact=waiting] dd")).to_have_text("paused by ada: month-end closing")
        expect(page.locator("#events")).to_contain_text("month-end closing")
        expect(page.locator("#lost")).to_contain_text("an operator")

        act(page, "Resume")
        expect(badge(page)).to_have_text("running")


def test_settings_are_changed_without_javascript(visitor, server, database):
    with migrating(database, **WORKING):
        page = visitor.open(server, path_of(database), who="ada", java_script_enabled=False)
        act(page, "Change settings", **{"Batch size": "7"})

        expect(page.locator(".messages li")).to_be_visible()
        expect(page.locator("#events")).to_contain_text("set batch_size=7")


def test_two_operators_are_told_of_each_other(visitor, server, database):
    with migrating(database, **WORKING):
        first, second = (visitor.open(server, path_of(database), who=who) for who in ("ada", "grace"))
        second.locator("summary", has_text="Pause").first.click()
        second.locator("#reason-pause").fill("me too")
        act(first, "Pause", reason="lunch")
        expect(badge(first)).to_have_text("paused")
        expect(second.locator("#now .badge")).to_have_text("paused")  # it is told without asking

        second.locator("#action-pause button").click()

        expect(second.locator(".messages")).to_contain_text("is paused by ada: lunch already")
        expect(second.locator("#impossible")).to_contain_text("Pause")


def test_a_run_is_cancelled_and_gone_on_with_by_a_process_of_its_own(visitor, server, database):
    with migrating(database, **WORKING) as process:
        page = visitor.open(server, path_of(database), who="ada")
        act(page, "Cancel")
        expect(badge(page)).to_have_text("cancelled")
        assert process.end() == 1

    act(page, "Go on", reason="the right day")

    expect(page.locator(".messages")).to_contain_text("Ordered: a process of its own does it")
    expect(badge(page)).to_have_text("done")
    expect(page.locator("#events")).to_contain_text("the right day")
    assert database.ledger("status, started_by")[0][0] == "done"


def test_a_run_is_undone_after_its_name_was_typed(visitor, server, database):
    start = database.rows()
    finish(database)
    page = visitor.open(server, path_of(database), who="ada")

    undo(page, "crash.0002")
    expect(page.locator(".messages")).to_contain_text(f"type the name of the migration, {RUN}")
    assert database.ledger("direction") == [("forwards",)]

    page.get_by_role("link", name="Undo …").click()
    expect(page.locator("#plan")).to_contain_text(RUN)
    expect(page.locator(".sample")).to_have_count(0)
    page.go_back()
    undo(page, RUN)

    expect(badge(page)).to_have_text("undone")
    assert database.rows() == start
    assert database.ledger("direction, status, started_by", "direction = 'backwards'") == [("backwards", "done", "ada")]


def test_rows_are_shown_before_an_undo_to_those_who_may_see_them(visitor, finished):
    server, path = finished
    page = visitor.open(server, f"{path}undo/", who="auditor")

    expect(page.locator(".sample")).to_be_visible()
    expect(page.locator(".sample tbody tr")).to_have_count(5)


def test_who_may_only_look_has_no_forms(visitor, finished):
    page = visitor.open(*finished)

    expect(page.get_by_text("You may look at runs, and not act on them.")).to_be_visible()
    expect(page.locator("form")).to_have_count(0)


@pytest.mark.parametrize(("language", "colours"), READERS)
def test_everybody_can_read_the_pages(visitor, finished, language, colours):
    server, path = finished
    page = visitor.open(server, path, who="auditor", locale=language, color_scheme=colours)
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert faults(page) == []

    for other in (f"{path}undo/", *OTHERS):
        page.goto(f"{server.url}{other}")
        assert faults(page) == []


def faults(page):
    found = page.evaluate(f"{AXE}; axe.run()")
    return [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found["violations"]]


def test_a_run_at_work_is_read_by_everybody(visitor, years):
    page = visitor.open(years, who="auditor", viewport={"width": 1280, "height": 1080})
    page.get_by_role("link", name="people.0002_full_name").click()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    expect(page.locator("#charts svg")).to_have_count(4)

    assert faults(page) == []
    take_pictures(page, "run")


def test_a_narrow_screen_shows_all_without_scrolling_sideways(visitor, finished):
    server, path = finished
    page = visitor.open(server, path, who="auditor", viewport={"width": 320, "height": 640})
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")

    for other in (path, f"{path}undo/", *OTHERS):
        page.goto(f"{server.url}{other}")
        width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert width[0] <= width[1], other
