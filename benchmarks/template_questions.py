"""Questions made from the sentences of an index, for fitting the judge: none is shown to a reader, none is committed.

Two kinds. From a parsed English sentence: ask for its date, figure, person, place or for what it says of its subject, in as
many of its words as a reader would use ("The line was opened on 3 May 2012 in Herat" → "When was the line opened?"). And
questions that the index cannot answer: a thing that its gazetteer names beside an aspect that no passage treats with it ("What
is the interest rate of CASA-1000?"), in three languages, and the first kind with another year put in.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kb.gazetteer import Gazetteer
from kb.language import script
from kb.records import Passage
from kb.sentences import sentence_spans
from kb.words import query_stems, stems

WORDS = range(8, 45)  # of a sentence worth asking about
SUBJECT_WORDS = 9  # a longer subject is a list or a clause: no reader repeats it
SUBJECTS, OBJECTS = {"nsubj", "nsubjpass"}, {"dobj", "attr", "agent", "acomp", "xcomp"}
NUMBERS = {"CARDINAL", "QUANTITY", "PERCENT", "MONEY"}
#: What readers ask of a project, port, agreement or body and what a collection may well not say: English, Russian, Urdu.
ASPECTS = (
    ("What is the interest rate of the loan for {}?", "Какова процентная ставка кредита для {}?", "{} کے قرض کی شرح سود کیا ہے؟"),
    ("Which contractor built {}?", "Какой подрядчик построил {}?", "{} کس ٹھیکیدار نے تعمیر کیا؟"),
    ("What fine does {} set for late payment?", "Какой штраф предусматривает {} за просрочку платежа?",
     "{} میں تاخیر پر جرمانہ کتنا ہے؟"),
    ("How many people were injured during the construction of {}?", "Сколько человек пострадало при строительстве {}?",
     "{} کی تعمیر میں کتنے لوگ زخمی ہوئے؟"),
    ("Who is the architect of {}?", "Кто архитектор {}?", "{} کا معمار کون ہے؟"),
    ("What salary do the employees of {} get?", "Какую зарплату получают сотрудники {}?", "{} کے ملازمین کی تنخواہ کتنی ہے؟"),
    ("Which insurance company covers {}?", "Какая страховая компания страхует {}?", "{} کا بیمہ کس کمپنی نے کیا؟"),
    ("How many cranes does {} have?", "Сколько кранов у {}?", "{} کے پاس کتنی کرینیں ہیں؟"),
    ("What is the telephone number of {}?", "Какой номер телефона у {}?", "{} کا ٹیلی فون نمبر کیا ہے؟"),
    ("Which software does {} use for customs data?", "Какую программу использует {} для таможенных данных?",
     "{} کون سا سافٹ ویئر استعمال کرتا ہے؟"),
    ("How many court cases were brought against {}?", "Сколько судебных исков подано против {}?",
     "{} کے خلاف کتنے مقدمات دائر ہوئے؟"),
    ("What was the profit of {} last year?", "Какова была прибыль {} в прошлом году?", "{} کا پچھلے سال کا منافع کتنا تھا؟"),
    ("Who audits the accounts of {}?", "Кто проводит аудит счетов {}?", "{} کے کھاتوں کا آڈٹ کون کرتا ہے؟"),
    ("What colour is the flag of {}?", "Какого цвета флаг {}?", "{} کے جھنڈے کا رنگ کیا ہے؟"),
    ("How deep is the water at {}?", "Какова глубина воды в {}?", "{} میں پانی کی گہرائی کتنی ہے؟"),
    ("Which university trains the engineers of {}?", "Какой университет готовит инженеров для {}?",
     "{} کے انجینئر کس یونیورسٹی سے آتے ہیں؟"),
    ("What is the discount on fees at {} for students?", "Какая скидка для студентов в {}?", "{} میں طلبہ کے لیے رعایت کتنی ہے؟"),
    ("When did the workers of {} go on strike?", "Когда бастовали рабочие {}?", "{} کے مزدوروں نے ہڑتال کب کی؟"),
    ("What is the age limit for drivers under {}?", "Каков возрастной предел для водителей по {}?",
     "{} میں ڈرائیوروں کی عمر کی حد کیا ہے؟"),
    ("Which museum keeps the original of {}?", "В каком музее хранится подлинник {}?", "{} کا اصل نسخہ کس عجائب گھر میں ہے؟"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """`source` is the passage asked about (None: nothing answers), `answer` the words of it that answer."""

    question: str
    language: str
    source: str | None
    answer: str


def from_sentences(passages: Iterable[Passage], parser: Any, random_: random.Random, most: int) -> list[Made]:
    """At most `most` questions, at most one a passage. `parser` is a spaCy pipeline of English."""
    chosen = [p for p in passages if p.language == "en" and not p.rows]
    random_.shuffle(chosen)
    found: list[Made] = []
    for passage in chosen:
        if len(found) == most:
            break
        spans = [passage.text[a:b] for a, b in sentence_spans(passage.text)]
        sentences = [" ".join(s.split()) for s in spans if len(s.split()) in WORDS and s[:1].isupper() and s.endswith(".")]
        made = [Made(q, "en", passage.id, answer) for s in sentences[:6] for q, answer in asked(parser(s))]
        if made:
            found.append(random_.choice(made))
    return found


def asked(doc: Any) -> Iterator[tuple[str, str]]:
    """Pairs of question and answer that a parsed sentence gives."""
    root = next((token for token in doc if token.dep_ == "ROOT"), None)
    subject = next((child for child in root.children if child.dep_ in SUBJECTS), None) if root is not None else None
    if root is None or subject is None or root.pos_ not in ("VERB", "AUX") or subject.pos_ == "PRON":
        return
    named = _text(subject.subtree)
    if len(named.split()) > SUBJECT_WORDS:
        return
    verb = _Verb(root)
    rest = [child for child in root.children if child.i > root.i and child.dep_ in OBJECTS | {"prep", "prt"}]
    for entity in doc.ents:
        holder = next((child for child in rest if entity.root in set(child.subtree)), None)
        others = " ".join(_text(child.subtree) for child in rest[:3] if child is not holder)
        if entity.label_ == "PERSON" and entity.root == subject:
            yield f"Who {verb.said} {' '.join(_text(child.subtree) for child in rest[:2])}?", entity.text
        elif holder is None:
            continue
        elif entity.label_ == "DATE" and holder.dep_ == "prep" and re.search(r"\d", entity.text):
            yield f"When {verb.asked(named)} {others}?", entity.text
        elif entity.label_ in ("GPE", "FAC", "LOC") and holder.text.lower() in ("in", "at"):
            yield f"Where {verb.asked(named)} {others}?", entity.text
        elif entity.label_ in NUMBERS and holder.dep_ in ("dobj", "attr") and entity.root.head.pos_ == "NOUN":
            yield f"How many {entity.root.head.text} {verb.asked(named)} {others}?", entity.text
    if root.lemma_ == "be" and " of " in named and rest:
        yield f"What {verb.said} {named}?", _text(rest[0].subtree)
    elif rest and rest[0].dep_ == "dobj":
        yield f"What {verb.asked(named)} {' '.join(_text(child.subtree) for child in rest[1:2])}?", _text(rest[0].subtree)


class _Verb:
    """A sentence's verb with its auxiliaries, as a statement says it and as a question does."""

    def __init__(self, root: Any) -> None:
        helpers = [c.text for c in root.children if c.dep_ in ("aux", "auxpass", "neg") and c.i < root.i]
        self.said = " ".join([*helpers, root.text])
        if helpers:
            self._first, self._last = helpers[0], " ".join([*helpers[1:], root.text])
        elif root.lemma_ == "be":
            self._first, self._last = root.text, ""
        else:
            past, plural = root.tag_ == "VBD", root.tag_ == "VBP"
            self._first, self._last = "did" if past else "do" if plural else "does", root.lemma_

    def asked(self, subject: str) -> str:
        return f"{self._first} {subject} {self._last}".strip()


