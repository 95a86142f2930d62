"""An article that is looked up by its number: straight to its passages, in the document that the question names best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kb import store
from kb.answer_values import content
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.maxsim import maxsims
from kb.ports import Reading
from kb.question import ARTICLE, Question, articles_in
from kb.records import Filters, Hit
from kb.retrieve import Candidate, Query, passages_of, tokens_of
from kb.words import stem, stems

NAMED = 2  # words or names that question and title share, unless no other title shares any: many titles name Pakistan
PASSAGES = 4  # of the article, in their order: a long one is read in its document
# Probability of the sentences of an article that is found by its number in the one document that the question names, where it
# asks for nothing else. They are identified and not judged by meaning: "What does Article V say?" is near no sentence. Chosen.
LOOKED_UP = 0.9
#: Stems of what only asks for an article's content, and of what any treaty is called.
_ASKING = frozenset(
    stem(word)
    for word in (
        "say says said about affirm govern cover deal require ask demand provide contain state define regulate text mean read "
        "prescribe oblige content subject set lay tell agreement treaty convention protocol accord fta pta between under "
        "о чём чем что говорит гласит предусматривает речь устанавливает требует содержание текст соглашение договор конвенция "
        "протокол соглашения договора конвенции протокола کہتا کہتی بارے متن معاہدہ معاہدے کیا"
    ).split()
)


def with_article_first(reading: Reading, query: Query, ranked: Sequence[Candidate], gazetteer: Gazetteer) -> list[Candidate]:
    """`ranked`, with the passages of the article that the question looks up before all others; as it is where none is found."""
    if query.question.article is None:
        return list(ranked)
    nums = _article(reading, query, gazetteer)
    if not nums or reading.missing():  # the document that is meant may be in the part that is missing
        return list(ranked)
    listed = {candidate.hit.passage.id: candidate.hit for candidate in ranked}
    top = max((candidate.hit.score for candidate in ranked), default=0.0)  # scores fall over the whole list
    first = []
    for one in _candidates(reading, query, nums):
        hit = listed.get(one.hit.passage.id, one.hit)
        first.append(replace(one, hit=replace(hit, score=max(top, one.hit.score), rerank=one.hit.rerank)))
    known = {one.hit.passage.id for one in first}
    return [*first, *(one for one in ranked if one.hit.passage.id not in known)]


def article_evidence(
    question: Question, judged: Sequence[Evidence], first: Candidate | None, gazetteer: Gazetteer
) -> list[Evidence]:
    """The sentences of the article that `with_article_first` put first, in their order, if nothing but the article is asked for.

    Else all that was judged: a question about one matter in an article is answered by the sentence on that matter, or not at all.
    """
    if question.article is None or first is None or question.article not in articles_in(first.hit.passage.locator.pinpoint or ""):
        return list(judged)
    document = first.hit.passage.document_id
    own = [
        one
        for one in judged
        if one.candidate.hit.passage.document_id == document
        and question.article in articles_in(one.candidate.hit.passage.locator.pinpoint or "")
    ]
    about = f"{first.hit.document.metadata.title}\n{first.hit.passage.context}"
    if not own or not _asks_for_article_alone(question, about, " ".join(one.text for one in own), gazetteer):
        return list(judged)
    in_order = sorted(own, key=lambda one: (one.rank, one.start))
    return [replace(one, probability=max(one.probability, LOOKED_UP)) for one in in_order]


def _asks_for_article_alone(question: Question, about: str, text: str, gazetteer: Gazetteer) -> bool:
    """Whether all that the question names is in the document's title, in the article, or only asks for its content."""
    there = {mention.entity_id for mention in gazetteer.find(f"{about}\n{text}")}
    if any(mention.entity_id not in there for mention in question.entities):
        return False
    rest = list(question.text)
    for mention in question.entities:
        rest[mention.start : mention.end] = " " * (mention.end - mention.start)
    return content(ARTICLE.sub(" ", "".join(rest))) <= content(f"{about}\n{text}") | _ASKING


def _article(reading: Reading, query: Query, gazetteer: Gazetteer) -> list[int]:
    """Numbers of the article's passages in the document whose title shares most with the question; none if several do."""
    question = query.question
    allowed = None
    if query.filters != Filters():
        allowed = set(store.matching_documents(reading.connection, reading.generation, query.filters))
    titles: dict[int, str] = {}
    passages: dict[int, list[int]] = {}
    for num, pinpoint, document, title in store.passages_of_articles(reading.connection, reading.generation):
        if question.article in articles_in(pinpoint) and (allowed is None or document in allowed):
            titles[document] = title
            passages.setdefault(document, []).append(num)
    wanted = _keys(ARTICLE.sub(" ", question.text), gazetteer)
    shared = {document: len(wanted & _keys(title, gazetteer)) for document, title in titles.items()}
    most = max(shared.values(), default=0)
    best = [document for document, count in shared.items() if count == most]
    alone = most and sum(count > 0 for count in shared.values()) == 1
    return passages[best[0]][:PASSAGES] if len(best) == 1 and (alone or most >= NAMED) else []


def _keys(text: str, gazetteer: Gazetteer) -> set[str]:
    """Stems and entities: what a title and a question may share, in one language or another."""
    names = (mention.entity_id for mention in gazetteer.find(text))
    return {f"id:{name}" for name in names if name} | set(stems(text))


def _candidates(reading: Reading, query: Query, nums: Sequence[int]) -> list[Candidate]:
    cosines = {
        int(reading.snapshot.passages[position]): cosine
        for position, cosine in reading.snapshot.vectors.search(
            query.encoded.vector, len(nums), reading.snapshot.only(list(nums))
        )
    }
    found, tokens = passages_of(reading, nums), tokens_of(reading, nums)
    scores = maxsims(query.encoded.tokens, list(tokens.values()))
    return [
        Candidate(Hit(*found[num], score, rerank=score), cosines.get(num, 0.0), tokens[num])
        for num, score in zip(nums, scores, strict=True)
    ]
