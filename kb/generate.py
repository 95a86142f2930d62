"""The port for a language model: an answer written from numbered passages, each sentence checked and cited by code.

The judge decides first: without sentences that answer, no model is asked. The model points at passages; what is quoted is cut
here, verbatim. A sentence that its passages do not bear out is left out, with the reason; if none is left, the answer is an
abstention. If the server fails, the sentences of the sources that were composed without it answer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kb.answer_values import main_values, values_of
from kb.chat import ChatServer, GenerationFailed, Limits, Message, Reply, read_key
from kb.cite import cite
from kb.compose import Composed
from kb.config import ModelServer
from kb.embed import Encoder
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.language import LANGUAGES, detect, letters, script
from kb.markers import Claim, claims_of
from kb.prompts import NO_ANSWER, messages_for
from kb.question import Question
from kb.records import Answer, Citation, Dropped, Generated, Statement
from kb.support import Checker, Quoted, Source, Verdict

PASSAGES = 8  # shown; the judge reads ten
PROMPT_TOKENS = (
    2400  # of passages, by the encoder's count: with rules and reply they fit the 4,096 that local servers often start with
)
STATEMENTS = 6
CLAIMS = 20  # of a reply that are checked
AT_ONCE = 4  # answers that wait for the model server: half of the web server's threads stay for what waits for nothing
LONG_ENOUGH = 40  # letters, from which on languages of one script are told apart
log = logging.getLogger(__name__)


class Generator(Protocol):
    """A chat model."""

    def complete(self, messages: list[Message]) -> Reply:
        """The reply. Raises GenerationFailed. May be called by several threads at once."""


@dataclass(frozen=True, slots=True)
class Task:
    """A question with the judged sentences that may answer it, the best first, and what was composed of them; `text_of` gives a
    document's text by its id."""

    question: Question
    evidence: Sequence[Evidence]
    composed: Composed
    text_of: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Written:
    """Statements and citations to show, what the model did to them, and why there are none if the answer is an abstention."""

    statements: tuple[Statement, ...]
    citations: tuple[Citation, ...]
    generated: Generated | None = None
    reason: str | None = None


class Writer:
    """Writes answers with a generator. May be used by several threads; those that find it busy are answered without it."""

    def __init__(self, generator: Generator, model: str) -> None:
        self.model = model
        self._generator = generator
        self._free = threading.BoundedSemaphore(AT_ONCE)

    def write(self, task: Task, encoder: Encoder, gazetteer: Gazetteer) -> Written:
        """An answer in the model's words, or what was composed where that cannot be had. Raises kb.cite.QuoteMismatch."""
        sources = shown(task, encoder)
        # Read before the wait: the generation may be collected while the model writes.
        texts = {source.hit.document.id: task.text_of(source.hit.document.id) for source in sources}
        messages = messages_for(task.question, [source.hit for source in sources])
        try:
            claims, unresolved = self._claims(task.question, messages, len(sources))
        except GenerationFailed as failure:
            log.warning("the language model %s was passed over: %s", self.model, failure)
            return Written(task.composed.statements, task.composed.citations, Generated(self.model, fallback=str(failure)))
        if not claims:
            return self._refused()
        return self._cited(task.question, claims, unresolved, Checker(sources, encoder, gazetteer), texts)

    def _claims(self, question: Question, messages: list[Message], given: int) -> tuple[list[Claim], int]:
        """The reply's sentences, none for a refusal, and how many marks point at no passage. Raises GenerationFailed."""
        if not self._free.acquire(blocking=False):
            raise GenerationFailed(f"{AT_ONCE} answers are being written already")
        try:
            reply = self._generator.complete(messages)
        finally:
            self._free.release()
        claims = claims_of(reply.text)
        if reply.cut and claims and claims[-1].text[-1:] not in ".!?…۔؟。":
            claims.pop()
        if claims and NO_ANSWER in claims[0].text.upper() and not any(claim.markers for claim in claims):
            return [], 0
        if not claims:
            raise GenerationFailed("the model wrote no whole sentence")
        _check_language(question, " ".join(claim.text for claim in claims))
        return claims, sum(not 1 <= number <= given for claim in claims for number in claim.markers)

    def _refused(self) -> Written:
        reason = f"Passages come near the question, but {self.model}, which was to answer from them, found no answer in them."
        return Written((), (), Generated(self.model), reason)

    def _cited(
        self, question: Question, claims: Sequence[Claim], unresolved: int, checker: Checker, texts: dict[str, str]
    ) -> Written:
        citations: list[Citation] = []
        statements: list[Statement] = []
        dropped: list[Dropped] = []
        for place, claim in enumerate(claims):
            unread = _superfluous(claim, statements, place)
            verdict = Verdict(reason=unread) if unread else checker.check(claim)
            if verdict.reason:
                dropped.append(Dropped(claim.text, verdict.reason))
                continue
            markers = tuple(dict.fromkeys(_marker(quoted, checker.sources, texts, citations) for quoted in verdict.quotes))
            statements.append(Statement(claim.text, markers, "", _emphasis(question, claim.text, checker.gazetteer)))
        generated = Generated(self.model, tuple(dropped), unresolved)
        if statements:
            return Written(tuple(statements), tuple(citations), generated)
        reason = (
            f"Passages come near the question, but they bear out nothing of what {self.model} wrote from them "
            f"({len(dropped)} sentence{'s' * (len(dropped) != 1)} left out). Read the passages themselves."
        )
        return Written((), (), generated, reason)


