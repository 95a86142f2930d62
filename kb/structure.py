"""The parts of a document's text: pieces, pages, rows, places, names, references. Frozen values without I/O.

Part of the nouns in `kb.records`, which gives them too: import them from there.
"""

from __future__ import annotations

from dataclasses import dataclass

BLOCK_KINDS = ("heading", "paragraph", "list_item", "table_row", "note", "caption")


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of the document's structure: `text[start:end]`, never overlapping, in reading order.

    `kind` is one of BLOCK_KINDS; `level` is 1..6 for a heading (1 the highest), else 0. `place` is how the block is cited where
    the file has places of its own ("row 5", "sheet ‘Trade’, A5:F5"), else "".
    """

    kind: str
    start: int
    end: int
    level: int = 0
    place: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the original: `number` counts from 1; `label` is what is printed on it ("iv", "12") or None if it has none.

    `ocr` is the mean confidence of its words, 0..1, if they were read by OCR, else None.
    """

    number: int
    label: str | None
    start: int
    end: int
    ocr: float | None = None


@dataclass(frozen=True, slots=True)
class WordBox:
    """`text[start:end]` was read by OCR in this box of page `page`: points from the upper left of the page as it is shown."""

    page: int
    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a text: `entity_id` is the gazetteer's id, or None for a name that only the language model of spaCy saw."""

    entity_id: str | None
    label: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Stated:
    """What an agreement says of itself at `text[start:end]`.

    `kind` is party, signed_on, signed_at, language, entry_into_force, in_force_since or duration; `value` is the words, an ISO
    date or a language's code.
    """

    kind: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reference:
    """`text[start:end]` names a place of law: `pinpoint` ("art. 5(2)", "annex II").

    `target` is the offset of that place in the same document; None where it is not there, or where another agreement is meant:
    `entity_id` is then the gazetteer's id of that agreement, or None if it is not known.
    """

    start: int
    end: int
    pinpoint: str
    target: int | None = None
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table in a passage: `document.text[start:end]`, judged and quoted whole, and cited by its `place`."""

    start: int
    end: int
    place: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """From `start` on, up to the next anchor of the passage, a quote is cited by `pinpoint`."""

    start: int
    pinpoint: str
