"""Examples for fitting the judge: a question, the features of the sentences that it may be answered with, and whether one
answers.

Every answerable question gives two examples: one on the whole index, and a near miss, for which each passage that states the
answer is taken out of the result list. Unanswerable questions give the second kind alone.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.template_questions import Made, another_year, from_sentences, unheard_aspects
from ingest.reindex import Options, reindex
from kb.config import Settings
from kb.evaluate import load_questions, says
from kb.evidence import Evidence
from kb.evidence_features import FEATURES
from kb.gazetteer import Gazetteer
from kb.language import detect
from kb.library import Library
from kb.records import DocumentSummary, Passage
from kb.words import query_stems, stems

SAME = 0.5  # of the question's and the answer's words: a passage with so many of them and the whole answer states the same
Judged = Callable[[Evidence], bool]


@dataclass(frozen=True, slots=True)
class Example:
    """`rows` float64 (sentences, features); `holding` is a mask over them: those that hold an accepted answer.

    `group` is the question (in whatever language), for keeping all of its examples on one side of a split; `languages` is
    "ru→en", or "ru→?".
    """

    group: str
    source: str
    languages: str
    answerable: bool
    rows: npt.NDArray[np.float64]
    holding: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what tells its answer: `states(passage)` and `answers(sentence)`. Nothing answers if `states` is None."""

    question: str
    source: str
    states: Callable[[Passage], bool] | None
    answers: Judged
    into: str = "?"
    group: str = ""


def examples(library: Library, asked: Iterable[Asked]) -> Iterator[Example]:
    for one in asked:
        languages = f"{detect(one.question)}→{one.into}"
        for answerable in (True, False) if one.states else (False,):
            states = one.states
            keep = None if answerable or states is None else lambda c, s=states: not s(c.hit.passage)
            evidence = library.evidence(one.question, keep or (lambda _: True))
            if not evidence:
                continue
            rows = np.array([[e.features[name] for name in FEATURES] for e in evidence])
            holding = np.array([answerable and one.answers(e) for e in evidence])
            if answerable and not holding.any():
                continue  # not found, or not among the judged passages: retrieval's miss, not the judge's
            yield Example(one.group or one.question, one.source, languages, answerable, rows, holding)


def indexed(settings: Settings, *folders: Path) -> Library:
    """The library over folders, indexed under settings.home unless that holds an index already."""
    reindex(settings, folders, Options())
    return Library.open(settings)


def own(path: Path, source: str = "own") -> Iterator[Asked]:
    """Questions of a file as `python -m kb eval` reads it."""
    for gold in load_questions(path):
        says_it: Callable[[str], bool] = lambda text, answers=gold.answers: any(says(text, a) for a in answers)  # noqa: E731
        states = (lambda p, f=says_it: f(p.text)) if gold.status == "answered" else None
        yield Asked(gold.question, source, states, lambda e, f=says_it: f(e.text))


def clapnq(path: Path) -> Iterator[Asked]:
    """CLAPnq: the sentences that annotators selected answer."""
    for line in path.read_text(encoding="utf-8").splitlines():
        item = json.loads(line)
        chosen = [_letters(s) for several in item["selected_sentences"] or () for s in several]
        states = (lambda p, i=item: _letters(p.text) in _letters(i["passage"])) if item["answerable"] else None
        answers: Judged = lambda e, c=chosen: any(_letters(e.text) in s or s in _letters(e.text) for s in c)  # noqa: E731
        yield Asked(item["question"], "clapnq", states, answers, "en")


def clapnq_documents(path: Path) -> list[dict[str, str]]:
    items = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{"id": item["id"], "title": item["title"], "text": item["passage"]} for item in items]


def xquad(folder: Path, question_language: str, corpus_language: str, most: int) -> Iterator[Asked]:
    """XQuAD: the sentence of the passage that holds the answer in the corpus's language answers."""
    gold = {row[0]: row[1] for row in (line.split("\t") for line in _lines(folder / "qrels.tsv")[1:])}
    there = {item["_id"]: item["answer"] for item in map(json.loads, _lines(folder / f"queries.{corpus_language}.jsonl"))}
    items = [json.loads(line) for line in _lines(folder / f"queries.{question_language}.jsonl")]
    random.Random(f"{question_language}{corpus_language}").shuffle(items)
    for item in items[:most]:
        answer, uri = _letters(there[item["_id"]]), gold[item["_id"]]
        states: Callable[[Passage], bool] = lambda p, a=answer: a in _letters(p.text)  # noqa: E731
        in_gold: Judged = lambda e, a=answer, u=uri: (  # noqa: E731
            a in _letters(e.text) and e.candidate.hit.document.uri.endswith(f"#{u}")
        )
        source = f"xquad-{question_language}-{corpus_language}"
        yield Asked(item["text"], source, states, in_gold, corpus_language, item["_id"])


def made(passages: list[Passage], source: str, parser: Any, most: int) -> Iterator[Asked]:
    """Template questions over an index: `most` from sentences, a third as many of each kind without an answer."""
    random_ = random.Random(source)
    questions = from_sentences(passages, parser, random_, most)
    texts = [passage.text for passage in passages]
    for one in [
        *questions,
        *another_year(questions, texts, random_)[: most // 3],
        *unheard_aspects(texts, Gazetteer.load(), random_, most // 3),
    ]:
        states = _stating(one) if one.source else None
        yield Asked(one.question, source, states, lambda e, m=one: _answers(e, m), one.language if one.source else "?")


def _stating(one: Made) -> Callable[[Passage], bool]:
    words = set(query_stems(f"{one.question} {one.answer}"))

    def states(passage: Passage) -> bool:
        there = set(stems(passage.text))
        return passage.id == one.source or (says(passage.text, one.answer) and len(words & there) >= SAME * len(words))

    return states


def _answers(evidence: Evidence, one: Made) -> bool:
    return evidence.candidate.hit.passage.id == one.source and says(evidence.text, one.answer)


def passages_of(library: Library) -> list[Passage]:
    """All passages of the published generation."""
    return [passage for document in documents_of(library) for passage in library.passages(document.id)]


def documents_of(library: Library) -> list[DocumentSummary]:
    """All documents of the published generation."""
    found: list[DocumentSummary] = []
    cursor = ""
    while True:
        page = library.documents(n=200, cursor=cursor)
        found.extend(page.items)
        if not page.next:
            return found
        cursor = page.next


def as_folder(folder: Path, items: Iterable[dict[str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "passages.jsonl").open("w", encoding="utf-8") as out:
        out.writelines(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
    return folder


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def _letters(text: str) -> str:
    """Letters and digits alone, small: comparison across ways of spacing punctuation."""
    return "".join(filter(str.isalnum, text.casefold()))
