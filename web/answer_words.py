"""How a question was read and what a model had to do with its answer, in the interface's language."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from kb.records import Answer, Understood
from kb.understood import period_in_words
from web import names
from web.phrases import translated


def read_as(understood: Understood) -> str:
    """ "Looked for a date; period 2021-01-01 to 2021-12-31; about Uzbekistan, CASA-1000": kb.understood.in_words, translated."""
    parts = [_("Looked for %(thing)s", thing=translated(understood.looked_for))]
    if understood.period:
        parts.append(_("period %(period)s", period=translated(period_in_words(understood.period))))
    if understood.entities:
        parts.append(_("about %(names)s", names=", ".join(map(names.entity, understood.entities))))
    return "; ".join(parts)


def by_model(answer: Answer) -> str:
    """What a language model had to do with an answer; "" where none was asked or the answer's reason says it."""
    generated = answer.generated
    if generated is None or answer.status == "abstained":
        return ""
    if generated.fallback:
        told = _("%(model)s was passed over: %(reason)s.", model=generated.model, reason=generated.fallback)
        return told + " " + _("These are the documents' own sentences.")
    told = _("Written by %(model)s from the quoted passages.", model=generated.model)
    count = len(generated.dropped)
    left_out = ngettext("%(num)s sentence was left out as unsupported.", "%(num)s sentences were left out as unsupported.", count)
    return f"{told} {left_out}" if count else told
