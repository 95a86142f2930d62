"""How a question was read, to be shown to whoever asked it."""

from __future__ import annotations

from kb.question import Question
from kb.question_kind import LOOKED_FOR
from kb.records import Period, Understood


def understood(question: Question, names: tuple[str, ...]) -> Understood:
    """`names` are the entities', as the gazetteer gives them."""
    looked_for = f"article {question.article}" if question.article else LOOKED_FOR[question.kind]
    return Understood(question.language, question.kind, looked_for, question.period, names, question.article)


def in_words(understood: Understood) -> str:
    """ "Looked for a date; period 2021-01-01 to 2021-12-31; about Uzbekistan, CASA-1000"."""
    period = f"period {period_in_words(understood.period)}" if understood.period else ""
    about = f"about {', '.join(understood.entities)}" if understood.entities else ""
    return "; ".join(part for part in (f"Looked for {understood.looked_for}", period, about) if part)


def period_in_words(period: Period) -> str:
    """ "2021-01-01 to 2021-12-31", "from 2021-01-01 on", "until 2020-02-29", "2021-07-15"."""
    if not period.end:
        return f"from {period.start} on"
    if not period.start:
        return f"until {period.end}"
    return period.start if period.start == period.end else f"{period.start} to {period.end}"