def in_words(answer: Answer) -> str:
    """What a language model had to do with an answer, as a sentence; "" where none was asked or the answer's reason says it."""
    generated = answer.generated
    if generated is None or answer.status == "abstained":
        return ""
    if generated.fallback:
        return f"{generated.model} was passed over: {generated.fallback}. These are the documents' own sentences."
    count = len(generated.dropped)
    left_out = f"; {count} sentence{'s were' if count > 1 else ' was'} left out as unsupported" if count else ""
    return f"Written by {generated.model} from the quoted passages{left_out}."


def writer_of(server: ModelServer | None) -> Writer | None:
    """A writer for the server that the operator set, None without one. Nothing is contacted. Raises BadRequest for a key's file
    that cannot be used."""
    if server is None:
        return None
    key = read_key(server.key_file) if server.key_file else ""
    return Writer(ChatServer(server.url, server.model, key, Limits(seconds=server.seconds)), server.model)


def shown(task: Task, encoder: Encoder) -> list[Source]:
    """The passages that are put before the model: those of the composed answer, then those of the most probable sentences, within
    PROMPT_TOKENS (the first always)."""
    cited = {citation.passage_id for citation in task.composed.citations}
    first = [evidence for evidence in task.evidence if evidence.candidate.hit.passage.id in cited]
    candidates = {e.candidate.hit.passage.id: e.candidate for e in (*first, *task.evidence) if e.candidate.tokens is not None}
    chosen = list(candidates.values())[:PASSAGES]
    found: list[Source] = []
    left = PROMPT_TOKENS
    for candidate, tokens in zip(chosen, encoder.count_tokens([one.hit.passage.text for one in chosen]), strict=True):
        if candidate.tokens is not None and (tokens <= left or not found):
            found.append(Source(candidate.hit, candidate.tokens))
            left -= tokens
    return found


def _check_language(question: Question, text: str) -> None:
    """Raises GenerationFailed for a reply in another language than the question's, as far as that can be told."""
    asked, got = script(question.text), script(text)
    spoken = detect(text)
    alike = asked == got and (spoken == question.language or min(letters(text), letters(question.text)) < LONG_ENOUGH)
    if asked != "none" and not alike:
        raise GenerationFailed(f"the model answered in {LANGUAGES[spoken]} and not in {LANGUAGES[question.language]}")


def _superfluous(claim: Claim, said: Sequence[Statement], place: int) -> str:
    """Why the claim at `place` of a reply need not be checked; each check takes a pass of the encoder."""
    if any(claim.text.casefold() == statement.text.casefold() for statement in said):
        return "it was said before"
    if place >= CLAIMS:
        return f"the reply has more than {CLAIMS} sentences"
    return f"{STATEMENTS} sentences are said already" if len(said) >= STATEMENTS else ""


def _marker(quoted: Quoted, sources: Sequence[Source], texts: dict[str, str], citations: list[Citation]) -> int:
    """The number of the citation with these words, which is added if there is none yet."""
    hit = sources[quoted.number - 1].hit
    made = cite(len(citations) + 1, hit.passage, hit.document, (quoted.start, quoted.end), texts[hit.document.id])
    for citation in citations:
        if (citation.passage_id, citation.locator) == (made.passage_id, made.locator):
            return citation.marker
    citations.append(made)
    return made.marker


def _emphasis(question: Question, text: str, gazetteer: Gazetteer) -> tuple[tuple[int, int], ...]:
    values = values_of(question, text, gazetteer)
    return tuple((value.start, value.end) for value in main_values(question, text, values, gazetteer))
