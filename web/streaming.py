"""A page that is sent in two parts: what is known, then the answer. Without scripts: the browser shows what it has."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from flask import current_app, stream_template
from flask_babel import gettext as _
from markupsafe import escape

from kb.errors import KnowledgeBaseError
from kb.records import Answer, SearchPage
from web import caching
from web.metrics import count_answer
from web.result_page import AnswerCard, Asked, answer_card

log = logging.getLogger("web.streaming")
SO_FAR = "<!-- so far -->"  # stands in the template where the first part ends


def streamed(template: str, page: Any) -> Iterator[str]:
    """The page in parts, cut where the template has the mark. To be called in a request, which lasts until the last part."""
    return _in_parts(stream_template(template, page=page), caching.of_this_app())


def _in_parts(pieces: Iterator[str], kept: caching.Caching) -> Iterator[str]:
    """Few of many: a template gives thousands of pieces, each of which would be a packet."""
    waiting: list[str] = []
    sent = False
    try:
        for piece in pieces:
            before, mark, after = piece.partition(SO_FAR)
            waiting.append(before)
            if mark:
                yield "".join(waiting)
                waiting, sent = [after], True
    except Exception:
        if not sent:
            raise
        log.exception("the answer could not be shown")  # a broken connection would take the passages along
        kept.forget()
        words = _("The answer could not be shown; the operator finds the cause in the log.")
        waiting.append(f'<p class="hint" role="alert">{escape(words)}</p>')
    yield "".join(waiting)


def judged(steps: Iterator[SearchPage | Answer], asked: Asked) -> AnswerCard:
    """The card of the answer that `steps` end in. The page is half sent by then, so a failure is told in the card's place."""
    try:
        answer = next(step for step in steps if isinstance(step, Answer))
    except KnowledgeBaseError as error:
        return _failed(str(error))
    except Exception:
        log.exception("judging failed on %s", current_app.name)  # as an error page would: the cause for the operator alone
        return _failed(_("Something failed on the server; the operator finds the cause in its log."))
    count_answer(answer.status)
    if answer.index.partial or (answer.generated and answer.generated.fallback):
        caching.of_this_app().forget()  # the server, or the model, may answer the next time
    return answer_card(answer, asked)


def _failed(words: str) -> AnswerCard:
    count_answer("failed")
    caching.of_this_app().forget()
    return AnswerCard(answered=False, failed=words)
