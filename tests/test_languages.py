"""The interface in three languages: every text is there, with its places to fill in; pages say which language they speak."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask_babel import force_locale
from jinja2 import Environment, nodes

from kb.abstain import _OBJECTIONS, THINGS
from kb.question_kind import LOOKED_FOR
from tests.fake_library import app_over
from tests.test_web_pages import page
from web.languages import LANGUAGES
from web.phrases import NAME, PHRASES, translated

ROOT = Path(__file__).parents[1]
WEB = ROOT / "web"
METHODS = [("**.py", "python"), ("templates/**.html", "jinja2")]
OPTIONS = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "newstyle_gettext": "true"}}
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}
OTHERS = [code for code in LANGUAGES if code != "en"]
PATHS = (
    "/", "/?q=", "/?q=signed", "/?q=signed+conflict", "/?q=weather&country=PK", "/?q=many&next=10", "/about", "/nothing",
    "/?q=x&kind=dataset", "/documents", "/documents?kind=dataset", "/documents/d1?q=signed&start=5&end=30",
    "/documents/d1?view=page", "/documents/d2", "/entities", "/entities/Q265", "/entities/project:tap-power", "/cite?at=d1:5-30",
    "/?q=signed+conflict&view=brief", "/?q=signed&generation=1",
)  # fmt: skip


def texts() -> set[str | tuple[str, ...]]:
    """All that the code gives to gettext."""
    found = extract_from_dir(str(WEB), METHODS, OPTIONS, KEYWORDS)
    return {message if isinstance(message, str) else tuple(message) for _, _, message, _, _ in found if message}


def catalogue_of(code: str, form: str) -> Catalog:
    data = (WEB / "translations" / code / "LC_MESSAGES" / f"messages.{form}").read_bytes()
    return (read_po if form == "po" else read_mo)(io.BytesIO(data))


def key(message: Message) -> str | tuple[str, ...]:
    return message.id if isinstance(message.id, str) else tuple(message.id)


def forms(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


@pytest.fixture(scope="module")
def said() -> set[str | tuple[str, ...]]:
    return texts()


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_and_no_other(code, said):
    catalogue = catalogue_of(code, "po")
    known = {key(message) for message in catalogue if message.id}
    assert said - known == set() and known - said == set()
    for message in catalogue:
        if not message.id:
            continue
        told = forms(message)
        assert len(told) == (catalogue.num_plurals if message.pluralizable else 1) and all(told), message.id
        assert not message.fuzzy and not list(message.check(catalogue)), message.id
        wanted = message.id[-1] if message.pluralizable else message.id
        assert all(set(NAME.findall(form)) == set(NAME.findall(wanted)) for form in told), message.id
        assert all(sorted(re.findall("<[^>]+>", form)) == sorted(re.findall("<[^>]+>", wanted)) for form in told), message.id
        assert all(form.count("%%") == wanted.count("%%") for form in told), message.id
        letters = {"ru": "[а-яё]", "ur": "[\u0600-\u06ff]"}[code]
        spoken = all(re.search(letters, form, re.I) for form in told) or not re.search("[a-z]{2}", NAME.sub("", wanted))
        assert spoken, f"{message.id!r} is not in the language"


@pytest.mark.parametrize("code", OTHERS)
def test_catalogues_are_compiled(code):
    source, compiled = (
        {key(message): forms(message) for message in catalogue_of(code, form) if message.id} for form in ("po", "mo")
    )
    assert source == compiled, "run `make messages`"


def test_no_template_says_anything_past_the_catalogues():
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    for path in sorted((WEB / "templates").glob("*.html")):
        source = re.sub(r"\{% trans.*?endtrans %\}", "", path.read_text(encoding="utf-8"), flags=re.S)
        outputs = environment.parse(source).find_all(nodes.Output)
        data = "\0".join(one.data for output in outputs for one in output.nodes if isinstance(one, nodes.TemplateData))
        plain = re.findall(r">([^<\0]*[A-Za-z]{2,}[^<\0]*)", data)
        plain += re.findall(r'(?:aria-label|title|alt|placeholder|data-\w+)="([^"\0]*[A-Za-z]{2,}[^"]*)"', data)
        assert [text.strip() for text in plain if text.strip() not in ("Wakhan", "— Wakhan")] == [], path.name


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_browser_s_language_is_spoken(client, code):
    response = client.get("/", headers={"Accept-Language": f"{code};q=0.9, de"})
    direction = "rtl" if code == "ur" else "ltr"
    assert f'<html lang="{code}" dir="{direction}"' in response.text
    assert {"en": "What do the documents say?", "ru": "Что говорят документы?", "ur": "دستاویزات کیا کہتی ہیں؟"}[
        code
    ] in response.text
    assert "Accept-Language" in response.headers["Vary"]


@pytest.mark.parametrize("code", OTHERS)
@pytest.mark.parametrize("path", PATHS)
def test_pages_hold_together_in_every_language(client, code, path):
    response = client.get(path, headers={"Accept-Language": code})
    page(client, path, response.status_code)
    assert "%(" not in response.text and f'lang="{code}"' in response.text


def test_a_choice_goes_before_the_browser_s_language_and_changes_the_validator(client):
    asked = {"Accept-Language": "ur"}
    urdu = client.get("/documents", headers=asked)
    chosen = client.post("/preferences", data={"language": "ru", "back": "/documents"})
    assert chosen.status_code == 303 and "SameSite=Lax" in chosen.headers["Set-Cookie"]
    russian = client.get("/documents", headers=asked)
    assert 'lang="ru"' in russian.text and russian.headers["ETag"] != urdu.headers["ETag"]
    assert client.post("/preferences", data={"language": "xx"}).status_code == 400
    client.set_cookie("language", '"><script>')
    assert '<html lang="ur"' in client.get("/documents", headers=asked).text


def test_days_numbers_and_names_follow_the_language(client):
    assert "15 июля 2021" in client.get("/documents/d1", headers={"Accept-Language": "ru"}).text
    assert "15 جولائی 2021" in client.get("/documents/d1", headers={"Accept-Language": "ur"}).text
    html = client.get("/documents", headers={"Accept-Language": "ru"}).text
    assert "Узбекистан" in html and "Соглашение" in html and "Английский" in html and "4 документа" in html


def test_an_abstention_and_its_reading_are_told_in_the_language(client):
    html = client.get("/?q=signed", headers={"Accept-Language": "ru"}).text
    assert "Искали: дата" in html and "с 2021-01-01" in html and "Высокая уверенность" in html
    english = client.get("/?q=weather", headers={"Accept-Language": "ru"}).text
    assert '<bdi lang="en" dir="ltr">No document says anything about the weather.' in english  # not one of kb's sentences


def test_the_api_stays_english(client):
    assert client.get("/api/v1/nothing", headers={"Accept-Language": "ru"}).json["title"] == "Not Found"
    answer = client.post("/api/v1/ask", json={"question": "signed"}, headers={"Accept-Language": "ru"}).json
    assert answer["understood"]["looked_for"] == "a date"


def test_what_kb_says_is_known(tmp_path):
    """Each of kb's sentences to people is found by its wording, with what was put into it."""
    known = [re.sub(r"\{(\w+)\}", "X1", text) for text in _OBJECTIONS.values()]
    known += [*THINGS.values(), *LOOKED_FOR.values(), "article 5(2)", "from 2021-01-01 on", "2021-01-01 to 2021-02-01"]
    known += [
        "Nothing in the documents comes near the question.",
        "Nothing in the documents that the filters let through comes near the question. Try fewer filters.",
        "No passage names Atlantis, Mu; check the spelling, or ask without it.",
        "The nearest passages do not speak of 1991, article 7, which the question names; the documents do not say.",
        "These are 5 questions at once; ask one at a time. The passages below come nearest to all of them together.",
    ]
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "kb").glob("*.py"))
    joined = re.sub(r'"\s*f?"', "", source)
    with app_over(tmp_path)[0].test_request_context(), force_locale("ru"):
        for text in known:
            assert re.search("[а-яё]", translated(text)), text
        told = translated("No passage names Atlantis; check the spelling, or ask without it.")
        assert "Atlantis" in told and translated("A to B") == "A to B"
    for phrase in PHRASES:
        pieces = [part for piece in NAME.split(phrase)[::2] for part in piece.split(". ")]
        assert all(piece.strip(" .") in joined for piece in pieces if len(piece) > 10), phrase
