"""As of when a sentence holds, where it tells what changes: a status, an office-holder, a target, the latest total.

The day is the sentence's own, of its row's column of dates, or its document's. It is said beside the quote, never in it.
"""

from __future__ import annotations

import re
from datetime import date

from kb.cells import cells_of, is_row
from kb.evidence import Evidence
from kb.question import Question
from kb.timespans import Timespan, timespans_of

_TARGET = re.compile(
    r"\btargets?\b|\bgoals? of\b|\b(?:is|are|was|were) (?:expected|due|planned|scheduled) (?:to|for|in|by)\b|\bdeadlines?\b|"
    r"\bexpected (?:date|completion)|\baimed (?:at|to)\b|\b(?:the )?aim (?:was|is)\b|"
    r"\bцел(?:ь|и|ью|ям)\b|\bдовести до|\bпланирует\w*|\bожидает\w*|ہدف|اہداف|متوقع|توقع ہے",
    re.I,
)
_CHANGES = re.compile(
    r"\b(?:(?:is|are|remains?|was|were|has been|not(?: yet)?|still) (?:\w+ )?(?:in force|valid|suspended|closed|shut|open|"
    r"operational|under (?:construction|negotiation|way|review)|being (?:built|negotiated|drafted)|pending|stalled|unfinished|"
    r"incomplete|negotiat\w+|ratified|signed|complete[d]?)|not yet|so far|currently|at present|to date|up to now|no longer)\b|"
    r"\b(?:в настоящее время|пока не|до сих пор|ещё не|еще не|действует|приостановлен\w*|закрыт\w*|строится|ведутся)\b|"
    r"اب تک|ابھی تک|فی الحال|نافذ ہے|معطل|بند ہے|زیر تعمیر|زیر غور|"
    r"\b(?:there (?:is|are)|has|have|stands? at|study|live|operates?|runs?|flies|fly|costs?|amounts? to)\b(?! been)",
    re.I,
)
_OFFICE = re.compile(
    r"\b(?:is|are) (?:the |now |currently |its |their )?(?:\w+ ){0,2}(?:president|prime minister|minister|ambassador|envoy|"
    r"secretary|head|chair\w*|governor|chief|director|coordinator)\b|\b(?:heads|leads|chairs|directs)\b|"
    r"\b(?:является|занимает пост|возглавляет)\b",
    re.I,
)
_ASKED = re.compile(
    r"\b(?:now|current\w*|today|still|latest|at present|status|already|so far|yet)\b|"
    r"^(?:who is|who are|is|are|has|have)\b|\bhow many\b.*\b(?:are|study|live|have|operate)\b|"
    r"\b(?:сейчас|действу\w+|статус|текущ\w+|последн\w+|уже|нынешн\w+)\b|موجودہ|اب |حیثیت|تازہ",
    re.I,
)


def as_of(question: Question, item: Evidence) -> str:
    """ "2025-12-04", "2025-12" or "2025"; "" for what stays as it is, and where nothing tells when it was said."""
    text = item.text
    planned = bool(_TARGET.search(text))
    if not (planned or _OFFICE.search(text) or (_CHANGES.search(text) and _ASKED.search(question.text))):
        return ""
    today = date.today().toordinal()
    said = _said_on(text)
    known = [span for span in said if span.first <= today] or list(timespans_of(item.candidate.hit.document.metadata.published))
    if (
        planned and len(said) == 2 and known
    ):  # "settled on 26 December that it apply from 1 February": the first is when it was said
        return min(known, key=lambda span: span.first).iso
    return max(known, key=lambda span: (span.last, -span.days)).iso if known else ""


def _said_on(text: str) -> list[Timespan]:
    """The dates on which the sentence can have been said; of a row that has a column for it, that one."""
    column = cells_of(text).as_of if is_row(text) else None
    return [column] if column else list(timespans_of(text))
