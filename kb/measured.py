"""What a value measures: exports, a target, a length, a number of documents. One small table of words in three languages.

Two values are compared only if they measure the same; the table makes "memorandums", «документов» and «معاہدے» the same thing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from kb.cells import is_row
from kb.language import detect
from kb.quantities import Dimension, Quantity, quantities_of
from kb.question import ARABIC, EXPECTED, Question
from kb.words import FUNCTION_WORDS, WORD, stem, stems


@dataclass(frozen=True, slots=True)
class Measure:
    """`flow`: a sum over a period, so that other periods give other values. `words` are patterns of whole words.

    `many`: a country or project has many of them (loans, fees, agreements signed), so that two values are no
    conflict by themselves.
    """

    name: str
    dimensions: tuple[Dimension, ...]
    words: str
    flow: bool = False
    many: bool = False


_MEASURES = (
    Measure("exports", ("money", "mass"), r"export\w*|экспорт\w*|برآمد\w*", True),
    Measure("imports", ("money", "mass"), r"import(?!an)\w*|импорт\w*|درآمد\w*", True),
    Measure("remittances", ("money",), r"remittance\w*|денежн\w+ перевод\w*|ترسیلات", True),
    Measure("trade", ("money",), r"trade(?! (?:agreement|ministe|house|envoy|fair|route))|turnover|товарооборот\w*|"
        r"торговл\w+|تجارت|تجارتی حجم", True),
    Measure("investment", ("money",), r"invest(?:ment|ed|s)?\w*|инвестиц\w+|سرمایہ کاری", many=True),
    Measure("loan", ("money",), r"loans?|credits?|grants?|кредит\w*|заем|займ\w*|грант\w*|قرض\w*|گرانٹ", many=True),
    Measure("cost", ("money",), r"costs?|costing|price tag|costed|стоимост\w+|стои\w+|لاگت"),
    Measure("price", ("price", "money"), r"prices?|priced|tariff|цен[аыуе]|тариф\w*|قیمت|نرخ"),
    Measure("fee", ("price", "money"), r"fees?|duty|duties|fine|пошлин\w+|сбор\w*|штраф\w*|فیس|محصول", many=True),
    Measure("length", ("length",), r"lengths?|long|протяж[её]нност\w+|длин\w+|لمبائی|طویل"),
    Measure("capacity", ("power", "volume", "energy"), r"capacit\w+|power|мощност\w+|صلاحیت|گنجائش|megawatts?|"
        r"мегаватт\w*|میگاواٹ"),
    Measure("share", ("percent",), r"shares?|shared|percentage|дол[яюеи]|процент\w*|حصہ|حصے|فیصد", many=True),
    Measure("growth", ("percent",), r"growth|grew|ris(?:e|en)|rose|fell|drop\w*|increas\w+|рост|выр\w+|اضافہ|کمی", many=True),
    Measure("duration", ("duration",), r"valid\w*|duration|срок\w*|مدت", many=True),
    Measure(
        "documents",
        ("count",),
        r"documents?|agreements?|memorand(?:um|ums|a)|mous?|accords?|pacts?|instruments?|документ\w*|соглашени\w+|"
        r"меморандум\w*|"
        r"договор\w*|دستاویز\w*|معاہد\w+|یادداشت\w*",
        many=True,
    ),
    Measure("students", ("count",), r"students?|study|studying|студент\w*|учатся|طلبہ|طلبا|طالب علم\w*"),
    Measure("permits", ("count",), r"permits?|разрешени\w+|پرمٹ\w*|اجازت نام\w+", many=True),
    Measure("flights", ("count",), r"flights?|рейс\w*|پرواز\w*", many=True),
    Measure("vehicles", ("count",), r"trucks?|lorr(?:y|ies)|vehicles?|грузовик\w*|ٹرک\w*", many=True),
    Measure("containers", ("count",), r"containers?|TEUs?|контейнер\w*|کنٹینر\w*", many=True),
    Measure("people", ("count",), r"population|inhabitants|населени\w+|آبادی"),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in _MEASURES})
_WORDS = re.compile("|".join(rf"(?<!\w)(?P<{m.name}>{m.words})(?!\w)" for m in _MEASURES), re.I)
_PLANNED = re.compile(
    r"\b(?:targets?|goals?|aim\w*|expect\w*|plan(?:s|ned)?|propos\w*|should|could|reach|potential|deadlines?|"
    r"envisag\w*|count(?:s|ed) on|hop(?:es?|ed)|within (?:\w+ or )?(?:\w+|\d+) years)\b|\bв течение \w+ лет|"
    r"\b(?:цел\w+|довести|планир\w+|ожида\w+|предлож\w+|должен|должн\w+|потенциал\w*)|ہدف|اہداف|توقع|تجویز|منصوبہ بند",
    re.I,
)
_PARTS = re.compile(
    r"(?P<section>\b(?:stages?|sections?|segments?|stretch|phases?|этап\w*|участ(?:ок|к[аеу]))\b|مرحلہ|مرحلے)|"
    r"(?P<share>\b(?:per (?:country|side|party|year)|(?:for )?each|каждо\w+)\b|فی ملک|ہر ایک)|"
    r"(?P<done>\b(?:built|laid|welded|erected|so far|already|progress\w*|completed|remain\w*|построено|уложено|уже|готов\w*)\b|"
    r"مکمل ہو)",
    re.I,
)
_COUNT = re.compile(r"\bhow many\b|\bnumber of\b|\bсколько\b|\bчисло\b|کتن[ایے]|تعداد", re.I)
_LONG = re.compile(r"\bhow (?:long|far)\b|\bкак долго\b|کتن[ایے] (?:دیر|لمب)", re.I)
_LENGTH = re.compile(r"\bhow far\b|\bhow long (?:is|are|was|were)\b(?!.*\b(?:valid|last|stay|take|open|closed)\w*)|لمب", re.I)
DATE_ASKED = dict(EXPECTED)["date"]
_DAYS = re.compile(
    r"\b(?:which|what|different) (?:\w+ )?(?:days?|dates?)\b|\bagree (?:on|about) the (?:day|date)\b|\bкакие даты\b|تاریخیں", re.I
)
# "Was the run of 2023 the first?" asks whether another came before.
_FIRST = re.compile(r"^(?:was|were|is|did)\b.*\bfirst\b|\bперв\w+ ли\b|^کیا .*پہل[ایے]", re.I)
_COMPARES = re.compile(
    r"\b(?:differ(?:s|ed|ent|ence\w*)?|agree|disagree\w*|conflict\w*|contradict\w*|discrepan\w*|estimates|figures|"
    r"reports|sources|counts)\b|"
    r"расход|противореч|разн\w+|различ|مختلف|متضاد|تضاد|اختلاف",
    re.I,
)
_UNIT_ASKED: tuple[tuple[re.Pattern[str], Dimension], ...] = (
    (re.compile(r"(?:megawatt|gigawatt|kilowatt)[- ]?hours?|кВт[·-]?ч|МВт[·-]?ч", re.I), "energy"),
    (re.compile(r"megawatts?|gigawatts?|\bMW\b|МВт|мегаватт|میگاواٹ", re.I), "power"),
    (re.compile(r"kilomet(?:re|er)s?|\bkm\b|километр|کلومیٹر", re.I), "length"),
    (re.compile(r"\btonn?e?s?\b|тонн|ٹن\b", re.I), "mass"),
    (re.compile(r"\b(?:days?|hours?|months?|weeks?)\b|\bдней\b|\bчасов\b|گھنٹ|دن\b", re.I), "duration"),
    (re.compile(r"per\s?cent|процент|فیصد", re.I), "percent"),
    (re.compile(r"\b(?:dollars?|USD|money)\b|доллар|ڈالر", re.I), "money"),
)
#: Words of questions and headings on figures themselves: they say nothing of what is measured.
ABOUT_FIGURES = frozenset(
    stem(word)
    for word in """figure figures number numbers data value values estimate estimates statistics conflict conflicts conflicting
    differ different difference agree disagree look like compare odd come came exist appear source sources
    report reported reports according two total around odd said state stated give gave given cite cited count
    counts what which цифра цифры данные данным разным разные источники источник расхождение сведения сообщают
    значение год году года year years month سال ماہ اعداد شمار ذرائع مختلف""".split()
)
_MUCH = re.compile(r"\bсколько (?:состав\w+|достиг\w+|стои\w+)", re.I)
BARE = 1_000  # from which on a number without a unit may be of money: "trade rose to 122 million", but no 29 containers
_HOW = re.compile(r"\bhow (?:often|soon|long|far|high|deep|wide|many)\b", re.I)
_METRES = r"\d[\d.,]*(?:[\s-](?:km|kilomet\w+|m|met\w+|км|м|کلومیٹر|میٹر))?[\s-]"
#: What extends how: how it is asked for, and how a figure says it.
_EXTENTS: tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\b(?:{words})\b|{more}", re.I), re.compile(rf"{_METRES}(?:{told})|\b(?:{behind})\b \d", re.I))
    for name, words, more, told, behind in (
        ("length", "how long|length", "длин|протяж|لمب", "long|طویل|لمب", "длиной|протяжённостью"),
        ("width", "how (?:wide|broad)|width", "ширин|چوڑ", "wide|broad|چوڑ", "шириной"),
        ("height", "how (?:high|tall)|height|altitude", "высот|بلند", "high|tall|above sea|بلند", "высотой"),
        ("depth", "how deep|depth", "глубин|گہر", "deep|گہر", "глубиной"),
    )
)
_UNITS_ALONE: frozenset[Dimension] = frozenset(("energy", "mass"))  # of the others figures without their unit may be meant
_CLAUSE = re.compile(r"[,;](?!\d)|\b(?:and|but|while|whereas|with|а|но)\b|جبکہ", re.I)
_AMOUNT = re.compile(r"\d[\d.,]*\d (?=million|billion|млн|млрд|ملین|ارب)|\d (?=million|billion|млн|млрд|ملین|ارب)")
_SUM = re.compile(r"\d.*(?:USD|dollar|долл|ڈالر)|(?:USD|\$)\s?\d", re.I)
_NEXT = re.compile(r"[,;.]|\b(?:and|but|while|и|а)\b|اور", re.I)
_BETWEEN = 200  # characters that a figure between a word and a value puts between them
_BEHIND = 8  # "exports of USD 5 million" is more usual than "USD 5 million of exports"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question wants a value of: `measures` by name, `nouns` counted ones, `planned` a target and no figure reached,
    `parts` if it asks of a part (see `parts_of`); `compared`: it asks how sources differ."""

    dimensions: frozenset[Dimension]
    measures: frozenset[str]
    nouns: frozenset[str]
    planned: bool
    parts: frozenset[str]
    compared: bool


