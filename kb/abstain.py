"""Plain words for an abstention: what was looked for, why the nearest passages do not do, what to ask instead."""

from __future__ import annotations

import re

from kb.answer_values import content
from kb.evidence import Evidence
from kb.premise import Objection
from kb.question import Question
from kb.question_kind import question_marks
from kb.understood import period_in_words
from kb.words import WORD

UNRELATED = 0.03  # a best sentence below is on another subject: boiling points and football gave .02 at most, near misses .034
QUESTIONS = 3  # at once; two halves of one question are common, four are a list of questions
THINGS = {"date": "a date", "number": "a figure", "person": "a person", "place": "a place"}
#: Where a server of a divided collection does not answer: what the documents there say is not known.
SEARCHED_IN_PART = "Part of the collection could not be searched, and the rest does not answer the question; ask again later."
_OBJECTIONS: dict[Objection, str] = {
    "period": "The nearest passages date what they tell outside the period asked about ({period}); {where} do not say more.",
    "future": "The nearest passages do not speak of {text}, which has not come yet; {where} do not say more.",
    "missing": "The nearest passages are on the subject but give no such thing as {thing}; {where} do not say.",
    "another": "The nearest passages are on another project or country than the one asked about; {where} do not say more.",
    "turned": "The nearest passages tell of the other direction than is asked about; {where} do not say.",
    "planned": "The nearest passages give what was aimed at and not what was reached; {where} do not say.",
    "ending": "The nearest passages, below, tell of no such end as the question takes for granted; {where} do not say more.",
}


_ABOUT = re.compile(r"(?:(?:and )?(?:what|how) about|and|so|а (?:как|что) насч[её]т|а|اور)\s+", re.I)
#: Chinese, Japanese, Thai, Lao, Khmer, Burmese: words, which the judge counts, cannot be told apart.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


def not_one_question(question: Question) -> str | None:
    """Why a text is no question that one answer could serve, or None: a bare name, many questions at once, an unread script."""
    if _UNSPACED.search(question.text):
        return (
            "Questions in scripts that set no spaces between words are searched for, but how far an answer could be trusted "
            "has not been measured. The passages below come nearest; ask in English, Russian or Urdu for an answer."
        )
    many = question_marks(question.text)
    if many > QUESTIONS:
        return f"These are {many} questions at once; ask one at a time. The passages below come nearest to all of them together."
    if not any(any(map(str.isalpha, word)) for word in content(question.text)):
        return "The text names nothing that could be looked for; name the agreement, project, country or person that you mean."
    words = len(WORD.findall(question.text))
    about = _ABOUT.match(question.text)
    begins = about.end() if about else 0
    whole = any(m.start == begins and m.end >= len(question.text.rstrip(" ?!.؟")) for m in question.entities)
    if (about and whole) or (question.kind == "keywords" and (words == 1 or whole)):
        return (
            f"“{question.text}” names something but asks nothing of it; ask when, how much, who or where. "
            "The passages below name it."
        )
    return None


def reason_for_abstaining(
    question: Question, best: Evidence | None, filtered: bool, objection: Objection | None = None, unknown: tuple[str, ...] = ()
) -> str:
    """What was looked for and why the nearest passage does not do. `unknown` are names that no passage holds."""
    where = "the documents that the filters let through" if filtered else "the documents"
    nothing = f"Nothing in {where} comes near the question." + (" Try fewer filters." if filtered else "")
    if unknown:
        return f"No passage names {', '.join(unknown)}; check the spelling, or ask without it."
    if best is None:
        return nothing
    if objection:
        period, text = (period_in_words(question.period), question.period.text) if question.period else ("", "")
        return _OBJECTIONS[objection].format(period=period, text=text, where=where, thing=THINGS.get(question.expected, "that"))
    features = best.features
    if features["numbers"] < 1:
        missing = ", ".join(question.numbers + ((f"article {question.article}",) if question.article else ()))
        return f"The nearest passages do not speak of {missing}, which the question names; {where} do not say."
    if best.probability < UNRELATED:
        return nothing
    if features["entities"] < 1:
        return f"The nearest passages do not name everything that the question asks about; {where} do not say."
    if features["expected"] < 1:
        return (
            f"The nearest passages are on the subject but give no such thing as {THINGS[question.expected]}; {where} do not say."
        )
    return f"The nearest passages are on a related subject but do not answer the question; {where} do not say."
