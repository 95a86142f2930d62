"""What kind of answer a question wants, by its wording, in English, Russian and Urdu."""

from __future__ import annotations

import re
from typing import Literal, get_args

Kind = Literal[
    "article", "timeline", "comparison", "yes_no", "list", "date", "number", "person", "place", "keywords", "factoid"
]  # fmt: skip
KINDS: tuple[str, ...] = get_args(Kind)
#: What is looked for, in words, to be said to the asker.
LOOKED_FOR: dict[str, str] = {
    "article": "an article",
    "timeline": "events in order of date",
    "comparison": "values to compare",
    "yes_no": "whether it is so",
    "list": "several things",
    "date": "a date",
    "number": "a figure",
    "person": "a person",
    "place": "a place",
    "keywords": "what the documents say of these words",
    "factoid": "a statement",
}
_TIMELINE = re.compile(
    r"\b(?:timelines?|chronolog\w+|history of|with (?:their )?dates|in (?:chronological )?order|"
    r"by what (?:steps|stages)|step by step|over (?:the years|time)|sequence of|milestones?|"
    r"how (?:did|has|have) .{3,80} (?:chang|shift|develop|evolv|progress)\w*)\b|"
    r"хронолог\w+|поэтапно|(?:какие|каковы) (?:были )?этапы|со временем|как (?:менял|изменял|развивал)\w+|"
    r"ترتیب وار|تاریخ وار|کن مراحل|کیسے (?:بدل|آگے بڑھ)",
    re.I,
)
_COMPARISON = re.compile(
    r"\b(?:compar\w+|differ\w*|disagree\w*|(?:sources|figures|counts|reports|numbers|estimates|"
    r"dates)\b.{0,40}\bagree|conflict(?:s|ing)?|in conflict|contradict\w*|versus|vs\.?|odd|"
    r"(?:more|less|fewer|larger|smaller|longer|higher|lower|earlier|later|greater)(?: than|\b.{0,60}\bor))\b|"
    r"сравн\w+|по разным (?:данным|источникам)|отлича\w+|различ\w+|расх\w+ся|противореч\w+|(?:больше|меньше|"
    r"выше|ниже|длиннее|раньше|позже),? чем|"
    r"موازنہ|مختلف|متضاد|میں کیا فرق|کی نسبت",
    re.I,
)
_YES_NO = re.compile(
    r"^\W*(?:(?:is|are|was|were|do|does|did|has|have|had|can|could|may|must|shall|should|will|would)\b|"
    r"(?:правда|верно) ли\b|کیا\s)|\s(?:ли)\s",
    re.I,
)
_HEAD = r"(?!(?:was|is|does|has|its|this|as)\b)\w{2,}(?<![sui])s"  # a plural, by its ending
_VERB = (
    r"(?:are|were|do|does|did|have|has|exist|appear|there|can|must|should|will|may|of|in|for|on|and|take|took|participate|belong|"
    r"came|come|went|met|led|gave|made|began|joined|"
    r"\w{3,}ed)"
)
_LIST = re.compile(
    rf"^\W*(?:list|name|enumerate|перечисли\w*|назови\w*)\b|\b(?:which|what)\s+(?:[\w'’-]+\s+){{0,2}}{_HEAD}\s+{_VERB}\b|"
    r"\bкаки(?:е|ми|х)\b(?! (?:показател|услови))|\bкто (?:входит|участвовал)\b|کون کون|(?:کون سے|کون سی|"
    r"کونسے)(?=\s\S+(?:یں|وں|ے)\s)|کن کن|(?:^|\s)کن\s|فہرست",
    re.I,
)
_WHICH_ARTICLE = re.compile(
    r"\b(?:which|what) article\b|как(?:ая|ой|ую) стать|کون ?س[اےی] (?:آرٹیکل|دفعہ)|کس (?:آرٹیکل|دفعہ)", re.I
)
_ASKING = re.compile(
    r"[?؟？]|\b(?:what|which|who|whom|whose|when|where|why|how|tell|explain|describe|say|show|"
    r"что|как\w*|кто|кем|ком\w*|когда|где|куда|откуда|почему|зачем|сколько|чем|чей|расскажи\w*|о чём|о чем)\b|"
    r"(?:^|\s)(?:کیا|کب|کہاں|کون|کس|کتن[ایے]|کیوں|کیسے|بتا\w+)(?=\s|$|[؟?])",
    re.I,
)
_MARK = re.compile(r"[?؟？](?=\s|$|[\"'»”)\]])|？")


def kind_of(text: str, expected: str, article: str | None) -> Kind:
    """`expected` is the type of thing that answers: date, number, person, place or ""; `article` the one that is looked up."""
    if article or _WHICH_ARTICLE.search(text):
        return "article"
    for kind, pattern in _BEFORE:
        if pattern.search(text):
            return kind
    if not expected and _LIST.search(text):
        return "list"
    if expected in KINDS:
        return expected  # type: ignore[return-value]  # a Kind, as just seen
    return "factoid" if _ASKING.search(text) else "keywords"


_BEFORE: tuple[tuple[Kind, re.Pattern[str]], ...] = (("timeline", _TIMELINE), ("comparison", _COMPARISON), ("yes_no", _YES_NO))


def question_marks(text: str) -> int:
    """How many questions a text ends with a mark."""
    return len(_MARK.findall(text))
