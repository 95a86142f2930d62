"""Where sentences begin and end, as spans of the text itself.

Our own rules and not spaCy's sentencizer. On the same lines that one knew "U.S." and "А. Б. Иванов" but cut "Art. | 5",
"No. | 5", "Rs. | 5 million" and "5 млн. | руб."; and it runs over the ends of table rows.
A citation cut there misquotes, and a question must not have to wait for spaCy's import (2 s).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# A stop, the marks that close a quotation or bracket after it; Chinese and Urdu stops need no space behind.
# A run of stops is looked at once, from its first: taken up again at each of them, 300,000 dots took minutes.
_STOP = re.compile(r"(?:(?<![.!?…؟])[.!?…؟]++[\"'»”’)\]]*+(?=\s|$)|[۔。！？]+[\"'»”’」』）)\]]*)")
# A new line ends a sentence except where a wrapped line goes on in small letters.
_LINE_END = re.compile(r"(?<![ \t\u00a0])[ \t\u00a0]*+\n\s*")
_ENUMERATION = re.compile(r"^[(\[]?(?:\d{1,3}(?:\.\d{1,3})*|[a-zа-я]|[ivxlIVXL]{1,6}|[A-Z])[)\]]?\.$")
_LAST_WORD = re.compile(r"([^\W\d_]+(?:\.[^\W\d_]+)*)\.[\"'»”’)\]]*$")
_ALWAYS = frozenset(  # what follows belongs to them
    "mr mrs ms dr prof gen col lt sgt capt hon rev st messrs sen rep gov amb no nos art arts para paras par pars sec secs ch "
    "chap cl fig figs tab vol pp p ed eds cf vs viz approx e.g i.e cit op est "
    "ст п пп гл разд рис табл прил им проф акад см ср напр т.е т.н ул пр просп обл тел".split()
)
_MAYBE = frozenset(  # may close a sentence: they do where a word follows that often opens one
    "etc inc ltd co corp dept jan feb mar apr jun jul aug sep sept oct nov dec u.s u.k u.n u.s.a u.a.e usd rs bn mn mln "
    "p.m a.m ph.d sr jr km kg ha г гг в вв млн млрд трлн тыс руб коп долл др проч т.д т.п т.к н.э км кг га сум".split()
)
_OPENERS = re.compile(
    r"[\"'«“‘(\[]*(?:The|A|An|It|In|On|At|He|She|They|We|This|These|That|Those|But|However|As|For|If|When|While|Both|Each|"
    r"Under|After|Before|Its|His|Her|There|By|To|No|Such|All|Any|Moreover|Meanwhile|"
    r"Это|Эта|Этот|Эти|Он|Она|Оно|Они|В|Во|На|По|При|Для|За|С|Со|К|И|Но|А|Также|Стороны|Кроме|Согласно|Как|Если|После|До)"
    r"(?=[\s,])"
)
LONGEST_WORD = 64  # characters looked at before a stop: abbreviations have ten, and a text without a sentence's end many stops
_CLOSING = "\"'»”’)]"


def sentence_spans(text: str) -> list[tuple[int, int]]:
    """Return half-open spans (start, end) of the sentences of `text`, in order, stripped, without overlap.

    Every character that is not white space is in exactly one span. No span crosses a blank line or a line end, unless the
    next line goes on with a small letter and neither line holds a table's tab or bar.
    """
    spans: list[tuple[int, int]] = []
    for first, last in _lines(text):
        start = first
        for stop in _STOP.finditer(text, first, last):
            end = stop.end()
            if end < last and _ends_here(text, start, stop.start(), end, last):
                _add(spans, text, start, end)
                start = end
        _add(spans, text, start, last)
    return spans


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for match in _LINE_END.finditer(text):
        after = text[match.end() : match.end() + 1]
        if match.group().count("\n") == 1 and after.islower() and not _tabular(text, start, match):
            continue
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _tabular(text: str, start: int, line_end: re.Match[str]) -> bool:
    following = text.find("\n", line_end.end())
    both = text[start : following if following >= 0 else len(text)]
    return "\t" in both or "|" in both


def _ends_here(text: str, start: int, stop: int, end: int, last: int) -> bool:
    """Does the stop at [stop, end) close the sentence that began at `start`?"""
    if text[stop] in "۔。！？":
        return True
    if end - start <= LONGEST_WORD and _ENUMERATION.match(text[start:end].strip()):
        return False
    follows = text[end : min(last, end + 40)].lstrip()
    if follows.lstrip("\"'«“‘([")[:1].islower():
        return False
    if text[stop] != "." or text.startswith("..", stop):
        return True
    word = _LAST_WORD.search(text[max(start, stop - LONGEST_WORD) : end])
    if word is None:
        return True
    name = word.group(1)
    if name.lower() in _ALWAYS:
        return text[end - 1] in _CLOSING
    if name.lower() in _MAYBE or (len(name) == 1 and name.isupper()) or _dotted(name):
        return _OPENERS.match(follows) is not None
    return True


def _dotted(name: str) -> bool:
    """U.S, Д.И, p.m: letters with stops between, an abbreviation we need not list."""
    return "." in name and all(len(part) == 1 for part in name.split("."))


def _add(spans: list[tuple[int, int]], text: str, start: int, end: int) -> None:
    piece = text[start:end]
    left = len(piece) - len(piece.lstrip())
    stripped = piece.strip()
    if stripped:
        spans.append((start + left, start + left + len(stripped)))
