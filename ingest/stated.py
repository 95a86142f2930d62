"""What an agreement says of itself: who made it, where and when it was signed, when it comes into force, for how long, in which
languages. Each fact carries the span that says it; nothing is concluded from anything but the text's own formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ingest.dates import dates_in
from ingest.headings import ARTICLE_RANK
from ingest.parties import INSTRUMENT, parties
from ingest.structure import SIGNED_IN, Structure, is_closing, structure
from kb.records import Block, Metadata, Stated
from kb.sentences import sentence_spans

LONGEST_CLOSING = 900  # characters of "Done at …" with the languages
CLOSING_BLOCKS = 4  # the formula and what it may be broken into
PLACE_WITHIN = 120  # characters from "Done"
LONGEST_CLAUSE = 600  # characters of a sentence on entry into force

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w’'‘`-]{0,40}"  # bounded: it is tried at each letter of A'A'A'…
_FORMULA = re.compile(
    r"(?:done|made|executed|performed|concluded|drawn up|signed)\b|совершено|учинено|подписано|исполнено|заключено|بمقام"
    rf"|{SIGNED_IN}",
    re.IGNORECASE,
)
_PLACE = re.compile(
    rf"\b(?:[Aa]t|[Ii]n)\s+(?:the\s+)?(?:[Cc]ity\s+of\s+)?(?!(?:Witness|Faith|This|The|Two|Duplicat\w+|Triplicat\w+)\b)"
    rf"(?P<en>{_CAPITAL}(?:[ -]{_CAPITAL}){{0,2}})"
    r"|\bв\s+(?:г\.\s?|городе\s+)?(?P<ru>[А-ЯЁ][\w-]+(?:[ -][А-ЯЁ][\w-]+){0,2})|بمقام\s+(?P<ur>\w+(?:\s(?!مورخہ|میں|کو)\w+)?)"
    r"|(?P<uz>[\w’‘ʻ'-]{2,30})\s(?:shahrida|шаҳрида|қаласында|шаарында|şäherinde)\b|[Дд]ар\sшаҳри\s(?P<tg>\w+)"
    r"|در\s(?:شهر\s)?(?P<fa>[\w\u200c]+)\sبه\sتاریخ\b"
)
_LANGUAGES = {
    "en": "english|английск|انگریزی",
    "ru": "russian|русск|روسی",
    "ur": "urdu|урду|اردو",
    "uz": "uzbek|узбекск|ازبک",
    "kk": "kazakh|kazakhstan|kazak|казахск|قازق",
    "ky": "kyrgyz|kirghiz|кыргызск|киргизск|کرغیز",
    "tg": "tajik|таджикск|تاجک",
    "tk": "turkmen|turkman|туркменск|ترکمان",
    "zh": "chinese|китайск|چینی",
    "fa": "persian|farsi|dari|персидск|дари|فارسی",
    "tr": "turkish|турецк|ترکی",
    "uk": "ukrainian|украинск",
    "be": "belarusian|byelorussian|белорусск",
    "hy": "armenian|армянск",
    "ka": "georgian|грузинск",
    "ro": "moldovan?|romanian|молдавск|румынск",
    "ar": "arabic|арабск|عربی",
    "fr": "french|французск",
    "es": "spanish|испанск",
    "az": "azerbaijani|азербайджанск",
    "hi": "hindi",
    "pl": "polish",
    "cs": "czech",
    "sk": "slovak",
    "et": "estonian",
    "lv": "latvian",
    "lt": "lithuanian",
    "de": "german|немецк",
    "it": "italian",
    "pt": "portuguese",
    "hu": "hungarian",
    "bg": "bulgarian",
    "mk": "macedonian",
    "sq": "albanian",
    "mn": "mongolian|монгольск",
    "ja": "japanese|японск",
    "ko": "korean|корейск",
    "vi": "vietnamese",
    "he": "hebrew",
}
_LANGUAGE = re.compile(
    r"\b(?:" + "|".join(f"(?P<{code}>{names})" for code, names in _LANGUAGES.items()) + r")(?:ом|ой|ий|ого)?(?!\w)", re.IGNORECASE
)
# Behind "in the Hindi": ", Dari and English languages".
_TONGUE = re.compile(r"(?:(?:\s*,\s*|\s+and\s+|\s+)[A-Z]\w+){0,4},?\s+languages?\b|\s+язык")
_IN_LANGUAGE = re.compile(
    r"\b(?:language|languages|texts?|original|originals|copy|copies|duplicate|counterparts?|each)\b|язык|экземпляр|текст|زبان",
    re.IGNORECASE,
)
_FORCE = re.compile(
    rf"\b(?:this|the\s+present|the|present)\s+{INSTRUMENT}\b(?:\s+is\s+(?:a\s+)?subject\s+to\s+ratification\s+and)?"
    rf"(?![^.;]{{0,40}}\bit is effective)(?:(?!\b(?:not|expires?|terminat\w+|cease|withdraw\w*)\b)[^.;]){{0,60}}?"
    r"\b(?:(?:enters?|entered|comes?|came)\s+into\s+(?:force|effect)|(?:becomes?|is)\s+effective)\b"
    r"|\bentry into force of this [A-Z]\w+ is subject to\b"
    r"|\b(?:настоящ(?:ее|ий)\s+)?(?:соглашение|договор|протокол)\b[^.;]{0,60}?\bвступает\s+в\s+силу\b|نافذ\s?العمل",
    re.IGNORECASE,
)
# What may stand before the clause in its sentence: a number, a condition with its comma, "For the Republic of …".
_BEFORE_CLAUSE = re.compile(r"(?:[\d.()a-z]{1,5}\s)?\s*(?:[^;]*,\s*|(?:For|Для)\s[^,;]{0,80}\s)?")
_SINCE = re.compile(
    r"\b(?:effective|in force|into force|into effect)\s+(?:as\s+(?:of|from)|from|on|since)\s+|вступ\w+\s+в\s+силу\s+(?:с\s+)?",
    re.I,
)
# A date that holds for some, or if something happens first, is not the day on which the agreement came into force.
_CONDITION = re.compile(
    r"\b(?:provided|in\s+relation\s+to|for\s+those|if|unless(?!\s+(?:terminated|denounced))|subject\s+to|on\s+condition|failing\s+that|at\s+the\s+latest|"
    r"(?:has|have|had)\s+(?:by\s+then\s+)?(?:deposited|ratified|notified)|при\s+условии|если)\b",
    re.IGNORECASE,
)
_LABELLED = re.compile(
    r"(?P<signed>date\s+of\s+(?:signing|signature)|дата\s+подписания)\s*:|(?P<force>(?:effective\s+date|date\s+of\s+(?:entry\s+into"
    r"\s+force|entering\s+into\s+force))|дата\s+вступления\s+в\s+силу)\s*:",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"\b(?:remains?\s+in\s+(?:force|effect)|valid|concluded)\s+(?:for\s+(?:an?\s+(?:initial\s+)?(?:period|term)\s+of\s+)?(?P<years>(?:an?\s+)?[\w-]+(?:\s\(\d+\))?\s+"
    r"(?:years?|months?|period|term|time))|(?P<open>indefinitely))|(?:сроком\s+на|в\s+течение)\s+(?P<ru>[\w-]+(?:\s\(\d+\))?\s+(?:лет|года?))",
    re.IGNORECASE,
)


def stated(text: str, blocks: Sequence[Block], law: Structure) -> tuple[Stated, ...]:
    """The facts in order of place. Kinds: party, signed_on (ISO date), signed_at, language (code), entry_into_force (the
    clause), in_force_since (ISO date), duration. Nothing for a text that is no agreement."""
    if not any(mark.pinpoint.rank == ARTICLE_RANK for mark in law.marks.values()):
        return ()
    found = [*parties(text, blocks, law), *_signatures(text, blocks, law), *_labelled(text, blocks), *_force(text, blocks)]
    return tuple(sorted(dict.fromkeys(found), key=lambda fact: (fact.start, fact.end, fact.kind)))


def _signatures(text: str, blocks: Sequence[Block], law: Structure) -> Iterator[Stated]:
    openings = {index for index, mark in law.marks.items() if mark.pinpoint.unit == "closing"}
    openings |= {index for index, block in enumerate(blocks) if is_closing(text[block.start : block.start + 1500])}
    done: set[int] = set()
    for index in sorted(openings):
        for at in range(index, min(index + CLOSING_BLOCKS, len(blocks))):
            piece = text[blocks[at].start : blocks[at].end]
            if at not in done and (formula := _formula(piece)):
                done.add(at)
                end = min(at + 2, len(blocks)) - 1  # the languages may stand in the next paragraph
                yield from _signature(text, blocks[at].start + formula.start(), (blocks[at].end, blocks[end].end))
                break


def _formula(piece: str) -> re.Match[str] | None:
    """Where "Done at …" begins: at the start of the paragraph, or of a sentence in it."""
    before = ((match, piece[max(0, match.start() - 2) : match.start()].strip()) for match in _FORMULA.finditer(piece))
    return next((match for match, end in before if not end or end[-1] in ".;"), None)


def _signature(text: str, start: int, ends: tuple[int, int]) -> Iterator[Stated]:
    piece = text[start : ends[0]]
    when = next(iter(dates_in(piece)), None)
    if when is None:
        when = next(iter(dates_in(text[start : ends[1]])), None)
    if when is not None:
        yield Stated("signed_on", when.iso, start + when.start, start + when.end)
    places = (found for found in _PLACE.finditer(piece[:300]) if found.start() < PLACE_WITHIN)
    place = next((found for found in places if not _TONGUE.match(piece, found.end())), None)
    if place is not None and not _LANGUAGE.fullmatch(place[place.lastgroup or ""]):
        group = place.lastgroup or ""
        name = place[group]
        yield Stated("signed_at", name.title() if name.isupper() else name, start + place.start(group), start + place.end(group))
    yield from _languages(text, start, min(ends[1], start + LONGEST_CLOSING))


def _languages(text: str, start: int, end: int) -> Iterator[Stated]:
    """From sentences that speak of languages or copies, so that a signatory's name is not taken for a language."""
    seen = set()
    for low, high in sentence_spans(text[start:end]):
        sentence = text[start + low : start + high]
        for match in _LANGUAGE.finditer(sentence) if _IN_LANGUAGE.search(sentence) else ():
            code = match.lastgroup or ""
            if code not in seen:
                seen.add(code)
                yield Stated("language", code, start + low + match.start(), start + low + match.end())


