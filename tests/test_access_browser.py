"""Access: axe-core finds nothing on any page, light or dark, to the right or the left, wide or narrow; the keyboard does all."""

from __future__ import annotations

import json

import bibtexparser
import pytest
import rispy
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.test_web_browser import address as address
from tests.test_web_browser import browser as browser
from tests.test_web_browser import complaints as complaints
from tests.test_web_browser import page as page
from tests.test_web_browser import pytestmark as pytestmark

PATHS = (
    "/", "/?q=", "/?q=signed+conflict", "/?q=weather&country=PK", "/?q=many&next=10", "/?q=x&kind=dataset", "/about", "/nothing",
    "/?q=signed&kind=letter", "/documents", "/documents?kind=dataset", "/documents/d1?q=signed&start=28&end=40",
    "/documents/d1?view=page&page=2", "/documents/d2", "/documents/d4", "/entities", "/entities/project:casa-1000",
    "/entities/project:tap-power", "/cite?at=d1:28-40&at=d2", "/?q=signed+conflict&view=brief", "/?q=signed&generation=1",
)  # fmt: skip
RULES: dict[str, object] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
CONTRAST: dict[str, object] = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, "resultTypes": ["violations"]}
SIZED = ("/", "/?q=signed+conflict&country=PK", "/documents", "/documents/d1?q=signed", "/entities/Q265", "/cite?at=d1")
SIZES = ({"width": 1280, "height": 900}, {"width": 390, "height": 844})


@pytest.mark.parametrize("code", ["en", "ur"])
def test_axe_finds_nothing(browser: Browser, address: str, code: str) -> None:
    """Colours alone differ in the dark, so that contrast alone is looked at again: half of the time."""
    axe, found = Axe(), []
    with browser.new_context(locale=code) as context:
        opened = context.new_page()
        for path in PATHS:
            opened.goto(address + path)
            opened.evaluate(axe.axe_script)
            for size in SIZES:
                opened.set_viewport_size(size)
                for scheme, rules in (("light", RULES), ("dark", CONTRAST)) if code == "en" else (("light", RULES),):
                    opened.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                    found += [(path, size["width"], scheme, *one) for one in violations(opened, rules)]
    assert found == []


def violations(opened: Page, rules: dict[str, object] = RULES) -> list[tuple[str, str]]:
    told = opened.evaluate("rules => axe.run(document, rules)", rules)
    return [(one["id"], node["html"][:160]) for one in told["violations"] for node in one["nodes"][:2]]


def test_the_cards_of_quotes_and_a_whole_page_zoomed_are_clean(browser: Browser, address: str) -> None:
    """At 200 % a window of 1280 pixels has room for 640."""
    axe = Axe()
    with browser.new_context(viewport={"width": 640, "height": 450}) as context:
        opened = context.new_page()
        opened.goto(f"{address}/?q=signed+conflict")
        opened.locator("button.marker").first.click()
        expect(opened.locator(".peek").first).to_be_visible()
        opened.evaluate(axe.axe_script)
        assert violations(opened) == []
        assert opened.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0


def test_what_is_pressed_is_large_enough(browser: Browser, address: str) -> None:
    """24 by 24 pixels, but for links in running text (WCAG 2.2, 2.5.8)."""
    small = """() => [...document.querySelectorAll('button, nav a, .actions a, .keep a, .chips a, summary, input')]
        .filter(one => one.type !== 'checkbox') // its label can be pressed as well
        .filter(one => one.offsetParent && one.type !== 'hidden' && getComputedStyle(one).display !== 'inline')
        .map(one => [one.outerHTML.slice(0, 90), one.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.height < 23.5 || box.width < 15)).map(([html, box]) => html + box.height)"""
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        opened = context.new_page()
        for path in SIZED:
            opened.goto(address + path)
            assert opened.evaluate(small) == [], path


FOCUSED = """() => { const one = document.activeElement;
    return one === document.body ? '' : one.innerText || one.getAttribute('aria-label') || '' }"""
OUTLINED = "(e => e === document.body || getComputedStyle(e).outlineStyle !== 'none')(document.activeElement)"


def focused(opened: Page) -> str:
    return str(opened.evaluate(FOCUSED)).strip()


