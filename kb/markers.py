"""A language model's reply taken apart: its sentences, and the numbers of the passages that each points at.

Models put marks where they like ("said. [1]", "said [1].", "[1] said", "【1】", "[^1]", "[1, 3-5]") and dress text up (bold,
bullets, headings, links), whatever they were asked for. What is left is plain sentences; nothing here decides whether they are
true.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from kb.sentences import sentence_spans

MOST_IN_RANGE = 20  # "[1-999]" is no pointing
_MARKER = re.compile(
    r"(?P<space>[ \t\u00a0]*)[\[【［]\^?\s*(?P<numbers>\d{1,3}(?:\s*(?:[,;،、–-]|and|и|اور)\s*\d{1,3})*)\s*[\]】］](?!\()"
)
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(\d+)|(\d+)")
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?(?:</\1>|\Z)", re.S | re.I)
_FENCE = re.compile(r"^\s*(?:```|~~~).*$", re.M)
_LINE_START = re.compile(r"^[ \t]*(?:(?:[-*+•–—>]|#{1,6}|\d{1,2}[.)])[ \t]+)+", re.M)
_LINK = re.compile(r"!?\[([^\[\]\n]{1,300})\]\([^()\s]{1,500}\)")
_STRONG = re.compile(r"\*\*|__|(?<!\w)[*_](?=\w)|(?<=[\w.,;:!?…۔])[*_](?!\w)|`")
_KEPT = "\n\u200c\u200d"  # joiners are letters' company in Urdu and Persian


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of a reply without marks, and the numbers that it points at, in order, each once."""

    text: str
    markers: tuple[int, ...]


def claims_of(reply: str) -> list[Claim]:
    """The sentences of a reply in order. A number belongs to the sentence that it stands in or behind, at the start of a line
    to the one that follows."""
    text, places = _without_markers(_plain(reply))
    spans = sentence_spans(text)
    numbers: list[list[int]] = [[] for _ in spans]
    for place, found in places:
        at = _sentence_of(text, place, spans)
        if at is not None:
            numbers[at] += found
    pairs = zip(spans, numbers, strict=True)
    return [Claim(" ".join(text[start:end].split()), tuple(dict.fromkeys(found))) for (start, end), found in pairs]


def _sentence_of(text: str, place: int, spans: list[tuple[int, int]]) -> int | None:
    """Of a mark that stood at `place`; None where there is no sentence."""
    before, after = text[:place].rpartition("\n")[2], text[place:].partition("\n")[0]
    following = next((at for at, (start, _) in enumerate(spans) if start >= place), None)
    if not before.strip() and after.strip() and following is not None:
        return following
    return next((at for at in reversed(range(len(spans))) if spans[at][0] < place), following)


def _plain(reply: str) -> str:
    """The reply without what models wrap it in, and without characters that no reader sees."""
    text = reply.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair has no UTF-8
    unseen = ("Cc", "Cf", "Co", "Cn")
    text = "".join(c for c in text.replace("	", " ") if c in _KEPT or unicodedata.category(c) not in unseen)
    text = _FENCE.sub("", _THINKING.sub("", text))
    text = _LINK.sub(r"\1", _LINE_START.sub("", text))
    return _STRONG.sub("", text)


def _without_markers(text: str) -> tuple[str, list[tuple[int, list[int]]]]:
    """The text without marks, and where in it each stood with its numbers."""
    pieces: list[str] = []
    places: list[tuple[int, list[int]]] = []
    length = done = 0
    for match in _MARKER.finditer(text):
        piece = text[done : match.start()]
        pieces.append(piece)
        length += len(piece)
        places.append((length, _numbers(match["numbers"])))
        done = match.end()
    return "".join([*pieces, text[done:]]), places


def _numbers(written: str) -> list[int]:
    found: list[int] = []
    for first, last, single in _RANGE.findall(written):
        if single:
            found.append(int(single))
        elif int(first) <= int(last) < int(first) + MOST_IN_RANGE:
            found += range(int(first), int(last) + 1)
        else:
            found += [int(first), int(last)]
    return found