def asked(question: Question) -> Asked:
    """What kinds of value would answer; no dimensions where the question asks for none."""
    text = question.text
    named = {name for name, _, _ in named_measures(text)}
    units = [dimension for pattern, dimension in _UNIT_ASKED if pattern.search(text)]
    nouns: frozenset[str] = frozenset()
    counted = _COUNT.search(text)
    dated = _DAYS.search(text) or _FIRST.search(text) or (DATE_ASKED.search(text) if question.expected == "date" else None)
    # In "how many were signed when he came" the second question word asks nothing.
    dimensions: set[Dimension] = {"date"} if dated and not (counted and counted.start() < dated.start()) else set()
    of_amount = {name for name in named if "count" not in MEASURES[name].dimensions}
    if _LONG.search(text):
        dimensions |= {"length"} if _LENGTH.search(text) else {"length", "duration"}
        named = set()
    # Urdu asks "how many" and "how much" alike: what is measured tells which; so does Russian before a verb.
    elif counted and (units or not of_amount or not (ARABIC.search(text) or _MUCH.search(text))):
        dimensions |= set(units[:1]) or {"count"}
        words = [word for word in WORD.findall(text[counted.end() :])[:3] if word.casefold() not in FUNCTION_WORDS]
        nouns = frozenset(map(stem, words)) - ABOUT_FIGURES
        named = {name for name in named if dimensions & set(MEASURES[name].dimensions)}
    elif not dimensions and of_amount:
        named = of_amount
        dimensions = {dimension for name in named for dimension in MEASURES[name].dimensions}
    elif not dimensions and compares(text):
        dimensions = {"count"}
        nouns = frozenset(s for s in question.stems if not s.isdigit()) - ABOUT_FIGURES
    return Asked(frozenset(dimensions), frozenset(named), nouns, is_planned(text), parts_of(text), compares(text))