def _labelled(text: str, blocks: Sequence[Block]) -> Iterator[Stated]:
    """ "Date of signing: September 17, 1994" and "Effective date: …" as lines of the text."""
    for block in blocks:
        piece = text[block.start : min(block.end, block.start + 400)]
        for label in _LABELLED.finditer(piece):
            when = next((date for date in dates_in(piece) if label.end() <= date.start <= label.end() + 3), None)
            if when is not None:
                kind = "signed_on" if label["signed"] else "in_force_since"
                yield Stated(kind, when.iso, block.start + when.start, block.start + when.end)


def _force(text: str, blocks: Sequence[Block]) -> Iterator[Stated]:
    for block in blocks:
        piece = text[block.start : block.end]
        if block.kind in ("heading", "table_row") or not (_FORCE.search(piece) or _DURATION.search(piece)):
            continue
        for low, high in sentence_spans(piece):
            sentence, start = piece[low:high], block.start + low
            clause = _FORCE.search(sentence)
            if clause and _BEFORE_CLAUSE.fullmatch(sentence[: clause.start()]):
                cut = min(high - low, LONGEST_CLAUSE)
                yield Stated("entry_into_force", sentence[:cut], start, start + cut)
                since = None if _CONDITION.search(sentence) else _SINCE.search(sentence)
                when = next((d for d in dates_in(sentence) if since and 0 <= d.start - since.end() <= 4), None)
                if when is not None:
                    yield Stated("in_force_since", when.iso, start + when.start, start + when.end)
            term = _DURATION.search(sentence)
            if term and re.search(rf"\b{INSTRUMENT}|соглашени|договор|протокол", sentence, re.IGNORECASE):
                group = term.lastgroup or ""
                yield Stated("duration", term[group], start + term.start(group), start + term.end(group))


