"""What agreements say of themselves, and headers that say otherwise."""

import pytest

from ingest.header import header_lines
from ingest.read_text import add_plain_text
from ingest.stated import checked_header, completed, disagreements, stated
from ingest.structure import structure
from ingest.text import TextBuilder
from kb.records import Metadata, Stated

ENGLISH = """
AGREEMENT ON SPECIMENS

The Government of the Islamic Republic of Pakistan and the Government of the Republic of Uzbekistan, hereinafter the Parties,

Being guided by the Treaty between the Republic of Kazakhstan and the Kyrgyz Republic of 1 May 1990,

have agreed as follows:

Article 1

For the purposes of this Agreement and for the period it is effective, goods are goods.

Article 2

1. This Agreement shall enter into force on the thirtieth day after the last notification.

2. This Agreement shall remain in force for a period of five years.

{closing}

For the Government of the Republic of Kazakhstan
"""
CLOSING = "Done at Tashkent on 15 July 2021 in two originals, each in the Urdu, Uzbek and English languages."

RUSSIAN = """
СОГЛАШЕНИЕ

Правительство Республики Узбекистан и Правительство Исламской Республики Пакистан, далее именуемые Сторонами,

согласились о нижеследующем:

Статья 1

Настоящее Соглашение вступает в силу с даты последнего уведомления и заключается сроком на пять лет.

Совершено в г. Ташкенте 15 июля 2021 года в двух экземплярах, каждый на узбекском, русском и английском языках.
"""


def facts_of(text: str) -> tuple[str, tuple[Stated, ...]]:
    builder = TextBuilder()
    add_plain_text(builder, text)
    whole, blocks, _ = builder.build()
    return whole, stated(whole, blocks, structure(whole, blocks))