def _text(tokens: Iterable[Any]) -> str:
    return "".join(token.text_with_ws for token in tokens).strip(" .,;")


def another_year(made: Sequence[Made], texts: Sequence[str], random_: random.Random) -> list[Made]:
    """Questions that name a year, with a year in its place that no text holds beside the rest of their rarer words."""
    found = []
    for one in made:
        year = re.search(r"\b(?:19|20)\d\d\b", one.question)
        if year is None:
            continue
        words = set(query_stems(one.question)) - {year[0]}
        near = [t for t in texts if len(words & set(stems(t))) >= 0.5 * len(words)]
        free = [y for y in range(int(year[0]) - 9, int(year[0]) + 10) if not any(str(y) in t for t in near)]
        if free:
            found.append(Made(one.question.replace(year[0], str(random_.choice(free))), one.language, None, ""))
    return found


def unheard_aspects(texts: Sequence[str], gazetteer: Gazetteer, random_: random.Random, most: int) -> list[Made]:
    """Questions on the things that the texts name most, each for an aspect whose words no text holds beside its name."""
    places: dict[str, list[set[str]]] = {}
    for text in texts:
        words = set(stems(text))
        for entity_id in {m.entity_id for m in gazetteer.find(text) if m.entity_id}:
            places.setdefault(entity_id, []).append(words)
    frequent = sorted(places, key=lambda entity_id: -len(places[entity_id]))[:40]
    found = []
    for _ in range(20 * most):
        if len(found) == most or not frequent:
            break
        entity_id, forms = random_.choice(frequent), random_.choice(ASPECTS)
        unheard = [w for w in query_stems(forms[0].format("")) if not any(w in words for words in places[entity_id])]
        turn = random_.choices((0, 1, 2), weights=(6, 2, 2))[0]
        name = _named(gazetteer, entity_id, ("latin", "cyrillic", "arabic")[turn])
        if unheard and name:
            made = Made(forms[turn].format(name), ("en", "ru", "ur")[turn], None, "")
            found += [made] if made not in found else []
    return found


def _named(gazetteer: Gazetteer, entity_id: str, wanted: str) -> str:
    return next((name for name in gazetteer.entities[entity_id].names if script(name) == wanted), "")
