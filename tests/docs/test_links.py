"""Every link between the files of the documentation leads somewhere, and every page can be reached."""

import pytest

from tests.docs.pages import DOCS, ROOT, Page, all_pages

WRITTEN_BY_A_COMMAND = {ROOT / "benchmarks" / "results" / name for name in ("results.md", "results.svg")}  # make bench


def links_of(page):
    for link in page.links:
        if "://" not in link:
            target, _, anchor = link.partition("#")
            yield link, (page.path.parent / target).resolve() if target else page.path, anchor


@pytest.mark.parametrize("page", all_pages(), ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    broken = [
        link
        for link, target, anchor in links_of(page)
        if target not in WRITTEN_BY_A_COMMAND
        and not (target.exists() and (not anchor or anchor in Page(target).anchors))
    ]

    assert not broken


def test_every_page_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path not in reached and path.suffix == ".md" and path.exists():
            reached.add(path)
            waiting += [target for _, target, _ in links_of(Page(path))]

    assert {page.path for page in all_pages() if DOCS in page.path.parents} <= reached