def completed(metadata: Metadata, facts: Sequence[Stated]) -> Metadata:
    """`metadata` with what is empty filled from the text's own word: parties, the date of signature as the date of the
    document, and the date of a status that is given without one."""
    signed, since = _only(facts, "signed_on"), _only(facts, "in_force_since")
    parties = tuple(dict.fromkeys(fact.value for fact in facts if fact.kind == "party"))
    dated = {"signed": signed, "in_force": since}.get(metadata.status, "")
    return replace(
        metadata,
        parties=metadata.parties or parties,
        published=metadata.published or signed,
        status_date=metadata.status_date or dated,
    )


def contradictions(claims: Mapping[str, str], facts: Sequence[Stated], text: str) -> dict[str, str]:
    """By kind (signed_on, in_force_since) a sentence for each claimed ISO date that the text's own dates contradict, all of them.

    A partial date is contradicted by a date outside it.
    """
    found = {}
    for kind, claimed in claims.items():
        own = [fact for fact in facts if fact.kind == kind]
        if claimed and own and not any(fact.value.startswith(claimed) for fact in own):
            fact = own[-1]  # the closing formula, where there is a title's word too
            name = "the date of signature" if kind == "signed_on" else "the date of entry into force"
            written = " ".join(text[fact.start : fact.end].split())
            found[kind] = f"{name} {claimed} is not what the text itself says: {fact.value} (‘{written}’)"
    return found


