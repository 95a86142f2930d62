"""What a sentence leans on: the sentence before a pronoun, the heading over a table's row. Shown beside a quote, never in it."""

from __future__ import annotations

import re

from kb.evidence import is_statement
from kb.records import Hit
from kb.sentences import sentence_spans

_LEANING = re.compile(
    r"^[\"'«“(\[]*(?:(?:It|Its|He|His|She|Her|They|Their|This|These|That|Those|Such|Both|The (?:agreement|"
    r"document|protocol|treaty|project|"
    r"line|two sides|sides|parties|latter|former|same|figure|sum|visit|meeting|session|minister|ministers|president|talks))\b|"
    r"(?:Он|Она|Оно|Они|Его|Её|Ее|Их|Это|Этот|Эта|Эти|Тот|Та|Те|Там|Тогда|Документ|Соглашение|Стороны|Обе)\b|"
    r"(?:یہ|وہ|اس|ان|اُس|اُن|اسی|انہوں|جس|دونوں)(?=\s))"
)
LONGEST = 300  # characters; a longer sentence before explains less than the heading


def context_of(hit: Hit, start: int, end: int) -> str:
    """For `hit.passage.text[start:end]`: the heading of a table's row; the sentence before one that begins with a pronoun, else
    the heading over it or the document's title. "" for a sentence that stands by itself."""
    passage, title = hit.passage, hit.document.metadata.title
    heading = passage.locator.section[-1] if passage.locator.section else title
    if passage.rows:
        return heading
    if not _LEANING.match(passage.text[start:end]):
        return ""
    before = [span for span in sentence_spans(passage.text) if span[1] <= start]
    if before and before[-1][1] - before[-1][0] <= LONGEST and is_statement(passage.text[slice(*before[-1])]):
        return passage.text[slice(*before[-1])]
    return heading