def compares(text: str) -> bool:
    """Whether a text says or asks that sources differ: "differ", "the estimates", «по разным данным», "مختلف"."""
    return bool(_COMPARES.search(text))


@lru_cache(maxsize=4096)  # of a sentence with several values each asks
def named_measures(text: str) -> tuple[tuple[str, int, int], ...]:
    """(measure, start, end) of the words of the table in a text, in order."""
    return tuple((str(match.lastgroup), match.start(), match.end()) for match in _WORDS.finditer(text))


def is_flow(name: str) -> bool:
    """Whether a measure is a sum over a period; "" is none."""
    return name in MEASURES and MEASURES[name].flow


def parts_of(text: str) -> frozenset[str]:
    """What keeps a text's figures from being of the whole: a "section", a "share" for each, how much is "done"."""
    return frozenset(str(match.lastgroup) for match in _PARTS.finditer(text))


def is_planned(text: str) -> bool:
    """Whether a text speaks of what is aimed at, and not of what was reached."""
    return bool(_PLANNED.search(text))


def only_aimed_at(question: Question, text: str) -> bool:
    """Whether a question asks what a flow came to ("How much is trade with …?") and all sums of a text are what was aimed at."""
    wanted = asked(question)
    if wanted.planned or wanted.compared or not any(is_flow(name) for name in wanted.measures):
        return False
    clauses = [clause for clause in _CLAUSE.split(text) if _SUM.search(clause)]
    aims = {number for clause in clauses if is_planned(clause) for number in _AMOUNT.findall(clause)}
    return bool(clauses) and all(is_planned(clause) or set(_AMOUNT.findall(clause)) <= aims for clause in clauses)


