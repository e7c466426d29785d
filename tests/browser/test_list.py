"""The list in a browser: watched to the end of a run, without a connection, by keyboard, in two languages."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import axe_core_python
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import migrating
from tests.browser.prepare import PASSWORD
from tests.browser.server import Server
from tests.crash.databases import ROOT
from tests.crash.processes import Process

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text()
PICTURES = ROOT / "docs" / "pictures"

pytestmark = pytest.mark.xdist_group("browser")  # one worker has the browser

WORKING = {"PAUSE_SECONDS": 3}  # 40 batches: 2 min, longer than a test looks at it
RUN = "crash.0002_patch"
READERS = [("en", "light"), ("ja", "dark")]  # each language and each set of colours once


def test_a_run_is_watched_from_an_empty_page_to_its_end(visitor, server, database):
    page = visitor.open(server)
    expect(page.get_by_text("Nothing has been run yet")).to_be_visible()
    expect(page.locator("#connection")).to_have_text("Live")

    with migrating(database) as process:
        card = page.locator("article", has_text=RUN)
        expect(card.get_by_role("progressbar")).to_be_visible()
        expect(card.locator("[data-fact=rows] dd")).to_contain_text("of 200 rows")
        expect(card.locator("[data-fact=owner] dd")).to_contain_text(f"process {process.pid} on ")
        assert process.end() == 0, process.said()

    row = page.locator("tr", has_text=RUN)
    expect(row.get_by_role("cell", name="done")).to_be_visible()
    expect(row.get_by_role("cell", name=f"{database.ledger('rows_done')[0][0]:,}", exact=True)).to_be_visible()
    expect(page.locator("#news")).to_have_text(f"{RUN}: done")
    expect(page.locator("article")).to_have_count(0)


def test_a_paused_run_moves_to_those_that_wait_with_its_reason(visitor, server, database):
    page = visitor.open(server)

    with migrating(database, **WORKING):
        expect(page.get_by_role("region", name="Running").locator("article")).to_have_count(1)
        number = str(database.ledger("id")[-1][0])
        command = ("manage.py", "control_migration", number, "pause", "--reason=month-end closing")
        with Process(command, database, "updating", patient=True) as control:
            assert control.end() == 0, control.said()

        card = page.get_by_role("region", name="Waiting").locator("article")
        expect(card.get_by_text("month-end closing")).to_be_visible()
        expect(card.locator(".badge")).to_have_text("paused")


def test_a_lost_connection_is_shown_and_comes_back(visitor, server, database):
    page = visitor.open(server)
    sign = page.locator("#connection")
    with migrating(database, **WORKING):
        rows = page.locator("article [data-fact=rows] dd")
        expect(rows).to_contain_text("of 200 rows")
        expect(sign).to_have_text("Live")

        server.stop()
        expect(sign).to_contain_text("Offline: this is how it was at")
        expect(rows).to_be_visible()
        old = rows.text_content()

        server.start()
        expect(sign).to_have_text("Live")
        expect(rows).not_to_have_text(old)


def test_without_sockets_the_page_asks_and_notices_that_the_session_has_ended(visitor, database):
    with Server(database, sockets=False) as server, migrating(database, **WORKING):
        page = visitor.open(server)
        sign = page.locator("#connection")
        expect(sign).to_contain_text("asked again every few seconds")
        rows = page.locator("article [data-fact=rows] dd")
        expect(rows).to_contain_text("of 200 rows")
        expect(rows).not_to_have_text(rows.text_content())

        database.execute("DELETE FROM django_session")
        expect(sign).to_contain_text("Your session has ended.")
        sign.get_by_role("link", name="Sign in again").click()
        page.get_by_label("Username").fill("watcher")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()

        expect(page.get_by_role("heading", name="Runs", exact=True)).to_be_visible()
        assert urlsplit(page.url).path == "/migrations/"


def test_who_lacks_the_permission_is_told_so(visitor, server):
    page = visitor.open(server, who="stranger")

    expect(page.get_by_role("heading", name="Not allowed")).to_be_visible()
    expect(page.get_by_text("reversible_migrations.view_run")).to_be_visible()


def test_the_keyboard_reaches_the_content_and_the_search(visitor, years):
    page = visitor.open(years)
    skip = page.get_by_role("link", name="Skip to the content")

    page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Search")).to_be_focused()
    page.keyboard.type("stock.0003")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="stock.0003_prices")).to_be_visible()
    expect(page.get_by_text("IntegrityError (product_sku_key)")).to_be_visible()
    expect(page.locator("article")).to_have_count(1)
    assert "q=stock.0003" in page.url


def test_without_javascript_the_list_and_its_filters_work(visitor, years):
    page = visitor.open(years, java_script_enabled=False)

    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.get_by_role("heading", name="Failed or interrupted")).to_be_visible()
    expect(page.get_by_role("heading", name="Recent")).to_have_count(0)


@pytest.mark.parametrize(("language", "colours"), READERS)
def test_everybody_can_read_the_list(visitor, years, language, colours):
    page = visitor.open(years, locale=language, color_scheme=colours)
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")

    found = page.evaluate(f"{AXE}; axe.run()")

    assert [(fault["id"], [node["html"] for node in fault["nodes"]]) for fault in found["violations"]] == []
    if (language, colours) == READERS[0]:
        take_pictures(page, "list")


def test_a_narrow_screen_shows_all_without_scrolling_sideways(visitor, years):
    page = visitor.open(years, viewport={"width": 320, "height": 640})
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")

    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")

    assert width[0] <= width[1]
    take_picture(page, "list-narrow")


def test_server_and_script_write_the_same(visitor, years):
    """What the server has drawn stays as it is when the script draws the same facts."""
    page = visitor.open(years)
    drawn = "() => [...document.querySelectorAll('article dl, article .bar')].map(e => e.textContent)"
    page.route("**/*.js", lambda route: route.abort())
    page.reload()
    by_server = page.evaluate(drawn)
    page.unroute("**/*.js")
    page.reload()
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")

    by_script = page.evaluate(drawn)

    assert without_ages(by_script) == without_ages(by_server)


def without_ages(texts):
    return [text.partition("Heartbeat")[0] for text in texts]


def take_pictures(page, name):
    """Write pictures for the documentation, light and dark, if PICTURES is set in the environment."""
    for colours in ("light", "dark") if os.environ.get("PICTURES") else ():
        page.emulate_media(color_scheme=colours)
        take_picture(page, f"{name}-{colours}")


def take_picture(page, name):
    if os.environ.get("PICTURES"):
        page.screenshot(path=PICTURES / f"{name}.png")
