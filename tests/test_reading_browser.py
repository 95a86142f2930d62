"""Reading and browsing in a real browser, with and without scripts: turn pages, step from passage to passage, go by names."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.test_web_browser import address as address
from tests.test_web_browser import browser as browser
from tests.test_web_browser import complaints as complaints
from tests.test_web_browser import page as page
from tests.test_web_browser import pytestmark as pytestmark

PATHS = (
    "/entities",
    "/entities/project:casa-1000",
    "/documents/d1?q=routes",
    "/documents/d1?view=page&page=2",
    "/documents?sort=date",
)


def test_the_printed_page_is_turned_beside_the_text(page, address, complaints):
    page.goto(f"{address}/documents/d1")
    beside = page.locator("aside#printed")
    expect(beside).to_contain_text("Page iv")
    beside.get_by_label("Page after").click()
    expect(beside).to_contain_text("Page v")
    expect(beside.locator("img")).to_have_attribute("src", "/documents/d1/pages/2.png")
    expect(page).to_have_url(re.compile("page=2"))
    page.get_by_role("link", name="Pages as printed", exact=True).click()
    page.get_by_role("link", name="150 %").click()
    expect(page.locator(".zoom-150 img")).to_be_visible()
    page.get_by_role("link", name="Text of this page").click()
    expect(page.locator("[id=page-2]")).to_be_in_viewport()
    assert complaints == []


def test_from_passage_to_passage_and_back_to_the_results(page, address, complaints):
    page.goto(f"{address}/documents/d1?q=routes&country=UZ")
    page.get_by_role("link", name="Next passage").click()
    page.wait_for_url("**#quote")
    first = page.locator("mark").first.inner_text()
    page.get_by_role("link", name="Next passage").click()
    expect(page.locator("mark").first).not_to_have_text(first)
    page.get_by_role("link", name="Back to the results").click()
    page.wait_for_url("**/?q=routes&country=UZ")
    assert complaints == []


def test_from_a_name_to_the_passage_that_speaks_of_it(page, address, complaints):
    page.goto(f"{address}/entities")
    page.get_by_role("link", name="CASA-1000").click()
    page.get_by_text("The figures").click()
    expect(page.locator("table.years")).to_be_visible()
    page.locator(".spoken h3 a").first.click()
    expect(page.locator("mark").first).to_be_in_viewport()
    assert complaints == []


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_of_these_is_wider_than_the_screen(browser, address, width):
    with browser.new_context(viewport={"width": width, "height": 844}) as context:
        opened = context.new_page()
        for path in PATHS:
            opened.goto(address + path)
            assert opened.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
            assert path != "/documents/d1?q=routes" or opened.locator("aside#printed").is_visible() == (width > 960)
