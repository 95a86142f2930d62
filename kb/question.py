"""What a question asks: its language, what type of thing would answer it, the numbers and article it names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from kb.errors import BadRequest
from kb.gazetteer import Gazetteer
from kb.language import detect
from kb.periods import period_of
from kb.preferred import without_standing
from kb.question_kind import Kind, kind_of
from kb.records import Mention, Period
from kb.words import query_stems

MAX_CHARACTERS = 2000  # far above any question; the model reads about 1,800 characters of it
Expected = Literal["date", "number", "person", "place", ""]

# Question words by what they ask for; the first that matches decides, so "how long" stands before "how".
# Beside our three interface languages those in which questions come: Uzbek, Kazakh, Kyrgyz, Turkish, Persian, Hindi.
EXPECTED: tuple[tuple[Expected, re.Pattern[str]], ...] = (
    ("date", re.compile(r"\b(when|since when|what date|(?:which|what) (?:date|year|month|day)|on what day)\b|"
                        r"\bкогда\b|\bс какого|"
                        r"как(ого|ой|ом) (числа|году|год|дат|месяц)|дат[аы]\b|کب|کس (سال|تاریخ|دن|مہینے)|"
                        r"\b(?:qachon|қачон|қашан|качан|ne zaman|hangi (?:tarih|yıl)\w*)\b|چه (?:زمانی|وقت|تاریخی|سالی)|"
                        r"कब|किस (?:वर्ष|साल|दिन)",
                        re.I)),
    ("number", re.compile(r"\b(how (many|much|long|far|large|big|often|high|wide|deep)|what (?:(?:is|was|are|"
                          r"were) (?:the )?)?(?:total )?"
                          r"(share|percentage|length|distance|width|height|capacity|price|value|number|amount|sum|rate|population))\b|"
                          r"\bwhat (?:[\w-]+ ){0,2}figure\b|\band what (?:was|is) it\b|"
                          r"\bсколько\b|как(?:ова?|ую|ое|ой) (?:был[ао]? )?(?:общ\w+ )?(цен|протяж|длин|ширин|"
                          r"высот|расстоян|мощност|сумм|стоимост|"
                          r"дол[яюи]|числ|количеств|населен)|каков (экспорт|импорт|объ)|کتن[ایے]|"
                          r"\b(?:qancha|nechta|қанча|қанша|неше|канча|kaç|ne kadar)\b|"
                          r"چقدر|چه مقدار|چند (?:کیلومتر|نفر|میلیون)|कितन[ाीे]",
                          re.I)),
    ("person", re.compile(r"\b(who|whom|whose)\b|\bкто\b|\bкем\b|کون(?! ?س[اےی])|کس نے|"
                          r"\b(?:kim|kimlar|kimler|кім|ким)\b|چه کسی|چه کسانی|किसने|कौन (?:है|थ)", re.I)),
    ("place", re.compile(r"\b(where|which (city|port|place|crossing))\b|\bгде\b|\bкуда\b|کہاں|کس (?:شہر|مقام|اڈے)|"
                         r"\b(?:qayerda|қаерда|қайда|кайда|nerede)\b|کجا|कहाँ|कहां", re.I)),
)  # fmt: skip
#: "latest trade with Turkmenistan", "What is the price of …?": a figure is wanted, and no question word says so.
_FIGURE = re.compile(
    r"^\W*(?:(?:what(?:['’]?s| is| was| are| were)|каков[аоы]?|tell me|give me|show me)\s+)?"
    r"(?:(?!(?:why|how|which|what|who|when|where|does|do|did|is|are|was|were)\b)[\w'’–-]+\s+){0,4}?"
    r"(?:(?:trade|exports|imports|turnover|price|cost|fare|length|capacity|tariff)(?! (?:agreement|target|goal|minist|route|"
    r"cent|deal|pact|fair|house|mission|envoy|corridor|treaty|policy|rules|partner)\w*)|trade (?:target|goal)s?|"
    r"торговля|товарооборот|экспорт|импорт|цена|стоимость)\b|"
    r"^\W*(?:\S+\s+){1,6}(?:تجارت|برآمدات|درآمدات|قیمت|لاگت|لمبائی)\W*$|"
    r"^(?!.*\b(?:why|how|which|who|where)\b).*\b(?:number of|count$)",
    re.I,
)
#: The same of a date: "TAPI completion date", "dates of the visit".
_DATE_WANTED = re.compile(
    r"^(?!.*\b(?:why|how|which|who|where|do|does|did|differ\w*|agree)\b).*\b(?:dates? of|"
    r"(?:completion|signing|signature|start|opening|launch|founding|closing|target|ratification|visit) dates?)\b",
    re.I,
)
# A question word before it, and neither a comma nor "and", "on", "since" between the clause and it.
_WHEN_TOLD = re.compile(
    r"^.*\b(?:what|which|how|who|whom|where|why|is|are|was|were|did|does|do)\b.*(?<!\band)(?<!\bor)(?<!\bsince)(?<!\bby)(?<!\bon)(?<!\buntil)"
    r"(?<!\bfrom)(?<!\bof)(?<!\babout)(?<![,;:]) when$|"
    r"^.*\b(?:что|какие|сколько|кто|кем|как)\b.*\bкогда$(?<!и когда)(?<!, когда)",
    re.I,
)
MONTHS = (
    "january february march april may june july august september october november december "
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря "
    "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре "
    "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر"
).split()
YEAR = r"(?:19|20)\d{2}"
DATE = re.compile(rf"\b{YEAR}\b|\b(?:{'|'.join(MONTHS)})\b", re.I)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
ORDINALS = {
    word: str(number)
    for number, word in enumerate("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 1)
}
CAPITALISED_PAIR = re.compile(r"[A-ZА-ЯЁ][\w'’.-]+\s+(?:[a-z]{2,3}\s+)?[A-ZА-ЯЁ][\w'’-]+")
ARABIC = re.compile(r"[\u0600-\u06ff]")
ARTICLE = re.compile(
    r"\b(?:article|art\.|стать[яеёиюй]+|ст\.|моддаи|madde)\s*(?:№\s*|-\s*)?((?:\d+(?:\.\d+)*(?:-\d{1,2}(?!\d))?(?:\s?(?:bis|ter|quater)\b)?|[IVX]+|(?-i:[IVXLC]+)))\b"
    r"|(?:آرٹیکل|دفعہ)\s*(?:نمبر\s)?([\d۰-۹]+)",
    re.I,
)
ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100}


@dataclass(frozen=True, slots=True)
class Question:
    """A question understood. `article` is the number of one it looks up; `period` is the one that it asks about.

    `numbers` are those that an answer has to name: without the article's, without the bounds of a range ("since 2021"), with the
    year that "last year" means.
    """

    text: str
    language: str
    expected: Expected
    stems: tuple[str, ...]
    numbers: tuple[str, ...]
    article: str | None
    entities: tuple[Mention, ...]
    kind: Kind
    period: Period | None


def understand(text: str, gazetteer: Gazetteer, today: date | None = None) -> Question:
    """`today` is what "last year" counts from (None: this machine's day).

    Raises BadRequest for a text without words or longer than MAX_CHARACTERS.
    """
    text = " ".join(text.replace("\0", " ").split())
    if len(text) > MAX_CHARACTERS:
        raise BadRequest(f"the question has {len(text):,} characters; at most {MAX_CHARACTERS:,} are taken. Ask for one thing.")
    stems = tuple(query_stems(without_standing(text)))
    if not stems:
        raise BadRequest("the question is empty; ask in words, for example: When was the QTTA signed?")
    article = ARTICLE.search(text)
    rest = text[: article.start()] + text[article.end() :] if article else text
    expected: Expected = min(expected_in(text), default=(0, _wanted(text)))[1]
    looked_up = arabic(article[1] or article[2]) if article else None
    period = period_of(rest, today or date.today())
    entities = gazetteer.find(text)
    return Question(
        text=text,
        language=detect(_without(text, entities)),
        expected=expected,
        stems=stems,
        numbers=_to_be_named(rest, period),
        article=looked_up,
        entities=entities,
        kind=kind_of(text, expected, looked_up),
        period=period,
    )


def _without(text: str, mentions: Sequence[Mention]) -> str:
    """The text without names: in a short question ("Turkmenistan visa") their letters decide what language it seems to be in.
    With them where nothing else is left."""
    rest = text
    for mention in reversed(mentions):
        rest = rest[: mention.start] + rest[mention.end :]
    return rest if any(map(str.isalpha, rest)) else text


def _wanted(text: str) -> Expected:
    """What a question without a question word asks for, as far as its nouns tell."""
    return "date" if _DATE_WANTED.match(text) else "number" if _FIGURE.match(text) else ""


def expected_in(text: str) -> list[tuple[int, Expected]]:
    """Where the wording asks for a thing of which type, a type once. "How many were signed when he came" asks for no date."""
    found: list[tuple[int, Expected]] = []
    for kind, pattern in EXPECTED:
        matches = (m for m in pattern.finditer(text) if not (kind == "date" and _WHEN_TOLD.search(text[: m.end()])))
        match = next(matches, None)
        if match:
            found.append((match.start(), kind))
    return found


def _to_be_named(text: str, period: Period | None) -> tuple[str, ...]:
    if period and period.ranged:
        return tuple(dict.fromkeys(numbers_in(text.replace(period.text, " "))))
    if period is None:
        return tuple(dict.fromkeys(numbers_in(text)))
    if not any(map(str.isdigit, period.text)):
        return tuple(dict.fromkeys([*numbers_in(text), period.start[:4]]))
    figures = re.sub(r"[^\W\d]+", " ", period.text)  # "second half of 2023" asks for 2023, not for 2
    return tuple(dict.fromkeys(numbers_in(text.replace(period.text, figures))))


def numbers_in(text: str) -> list[str]:
    """The numbers of a text in one spelling: 1,250.50 and 1250.5 and 1 250,5 are alike; a lone comma or point is decimal.

    English ordinals to twelfth are numbers too: the eighth session is not the seventh.
    """
    joined = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3}\b)", "", text)
    ordinals = [ORDINALS[word] for word in re.findall(r"[a-z]+", joined.lower()) if word in ORDINALS]
    return [_plain(number) for number in NUMBER.findall(joined)] + ordinals


def articles_in(text: str) -> set[str]:
    """Numbers of the articles that a text names or heads: {"5"} for "Article V" and "Article 5"."""
    return {arabic(match[1] or match[2]) for match in ARTICLE.finditer(text)}


def _plain(number: str) -> str:
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", number):
        number = number.replace(",", "")
    number = number.replace(",", ".")
    whole, _, fraction = number.partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole.lstrip('0') or '0'}.{fraction}" if fraction else (whole.lstrip("0") or "0")


def has_expected(expected: Expected, sentence: str) -> bool:
    """Whether a sentence holds a thing of the expected type; true where that cannot be told from the writing."""
    if expected == "date":
        return bool(DATE.search(sentence))
    if expected == "number":
        return bool(re.search(r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|every)\b|\bкажд", sentence, re.I))
    if expected in ("person", "place"):  # Arabic script has no capitals
        return bool(
            ARABIC.search(sentence) or CAPITALISED_PAIR.search(sentence) or (expected == "place" and _inner_capital(sentence))
        )
    return True


def _inner_capital(sentence: str) -> bool:
    return any(word[:1].isupper() for word in sentence.split()[1:])


def arabic(number: str) -> str:
    """An article's number in digits: "V" → "5", "۵" → "5", "4 BIS" → "4bis"; "4.03" stays."""
    if number.isdecimal():
        return str(int(number))
    if number[0].isdigit():
        return "".join(number.lower().split())
    values = [ROMAN[letter] for letter in number.upper()]
    pairs = zip(values, [*values[1:], 0], strict=True)
    return str(sum(-value if value < following else value for value, following in pairs))
