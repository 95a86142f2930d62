"""A real browser over a real server: from a question to the marked quote, on a desk and a phone, with and without scripts."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from tests.fake_library import app_over

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync --disable-quic "
    "--no-first-run"
).split()
PATHS = (
    "/",
    "/about",
    "/?q=many&next=20",
    "/?q=signed+conflict",
    "/?q=weather",
    "/?q=evil",
    "/documents",
    "/documents/d1",
    "/documents/d2",
    "/documents/d3",
)

expect.set_options(timeout=30_000)  # ms; playwright's own 5 s are short where two test files share two cores

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium, chromium-browser or google-chrome is on the PATH"),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app_over(tmp_path_factory.mktemp("originals"))[0], threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def page(request, browser: Browser, complaints: list[str]) -> Iterator[Page]:
    with browser.new_context(java_script_enabled=request.param) as context:
        opened = context.new_page()
        opened.on("console", lambda message: complaints.append(message.text))
        opened.on("dialog", lambda dialog: complaints.append(dialog.message))
        yield opened


def test_from_a_question_to_the_marked_quote(page, address, complaints):
    page.goto(address)
    page.get_by_label("Ask a question").fill("When was it signed?")
    page.keyboard.press("Enter")
    said = page.locator(".said blockquote").first
    expect(said).to_contain_text("15 July 2021")
    quote = said.inner_text()
    page.locator(".sources details summary").first.click()
    expect(page.locator(".sources mark").first).to_be_visible()
    page.locator(".sources .title").first.click()
    page.wait_for_url("**#quote")  # this waits for the whole page; an address alone is there before its page is
    expect(page.locator("[id=quote]")).to_have_count(1)
    expect(page.locator("h1")).to_have_text("Agreement on Transit Trade")
    assert page.locator("mark").inner_text() == quote
    assert complaints == []


def test_filters_work_from_the_keyboard_and_can_be_taken_off(page, address, complaints):
    page.goto(f"{address}/?q=signed")
    page.get_by_role("link", name="Uzbekistan 1").press("Enter")
    page.wait_for_url("**/?q=signed&country=UZ*")
    page.get_by_role("link", name="Remove the filter Country: Uzbekistan").click()
    page.wait_for_url(lambda url: "country" not in url)
    assert complaints == []


def test_a_hostile_document_does_nothing(page, address, complaints):
    page.goto(f"{address}/documents/d4")
    assert "owned" not in page.title()
    assert page.locator("main script, main img").count() == 0
    assert complaints == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_is_wider_than_the_screen(browser, address, width, scheme, complaints):
    with browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme) as context:
        opened = context.new_page()
        opened.on("console", lambda message: complaints.append(message.text))
        for path in PATHS:
            opened.goto(address + path)
            assert opened.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, path
    assert complaints == []


def test_the_quote_is_in_sight_when_a_citation_is_opened(browser, address):
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        opened = context.new_page()
        opened.goto(f"{address}/?q=signed")
        opened.locator(".sources .title").first.click()
        expect(opened.locator("mark").first).to_be_in_viewport()


def test_a_quote_is_one_glance_away(page, address, complaints, request):
    """Under the pointer and for the keyboard; without scripts by a click or Enter."""
    scripts = "no-scripts" not in request.node.name
    page.goto(f"{address}/?q=signed")
    marker, card = page.locator("button.marker").first, page.locator(".peek").first
    expect(card).to_be_hidden()
    marker.hover() if scripts else marker.click()
    expect(card).to_be_visible()
    for words in (
        "Agreement on Transit Trade",
        "Ministry of Commerce",
        "15 July 2021",
        "art. 1",
        "It was signed by the commerce",
    ):
        expect(card).to_contain_text(words)
    assert card.locator("mark").inner_text() == page.locator(".said blockquote").first.inner_text().strip("“”")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    page.mouse.move(0, 0)
    marker.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    if not scripts:
        page.keyboard.press("Enter")
    expect(card).to_be_visible()
    page.keyboard.press("Tab")
    expect(card.get_by_role("link", name="Read in the document")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**#quote")
    assert complaints == []


def test_the_passages_are_shown_while_they_are_judged(browser, tmp_path):
    app, library = app_over(tmp_path)
    library.judging = threading.Event()
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with browser.new_context() as context:
            opened = context.new_page()
            opened.goto(f"http://127.0.0.1:{server.server_port}/?q=signed", wait_until="commit")
            expect(opened.locator(".passages article").first).to_be_visible()
            expect(opened.locator(".waiting")).to_be_visible()
            assert opened.locator(".card").count() == 0
            library.judging.set()
            expect(opened.locator(".card .said")).to_be_visible()
            expect(opened.locator(".waiting")).to_be_hidden()
            above = opened.evaluate(
                "() => ['.card', '.passages'].map(s => document.querySelector(s).getBoundingClientRect().top)"
            )
            assert above[0] < above[1]
    finally:
        library.judging.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_choice_of_colours_goes_before_the_system_s(page, address, complaints):
    page.goto(f"{address}/?q=signed")
    light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    root = page.locator("html")
    page.get_by_role("button", name="Dark").click()
    expect(root).not_to_have_css("background-color", light)
    expect(page).to_have_url(f"{address}/?q=signed")
    page.get_by_role("button", name="As the system").click()
    expect(root).to_have_css("background-color", light)
    assert complaints == []
