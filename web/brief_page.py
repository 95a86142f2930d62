"""An answer on one page to print: what was asked, what the documents say, and the sources in full with their quotes."""

from __future__ import annotations

from dataclasses import dataclass

from kb.citation_styles import in_style
from kb.citations import Work
from kb.records import Answer
from web.present import Published, published
from web.result_page import AnswerCard, Asked, answer_card

STYLE = "Chicago"


@dataclass(frozen=True, slots=True)
class Note:
    """A source: its number in the answer, its citation, and the words that were cited."""

    marker: int
    text: str
    quote: str
    language: str
    direction: str
    href: str


@dataclass(frozen=True, slots=True)
class BriefPage:
    question: str
    card: AnswerCard
    notes: tuple[Note, ...]
    address: str
    permalink: str
    published: Published


def brief_page(answer: Answer, works: list[Work], asked: Asked, host: str) -> BriefPage:
    """`works` are those of the answer's citations, in order; `host` is what stands before a path."""
    card = answer_card(answer, asked)
    notes = tuple(
        Note(one.marker, in_style(STYLE, cited).text, one.quote, one.source.language, one.source.direction, one.source.href)
        for one, cited in zip(card.cited, works, strict=False)
    )
    return BriefPage(asked.question, card, notes, asked.address(), host + card.permalink, published(answer.index))