def gives_another_measure(question: Question, text: str) -> bool:
    """Whether a text cannot give the figure that a question asks for: it counts no such things, has no such unit, or has only
    another measure of the same dimension ("cost" for "price")."""
    wanted = asked(question)
    if question.kind != "number" or wanted.compared:
        return False
    if _has_other_extent(question.text, text):
        return True
    told = {name for name, _, _ in named_measures(text)}
    of_money = all("money" in MEASURES[name].dimensions for name in wanted.measures) and not _HOW.search(question.text)
    if wanted.measures and of_money and not any(_may_be_of(one, wanted.dimensions, text) for one in quantities_of(text)):
        return True
    if told & wanted.measures:
        return False
    if wanted.dimensions == {"count"}:
        nouns = wanted.nouns - {one for mention in question.entities for one in stems(mention.text)}
        if not nouns or nouns & set(stems(text)) or detect(text) != question.language:
            return False
        others = {name for name in told if "count" in MEASURES[name].dimensions}
        return bool(others) or not any(one.dimension == "count" for one in quantities_of(text))  # "members" may be "panelists"
    units = wanted.dimensions & _UNITS_ALONE
    if units and not any(one.dimension in units for one in quantities_of(text)):
        return True
    flows = {name for name in told if is_flow(name)} if any(is_flow(name) for name in wanted.measures) else set()
    alike = {
        name for name in told if set(MEASURES[name].dimensions) & {d for n in wanted.measures for d in MEASURES[n].dimensions}
    }
    return bool(wanted.measures and alike and not flows)


def _may_be_of(told: Quantity, dimensions: AbstractSet[Dimension], text: str) -> bool:
    """Whether a quantity is of the dimensions, or of money whose unit stands elsewhere, as in a table's head."""
    return told.dimension in dimensions or (told.dimension == "count" and (told.high >= BARE or is_row(text)))


def _has_other_extent(question: str, text: str) -> bool:
    """Whether a text measures only another extent of a thing than is asked for: "14 km wide" is no length."""
    asked_for = {name for name, words, _ in _EXTENTS if words.search(question)}
    told = {name for name, _, figure in _EXTENTS if figure.search(text)}
    return bool(asked_for and told) and not asked_for & told


def measure_of(text: str, value: Quantity, others: Sequence[Quantity], context: str) -> str:
    """The measure whose word stands nearest to the value and fits its dimension, or "".

    Where the text has none, a flow may be named in the context: a title "Trade figures".
    """
    best, nearest = "", 10_000
    for name, start, end in named_measures(text):
        if value.dimension not in MEASURES[name].dimensions:
            continue
        before = end <= value.start
        low, high = (end, value.start) if before else (value.end, start)
        between = any(low <= other.start < high for other in others if other is not value)
        if between and not before:  # "of the USD 91 million, USD 57 million were exports" calls the second exports alone
            continue
        if not before and _NEXT.search(text, low, high):  # "to USD 14 million and imports rose" goes on to something else
            continue
        distance = high - low + (_BETWEEN if between else 0) + (0 if before else _BEHIND)
        if distance < nearest:
            best, nearest = name, distance
    if best:
        return best
    of_context = [name for name, _, _ in named_measures(context) if value.dimension in MEASURES[name].dimensions]
    return of_context[-1] if of_context and MEASURES[of_context[-1]].flow else ""