def press_until(opened: Page, words: str, key: str = "Tab", most: int = 80) -> None:
    """Go on with the keyboard until what is focused says `words`; every stop shows where it is."""
    for _ in range(most):
        opened.keyboard.press(key)
        assert opened.evaluate(OUTLINED), opened.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        if words in focused(opened):
            return
    raise AssertionError(f"{words!r} was not reached")


def test_all_by_the_keyboard(page: Page, address: str, complaints: list[str]) -> None:
    """Ask, open a quote, read it in the document, look at the printed page, go back, narrow down, cite. No pointer."""
    page.goto(address)
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("When was it signed?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=When*")  # this waits for the whole page, so that nothing moves under the keys
    expect(page.locator(".said blockquote").first).to_contain_text("15 July 2021")
    press_until(page, "quote in its context")
    page.keyboard.press("Enter")
    expect(page.locator(".sources mark").first).to_be_visible()
    press_until(page, "Read in the document")
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/*#quote")
    expect(page.locator("mark").first).to_be_in_viewport()
    page.goto(page.url.partition("#")[0])
    press_until(page, "Back to the results")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=*")
    page.goto(page.url)
    press_until(page, "Cite these sources")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cite?*")
    expect(page.locator(".cite .written").first).to_contain_text("Agreement on Transit Trade")
    page.go_back()
    page.goto(page.url)
    press_until(page, "Uzbekistan")
    page.keyboard.press("Enter")
    page.wait_for_url("**country=UZ*")
    assert complaints == []


def test_exports_are_downloaded_and_read_again(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(f"{address}/?q=signed")
    page.get_by_role("link", name="Cite these sources").click()
    texts = {}
    for label in ("BibTeX", "RIS", "CSL-JSON"):
        with page.expect_download() as begun:
            page.get_by_role("link", name=label).click()
        texts[label] = begun.value.path().read_text(encoding="utf-8")
    assert [entry.key for entry in bibtexparser.parse_string(texts["BibTeX"]).entries] == ["d1", "d2"]
    assert rispy.loads(texts["RIS"])[0]["title"] == json.loads(texts["CSL-JSON"])[0]["title"] == "Agreement on Transit Trade"
    assert complaints == []


def test_a_citation_is_copied_by_a_button(browser: Browser, address: str) -> None:
    with browser.new_context(permissions=["clipboard-read", "clipboard-write"]) as context:
        opened = context.new_page()
        opened.clock.install(time=0)
        opened.goto(f"{address}/cite?at=d1:28-40")
        opened.clock.pause_at(3600)  # or a slow machine sees the word go before it has seen it come
        opened.get_by_role("button", name="Copy").first.click()
        expect(opened.get_by_role("button", name="Copied").first).to_be_visible()
        copied = opened.evaluate("navigator.clipboard.readText()")
        assert copied == opened.locator(".written").first.inner_text() and "Agreement on Transit Trade" in copied
        opened.clock.fast_forward(3000)
        expect(opened.get_by_role("button", name="Copied")).to_have_count(0)


def test_without_scripts_there_is_no_dead_button(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        opened = context.new_page()
        opened.goto(f"{address}/cite?at=d1")
        assert opened.get_by_role("button", name="Copy").count() == 0


def test_the_language_is_switched_and_the_page_turns_round(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(f"{address}/?q=signed+conflict")
    page.get_by_role("button", name="اردو").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page).to_have_url(f"{address}/?q=signed+conflict")
    page.wait_for_load_state()  # or the boxes are measured before the style sheet is there
    aside, results = (page.locator(one).bounding_box() for one in (".beside > aside", ".results"))
    assert aside["x"] > results["x"]
    expect(page.locator(".said blockquote").first).to_have_css("direction", "ltr")
    page.get_by_role("button", name="Русский").click()
    expect(page.locator("h2#answer")).to_have_text("Что говорят документы")
    page.get_by_role("button", name="English").click()
    expect(page.locator("h2#answer")).to_have_text("What the documents say")
    assert complaints == []


def test_an_abstention_and_a_conflict_are_shown(page: Page, address: str, complaints: list[str]) -> None:
    page.goto(f"{address}/?q=weather")
    expect(page.get_by_role("heading", name="The documents give no answer")).to_be_visible()
    page.goto(f"{address}/?q=signed+conflict")
    expect(page.get_by_role("table", name="Sources disagree")).to_contain_text("16 July 2021")
    assert complaints == []