def values(text: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for fact in facts_of(text)[1]:
        found.setdefault(fact.kind, []).append(fact.value)
    return found


def test_an_english_agreement() -> None:
    assert values(ENGLISH.format(closing=CLOSING)) == {
        "party": ["Islamic Republic of Pakistan", "Republic of Uzbekistan"],
        "entry_into_force": ["1. This Agreement shall enter into force on the thirtieth day after the last notification."],
        "duration": ["five years"],
        "signed_at": ["Tashkent"],
        "signed_on": ["2021-07-15"],
        "language": ["ur", "uz", "en"],
    }


def test_a_russian_agreement() -> None:
    assert values(RUSSIAN) == {
        "party": ["Республики Узбекистан", "Исламской Республики Пакистан"],
        "entry_into_force": [
            "Настоящее Соглашение вступает в силу с даты последнего уведомления и заключается сроком на пять лет."
        ],
        "duration": ["пять лет"],
        "signed_at": ["Ташкенте"],
        "signed_on": ["2021-07-15"],
        "language": ["uz", "ru", "en"],
    }


def test_spans_hold_the_words() -> None:
    whole, facts = facts_of(ENGLISH.format(closing=CLOSING))
    words = {fact.kind: whole[fact.start : fact.end] for fact in facts}
    assert (words["signed_on"], words["signed_at"], words["duration"]) == ("15 July 2021", "Tashkent", "five years")
    assert words["language"] == "English"


@pytest.mark.parametrize(
    ("closing", "place", "day"),
    [
        ("Done at DHAKA this ELEVENTH day of APRIL One Thousand Nine Hundred Ninety Three", "Dhaka", "1993-04-11"),
        ("DONE at Belgrade on the thirteenth day of April, one thousand nine hundred and eighty-eight", "Belgrade", "1988-04-13"),
        ("Done in duplicate at Colombo this 1st day of August, 2002 in two originals", "Colombo", "2002-08-01"),
        ("Made at the city of Kyiv on July 6, 2001 in two valid copies", "Kyiv", "2001-07-06"),
        ("Executed in the City of Minsk on 10 October 2014 in one counterpart", "Minsk", "2014-10-10"),
        ("PERFORMED in Moscow on 26 February 1999 in one copy", "Moscow", "1999-02-26"),
        ("IN WITNESS WHEREOF, the undersigned have signed.\n\nDone at New York, 1 May 2020", "New York", "2020-05-01"),
    ],
)  # fmt: skip
def test_closing_formulas(closing: str, place: str, day: str) -> None:
    found = values(ENGLISH.format(closing=closing))
    assert (found["signed_at"], found["signed_on"]) == ([place], [day])


@pytest.mark.parametrize(
    ("agreed", "article", "closing", "place"),
    [
        ("Tomonlar quyidagilarga kelishib oldilar:", "{}-modda", "Toshkent shahrida 2021-yil 15-iyulda imzolandi.", "Toshkent"),
        ("Тарафлар қуйидагиларга келишиб олдилар:", "{}-модда", "Тошкент шаҳрида 2021 йил 15 июлда имзоланди.", "Тошкент"),
        ("Үкіметтер төмендегілер туралы келісті:", "{}-бап", "Астана қаласында 2021 жылғы 15 шілдеде жасалды.", "Астана"),
        ("Өкмөттөр төмөнкүлөр жөнүндө макулдашты:", "{}-берене", "Бишкек шаарында 2021-жылдын 15-июлунда түзүлдү.", "Бишкек"),
        (
            "Ҳукуматҳо дар бораи зерин созиш намуданд:",
            "Моддаи {}",
            "Дар шаҳри Душанбе 15 июли соли 2021 ба имзо расид.",
            "Душанбе",
        ),
        (
            "Taraplar aşakdakylar barada ylalaşdylar:",
            "{}-nji madda",
            "Aşgabat şäherinde 2021-nji ýylyň 15-nji iýulynda.",
            "Aşgabat",
        ),
        ("دولت‌ها بر موارد زیر توافق کردند:", "ماده {}", "در کابل به تاریخ ۱۵ جولای ۲۰۲۱ در دو نسخه امضا شد.", "کابل"),
        ("فریقین مندرجہ ذیل پر متفق ہیں:", "آرٹیکل {}", "بمقام اسلام آباد مورخہ ۱۵ جولائی ۲۰۲۱ دستخط ہوئے۔", "اسلام آباد"),
    ],
)
def test_the_languages_of_the_region(agreed: str, article: str, closing: str, place: str) -> None:
    parts = [agreed, *(f"{article.format(number)}\n\nA sentence of it." for number in (1, 2, 3)), closing]
    text, facts = facts_of("\n\n".join(parts))
    assert [fact.value for fact in facts] == [place, "2021-07-15"]
    builder = TextBuilder()
    add_plain_text(builder, text)
    made, blocks, _ = builder.build()
    units = [mark.pinpoint.unit for mark in structure(made, blocks).marks.values()]
    assert units == ["preamble", "article", "article", "article", "closing"]


def test_dates_of_force_that_the_text_gives() -> None:
    found = values(ENGLISH.format(closing=CLOSING + "\n\nThe Agreement is effective as of December 25, 2021."))
    assert found["in_force_since"] == ["2021-12-25"]
    found = values("Date of signing: July 15, 2021\n\nEffective date: December 25, 2021\n\nArticle 1\n\nGoods.")
    assert found == {"signed_on": ["2021-07-15"], "in_force_since": ["2021-12-25"]}


@pytest.mark.parametrize(
    "text",
    [
        "Signed in Tashkent on 15 July 2021, this Agreement enters into force soon.",
        "Done at last! On 15 July 2021 the Agreement was signed at Tashkent.",
        "Under Article 5 the Agreement shall enter into force on 1 May 2020.",
    ],
)
def test_news_state_nothing_of_themselves(text: str) -> None:
    assert values(text) == {}


def test_empty_metadata_are_filled_and_given_ones_kept() -> None:
    _, facts = facts_of(ENGLISH.format(closing=CLOSING))
    filled = completed(Metadata(status="signed"), facts)
    assert (filled.published, filled.status_date) == ("2021-07-15", "2021-07-15")
    assert filled.parties == ("Islamic Republic of Pakistan", "Republic of Uzbekistan")
    given = Metadata(published="2022", parties=("A",), status="in_force", status_date="2022-02-01")
    assert completed(given, facts) == given
    assert completed(Metadata(), facts).status == ""


def test_two_dates_of_signature_fill_nothing() -> None:
    _, facts = facts_of("Date of signing: June 6, 2001\n\nArticle 1\n\nGoods.\n\nMade at Kyiv on July 6, 2001 in two copies.")
    assert completed(Metadata(), facts).published == ""


@pytest.mark.parametrize(("day", "kept"), [("2021-07-15", True), ("2021-07", True), ("2021", True), ("2021-07-05", False)])
def test_a_header_is_left_out_where_the_text_contradicts_it(day: str, kept: bool) -> None:
    builder = TextBuilder()
    add_plain_text(builder, ENGLISH.format(closing=CLOSING))
    text, blocks, _ = builder.build()
    metadata, warnings = checked_header(Metadata(published=day), {"signed_on": day, "in_force_since": "2022-01-01"}, text, blocks)
    assert metadata.published == (day if kept else "")
    assert [day in warning and "15 July 2021" in warning for warning in warnings] == ([] if kept else [True])


def test_what_the_operator_gave_is_kept_with_a_word() -> None:
    text, facts = facts_of(ENGLISH.format(closing=CLOSING))
    assert disagreements(Metadata(kind="agreement", published="2021-08-01"), facts, text) == []
    (told,) = disagreements(Metadata(kind="agreement", published="2021-07-01"), facts, text)
    assert "2021-07-01" in told and "2021-07-15" in told
    (told,) = disagreements(Metadata(status="signed", status_date="2020-07"), facts, text)
    assert "2020-07 is not what the text itself says: 2021-07-15" in told


def test_header_lines() -> None:
    lines = "TITLE: A - B\nSIGNED: 1995-05-16\nIN FORCE: 1996-11-21\nSTATUS: In Force\nPARTIES: KGZ, MDA, YUG\n\n"
    header, rest = header_lines(lines + "Text.")
    assert header is not None and rest.strip() == "Text."
    assert header.raw == {
        "title": "A - B",
        "published": "1995-05-16",
        "kind": "agreement",
        "status": "in_force",
        "status_date": "1996-11-21",
        "countries": ["KG", "MD"],
        "parties": ["Kyrgyzstan", "Moldova"],
    }
    for text in ("TITLE: A\nText.", "TO: A\nFROM: B\nSUBJECT: C\n\nText.", "TITLE: A\nSIGNED: B\nNOTE: C\n\nText.", "Text."):
        assert header_lines(text) == (None, text)


@pytest.mark.parametrize(
    ("closing", "place"),
    [
        ("Done in two originals in the Hindi, Spanish and English languages on 15 July 2021.", []),
        ("Done in duplicate on 15 July 2021, each copy presented in Macedonian,", []),
        ("Done at This day of 15 July 2021", []),
        (f"Done on 15 July 2021 at {'.' * 71} in two originals each in Croatian, Serbian and English languages,", []),
        ("DONE at Ankara on July 15, 2021 in two originals in English language.", ["Ankara"]),
        ("Done in the Duplication at Ljubljana on 15 July 2021 in the English language.", ["Ljubljana"]),
    ],
)
def test_a_language_is_no_place(closing: str, place: list[str]) -> None:
    assert values(ENGLISH.format(closing=closing)).get("signed_at", []) == place


@pytest.mark.parametrize(
    ("clause", "since", "stated_clause"),
    [
        ("This Agreement shall enter into force on 1 July 2022.", ["2022-07-01"], True),
        ("This Agreement shall enter into force on 1 July 2022, provided that all Parties have ratified it.", [], True),
        ("This Agreement shall enter into force on 1 July 2022 in relation to those Parties which have deposited it.", [], True),
        ("This Agreement shall enter into force on 1 July 2022 and remain in force unless terminated.", ["2022-07-01"], True),
        ("If a Party withdraws, this Agreement shall expire when its withdrawal becomes effective.", [], False),
        ("This Agreement shall not enter into force before 1 July 2022.", [], False),
    ],
)
def test_a_date_under_a_condition_is_not_that_of_entry_into_force(clause: str, since: list[str], stated_clause: bool) -> None:
    text = ENGLISH.format(closing=CLOSING).replace(
        "1. This Agreement shall enter into force on the thirtieth day", f"1. {clause} X"
    )
    text = text.replace(" X after the last notification.", "")
    found = values(text)
    assert found.get("in_force_since", []) == since
    assert ("entry_into_force" in found) is stated_clause


def test_a_header_s_entry_into_force_before_the_signature_is_not_used() -> None:
    builder = TextBuilder()
    add_plain_text(builder, ENGLISH.format(closing=CLOSING))
    text, blocks, _ = builder.build()
    given = Metadata(status="in_force", status_date="1992-02-17")
    kept, warnings = checked_header(given, {"in_force_since": "1992-02-17"}, text, blocks)
    assert kept.status_date == ""
    assert "before the signature" in warnings[0]
    later = Metadata(status="in_force", status_date="2022-02-17")
    assert checked_header(later, {"in_force_since": "2022-02-17"}, text, blocks) == (later, ())


@pytest.mark.parametrize(
    ("preamble", "names"),
    [
        (
            "The members of the Organization (hereinafter referred to as ECO); the Republic of Kazakhstan, the Kyrgyz Republic, "
            "Turkmenistan and the Republic of Uzbekistan (hereinafter referred to as the Contracting Parties),",
            ["Republic of Kazakhstan", "Kyrgyz Republic", "Turkmenistan", "Republic of Uzbekistan"],
        ),
        (
            "The Republic of Tajikistan (hereinafter referred to as “Tajikistan”), on the one part, and Iceland and the Swiss "
            "Confederation (hereinafter referred to as “the States”), on the other,",
            ["Republic of Tajikistan", "Iceland", "Swiss Confederation"],
        ),
        (
            "Iceland and the Kingdom of Norway (hereinafter “the States”), on the one part,\n\nand Turkmenistan, on the other, "
            "hereinafter referred to as a Party,",
            ["Iceland", "Kingdom of Norway", "Turkmenistan"],
        ),
        ("Recalling the wish of Poland and Hungary to join,", []),
    ],
)
def test_parties_of_several_states(preamble: str, names: list[str]) -> None:
    head = "AGREEMENT ON SPECIMENS\n\n"
    rest = "\n\nhave agreed as follows:\n\nArticle 1\n\nGoods are goods.\n\nArticle 2\n\nGoods pass.\n\n" + CLOSING
    assert values(head + preamble + rest).get("party", []) == names