def disagreements(metadata: Metadata, facts: Sequence[Stated], text: str) -> list[str]:
    """A sentence for each date of `metadata` that the text contradicts. It is kept: an operator may know better.

    A date of publication contradicts only if it is before the signature.
    """
    claims = {"signed": ("signed_on", metadata.status_date), "in_force": ("in_force_since", metadata.status_date)}
    wrong = contradictions(dict([claims[metadata.status]]) if metadata.status in claims else {}, facts, text)
    signed = [fact.value for fact in facts if fact.kind == "signed_on"]
    if "signed_on" not in wrong and metadata.kind == "agreement" and len(metadata.published) == 10 and signed:
        early = metadata.published if metadata.published < min(signed) else ""
        wrong |= contradictions({"signed_on": early}, facts, text)
    return list(wrong.values())


def checked_header(
    metadata: Metadata, claims: Mapping[str, str], text: str, blocks: Sequence[Block]
) -> tuple[Metadata, tuple[str, ...]]:
    """`metadata` of a file's own header without the dates that the file's text contradicts, and a warning for each of them."""
    facts = stated(text, blocks, structure(text, blocks))
    wrong = contradictions(claims, facts, text)
    if early := _too_early(claims.get("in_force_since", ""), facts):
        wrong.setdefault("in_force_since", early)
    if "signed_on" in wrong:
        metadata = replace(metadata, published="", status_date="" if metadata.status == "signed" else metadata.status_date)
    if "in_force_since" in wrong and metadata.status == "in_force":
        metadata = replace(metadata, status_date="")
    return metadata, tuple(f"the header is not used for this: {sentence}." for sentence in wrong.values())


def _too_early(in_force: str, facts: Sequence[Stated]) -> str:
    """Told where a whole date of entry into force is before every signature that the text dates."""
    signed = min((fact.value for fact in facts if fact.kind == "signed_on"), default="")
    if len(in_force) < 10 or not signed or in_force >= signed:
        return ""
    return f"the date of entry into force {in_force} is before the signature that the text dates {signed}"


def _only(facts: Sequence[Stated], kind: str) -> str:
    """The value, if the text gives one and no other."""
    values = {fact.value for fact in facts if fact.kind == kind}
    return values.pop() if len(values) == 1 else ""
