"""Pages that are pictures, read by the tesseract program where it is installed.

Which pages: those without a letter that are not empty; those with a few letters on a picture (a scan with a stamp on it); those
whose text layer says nothing (see ingest.bad_text). Where: in processes of their own, see ingest.sandbox. A page has
PAGE_LIMITS, a file FILE_SECONDS, of which LOOKING_SECONDS to see what its pages show; pages that come after are reported as
unread. What is read takes the page's place in the document's text, with the boxes of its words.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingest.bad_text import trouble_with
from ingest.confine import Limits
from ingest.recognised import Recognised, Turn, printed_numbers, recognised, with_pages, without_running_heads
from ingest.tesseract import SCRIPT, Engine, script_told
from kb.language import detect, letters
from kb.records import Failure, Page, Parsed, SourceFile

# Measured on two cores: .6 s for a page of 15 words, 2 to 3 s for a full one.
PAGE_LIMITS = Limits(seconds=30.0, cpu_seconds=30)
FILE_SECONDS = 900.0
LOOKING_SECONDS = 20.0  # of them for drawing pages to see whether there is anything to read: a file may list a page 20,000 times
FEW_LETTERS = 100  # a page with fewer that pictures cover by MOSTLY is a scan with a stamp or a page number laid over it
MOSTLY = 0.5
SURE = 0.75  # mean confidence of a page from which no other languages are tried
MISSED = 0.15  # of a page's signs in paragraphs left out: these may be in another script; seals and signatures hold .02 to .08
COLOURED = (0.002, 0.15)  # share of a page that coloured ink covers if it has a stamp; more is a picture
MORE = 1.03  # times as much must be read without the coloured ink: else it is the text that has a colour
PLAIN, TURNED, BLACK = "", "turned", "black"  # how a page is drawn: as it is, upside down, without coloured ink
GUESS = 0.4  # below it the picture holds no text: a map, a photograph
ENOUGH_LETTERS = 200  # of a document's own text, to tell its language
CLEAR = 0.7  # pages below are listed one by one


@dataclass(frozen=True, slots=True)
class Look:
    """What a page shows: its size in points, the share that pictures cover, the pixels a point of its drawing, whether it is
    empty; what the command wrote of it, by how many degrees it was turned for that, clockwise; the share that coloured ink
    covers."""

    size: tuple[float, float]
    pictures: float
    scale: float
    empty: bool
    written: str
    turned: float = 0.0
    coloured: float = 0.0


def look_from(payload: bytes) -> Look:
    """Raises ValueError if it does not hold together: it comes from a process that had a hostile file in its hands."""
    head, _, written = payload.partition(b"\n")
    value = json.loads(head)
    names = ("width", "height", "pictures", "columns")
    if not isinstance(value, dict) or not all(isinstance(value.get(name), int | float) for name in names):
        raise ValueError("the page's measures are missing")
    width, height, pictures, columns = (float(value[name]) for name in names)
    if not (1 <= width <= 1e6 and 1 <= height <= 1e6 and 0 <= pictures <= 1 and 0 <= columns <= 1e6):
        raise ValueError(f"a page cannot measure {width} × {height} points")
    turned = value.get("turned", 0.0)
    if not isinstance(turned, int | float) or not -360 <= turned <= 360:
        raise ValueError(f"a page cannot be turned by {turned!r} degrees")
    coloured = value.get("coloured", 0.0)
    if not isinstance(coloured, int | float) or not 0 <= coloured <= 1:
        raise ValueError(f"coloured ink cannot cover {coloured!r} of a page")
    told = written.decode("utf-8", "replace")
    return Look((width, height), pictures, columns / width, columns == 0, told, float(turned), float(coloured))


See = Callable[[int, Sequence[str], str], Look | str]


@dataclass(slots=True)
class _Outcome:
    """What came of the pages, by number."""

    read: dict[int, Recognised] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)  # for want of the program
    late: list[int] = field(default_factory=list)
    mute: list[int] = field(default_factory=list)  # pictures without text
    failed: dict[int, str] = field(default_factory=dict)
    bad: dict[int, str] = field(default_factory=dict)  # text layers that say nothing
    looking: float = 0.0  # seconds spent on seeing what pages show


def with_scans(
    source: SourceFile, documents: tuple[Parsed, ...], see: See, engine: Engine | None, progress: Callable[[str], None]
) -> tuple[Parsed, ...] | Failure:
    """A PDF's document with those of its pages read that are pictures; a Failure if there is no text at all in the end.

    `see(page, command, manner)` draws the page (PLAIN, TURNED or BLACK) and gives what the command wrote of it, or what went
    wrong, as a sentence.
    """
    (document,) = documents
    outcome = _Outcome()
    reader = _Reader(see, engine, _language(document))
    ends = time.monotonic() + FILE_SECONDS
    for page in document.pages:
        text = document.text[page.start : page.end]
        trouble = trouble_with(text)
        has_text = any(map(str.isalnum, text))
        if not trouble and (letters(text) >= FEW_LETTERS or (has_text and engine is None)):
            continue
        if engine is not None:
            progress(f"{source.uri}: OCR of page {page.number} of {len(document.pages)}")
        if time.monotonic() > ends or outcome.looking > LOOKING_SECONDS:
            if not has_text or trouble:
                outcome.late.append(page.number)
            continue
        _take(page, text, trouble, reader, outcome)
    complete = with_pages(document, without_running_heads(outcome.read), printed_numbers(outcome.read))
    if not complete.text:
        return Failure(source.uri, "read", _reason(len(document.pages), outcome))
    used = f"{document.reader}; {engine.name} for {_listed(outcome.read)}" if engine and outcome.read else document.reader
    warnings = (*document.warnings, *_warnings(outcome))
    return (replace(complete, reader=used, warnings=warnings, unread=tuple(outcome.unread)),)


def _language(document: Parsed) -> str:
    """The document's language, if it says so or has text enough to tell; else ""."""
    if document.metadata.language:
        return document.metadata.language
    texts = (document.text[page.start : page.end] for page in document.pages)
    sound = "\n".join(text for text in texts if not trouble_with(text))
    return detect(sound) if letters(sound) >= ENOUGH_LETTERS else ""


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the pages of one document, whose language is `home` ("": not known)."""

    see: See
    engine: Engine | None
    home: str

    def read(self, page: int) -> Recognised | str | None:
        """With the models of the document's language or, if that is not known or they are unsure, of the page's script.

        None: there is no text; a string: what went wrong.
        """
        assert self.engine is not None
        ends = time.monotonic() + PAGE_LIMITS.seconds
        first = self.engine.for_language(self.home) if self.home else ""
        found = self._read_with(page, first) if first else None
        if isinstance(found, str) or _is_sure(found):
            return found
        told = self.see(page, self.engine.command(SCRIPT), PLAIN) if SCRIPT in self.engine.models else ""
        if time.monotonic() > ends:  # a page that is noise: nothing reads it in time
            return found or (told if isinstance(told, str) else None)
        second = self.engine.for_script(script_told(told.written) if isinstance(told, Look) else "")
        if second and second != first:
            found = _surer(found, self._read_with(page, second))
        every = self.engine.for_script("")
        if isinstance(found, Recognised) and found.missed > MISSED and every not in (first, second) and time.monotonic() <= ends:
            found = _surer(found, self._read_with(page, every))
        models = found.models if isinstance(found, Recognised) else second or first
        if time.monotonic() > ends or not models or (isinstance(found, Recognised) and found.confidence >= SURE):
            return found
        return _surer(found, self._read_with(page, models, TURNED))  # few words do not tell what is up and down

    def _read_with(self, page: int, models: str, manner: str = PLAIN) -> Recognised | str | None:
        """What the models read; without the coloured ink if that is more: seals stand over the text beside signatures."""
        assert self.engine is not None
        look = self.see(page, self.engine.command(models), manner)
        if isinstance(look, str) or look.empty:
            return look if isinstance(look, str) else None
        found = recognised(look.written, look.scale, models, Turn(look.turned, *look.size))
        if manner == PLAIN and COLOURED[0] <= look.coloured <= COLOURED[1]:
            other = self._read_with(page, models, BLACK)
            if isinstance(other, Recognised) and (found is None or _says(other) > MORE * _says(found)):
                return other
        return found


def _is_sure(found: Recognised | None) -> bool:
    return found is not None and found.confidence >= SURE and found.missed <= MISSED


def _says(found: Recognised) -> float:
    return found.confidence * letters(found.text)


def _surer(one: Recognised | str | None, other: Recognised | str | None) -> Recognised | str | None:
    """The reading that is surer of its words, those left out included; if both failed, why the first did."""
    found = [reading for reading in (one, other) if isinstance(reading, Recognised)]
    return max(found, key=lambda reading: reading.confidence * (1 - reading.missed)) if found else one or other


def _take(page: Page, text: str, trouble: str, reader: _Reader, outcome: _Outcome) -> None:
    """Read one page, if there is something to read that its text layer does not say, and note what came of it."""
    number, has_text = page.number, any(map(str.isalnum, text))
    began = time.monotonic()
    look = reader.see(number, (), PLAIN)
    outcome.looking += time.monotonic() - began
    if isinstance(look, str):
        outcome.failed[number] = look
        return
    if look.empty or (has_text and not trouble and look.pictures < MOSTLY):
        return
    if trouble:
        outcome.bad[number] = trouble
    if reader.engine is None:
        if not has_text or trouble:
            outcome.unread.append(number)
        return
    found = reader.read(number)
    if isinstance(found, str):
        outcome.failed[number] = found
    elif found is not None and found.confidence >= GUESS and _is_better(found, text, trouble):
        outcome.read[number] = found
    elif not has_text:
        outcome.mute.append(number)


def _is_better(found: Recognised, text: str, trouble: str) -> bool:
    """Than the text layer. One that says nothing is replaced by words that are sound; a stamp by more words than it has."""
    if trouble:
        return not trouble_with(found.text)
    return letters(found.text) > letters(text)


def _reason(pages: int, outcome: _Outcome) -> str:
    if outcome.unread:
        return (
            f"no text layer: {_listed(outcome.unread)} of {pages} can be read by OCR alone; install tesseract with the data of "
            "its language (Debian: tesseract-ocr, tesseract-ocr-rus, tesseract-ocr-urd …) and run this again."
        )
    if outcome.late:
        listed = f"{_listed(outcome.late)} of {pages}"
        return f"no text layer: {listed} were not reached in the time that a file has for OCR; split the file."
    if outcome.failed:
        number, reason = next(iter(outcome.failed.items()))
        return f"no text layer, and OCR of {_listed(outcome.failed)} failed; page {number}: {reason}"
    if outcome.mute:
        return f"no text layer, and OCR found no words on {_listed(outcome.mute)} of {pages}; scan it again with 300 dpi."
    return f"it holds no text: {pages} empty page{'s' * (pages != 1)}; remove it, or replace it."


def _warnings(outcome: _Outcome) -> Iterable[str]:
    """In the order of a report: what was read, with its confidence, and then what was not."""
    clear: dict[str, list[int]] = {}
    for number, found in outcome.read.items():
        if found.confidence >= CLEAR:
            clear.setdefault(found.models, []).append(number)
    for models, numbers in clear.items():
        mean = sum(outcome.read[number].confidence for number in numbers) / len(numbers)
        yield f"{_listed(numbers)} read by OCR ({models}) at {_percent(mean)}{' on average' * (len(numbers) > 1)}."
    unclear = {number: found.unclear for number, found in outcome.read.items() if found.unclear}
    if unclear:
        pieces = f"{sum(unclear.values())} unclear piece{'s' * (sum(unclear.values()) > 1)}"
        yield f"{pieces} of {_listed(unclear)} left out: pictures, seals, handwriting."
    for number, found in outcome.read.items():
        if found.confidence < CLEAR:
            yield f"page {number} read by OCR ({found.models}) at {_percent(found.confidence)}; compare it with the original."
    for number, trouble in outcome.bad.items():
        read = number in outcome.read
        yield f"the text layer of page {number} {trouble}; {'OCR was taken instead.' if read else 'its text cannot be trusted.'}"
    if outcome.unread:
        yield f"{_listed(outcome.unread)} can be read by OCR alone and stay unread; install tesseract and run the re-index again."
    if outcome.late:
        yield f"{_listed(outcome.late)} unread: the pages before took the time that a file has for OCR; split the file."
    if outcome.mute:
        yield f"{_listed(outcome.mute)} hold{'s' * (len(outcome.mute) == 1)} pictures in which OCR found no words."
    for number, reason in outcome.failed.items():
        yield f"page {number} unread: {reason}"


def _percent(confidence: float) -> str:
    return f"{100 * confidence:.0f} %"


def _listed(numbers: Iterable[int]) -> str:
    """ "page 3", "pages 1–4, 7"."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and number == ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    shown = ", ".join(f"{first}–{last}" if last > first else str(first) for first, last in ranges)
    return f"page{'s' * (ranges[0][1] > ranges[0][0] or len(ranges) > 1)} {shown}"
