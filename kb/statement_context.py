"""What a sentence leans on: the sentence before a pronoun, the heading over a table's row. Shown beside a quote, never in it."""

from __future__ import annotations

import re

from kb.evidence import is_statement
from kb.records import Hit, Passage
from kb.sentences import sentence_spans

_LEANING = re.compile(
    r"^[\"'«“(\[]*(?:(?:It|Its|He|His|She|Her|They|Their|This|These|That|Those|Such|Both|The (?:agreement|"
    r"document|protocol|treaty|project|"
    r"line|two sides|sides|parties|latter|former|same|figure|sum|visit|meeting|session|minister|ministers|president|talks))\b|"
    r"(?:Он|Она|Оно|Они|Его|Её|Ее|Их|Это|Этот|Эта|Эти|Тот|Та|Те|Там|Тогда|Документ|Соглашение|Стороны|Обе)\b|"
    r"(?:یہ|وہ|اس|ان|اُس|اُن|اسی|انہوں|جس|دونوں)(?=\s))"
)
_ENDS = ".!?۔؟)”»"
LONGEST = 300  # characters; a longer sentence before explains less than the heading


def context_of(hit: Hit, start: int, end: int, text: str = "") -> str:
    """For `hit.passage.text[start:end]`: the heading of a table's row; the sentence before one that begins with a pronoun, also
    where it ends the passage before in `text`, the document's; else the heading over it or the document's title. "" for a
    sentence that stands by itself."""
    passage, title = hit.passage, hit.document.metadata.title
    heading = passage.locator.section[-1] if passage.locator.section else title
    if passage.rows:
        return heading
    if not _LEANING.match(passage.text[start:end]):
        return ""
    return _last_sentence(passage.text[:start]) or _from_before(passage, start, text) or heading


def _from_before(passage: Passage, start: int, text: str) -> str:
    """The last sentence before the passage, unless a heading or the rest of something else stands there."""
    if sentence_spans(passage.text[:start]):
        return ""
    return _last_sentence(text[max(0, passage.locator.start - LONGEST - 1) : passage.locator.start])


def _last_sentence(before: str) -> str:
    """The last sentence, if it ends as one does, says something and is short; else ""."""
    spans = sentence_spans(before)
    if not spans or spans[-1][1] - spans[-1][0] > LONGEST:
        return ""
    last = before[slice(*spans[-1])]
    return last if last[-1] in _ENDS and is_statement(last) else ""
