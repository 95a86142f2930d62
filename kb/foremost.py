"""Which of the sentences that may be said is said first: one of its own subject, of the asked type, told last, or silent."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date

from kb.answer_values import asked_types
from kb.gazetteer import Gazetteer
from kb.offices import office_asked, says_holder
from kb.question import Question
from kb.question_parts import asks_of_now, own_stems
from kb.said import (
    ENUMERATED,
    Said,
    as_much_on_the_subject,
    enumerated,
    is_about_itself,
    is_of_another_time,
    is_silent,
    latest,
    speaks_of_another,
    told_until,
)

GATHERED = ("list", "timeline", "comparison")
TYPED = ("date", "number", "person", "place", "timeline")
PROMOTED = 0.6  # a sentence with a thing of the asked type goes before one without, from this share of its probability on
NEARER = 0.85  # the same if the better one holds such a thing too, but further from the question's words
PAST = 3650  # days by which another sentence is newer, from which what one says is long past
DENIES = re.compile(
    r"\b(?:not|no|never|none|nobody|neither|without)\b|\b(?:не|нет|ни)\b|نہیں|بغیر",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Foremost:
    """What the order depends on beside the sentences; `threshold` is the probability from which a sentence answers."""

    question: Question
    gazetteer: Gazetteer
    threshold: float

    def order(self, sayable: list[Said]) -> list[Said]:
        """The sentences, the one to be said first before the others, which stay as they were: the most probable first."""
        return self._silence_first(self._newest_first(self._typed_first(self._own_first(sayable))))

    def _own_first(self, sayable: list[Said]) -> list[Said]:
        """Put what speaks of its document, or of "another" thing, behind what does not; of a list first what enumerates."""
        near = [one for one in sayable if one.probability >= PROMOTED * sayable[0].probability]
        if self.question.kind == "list":
            near = self._most_items_first(near)
        another = self.question.kind not in GATHERED  # of several things "another one" is one of them
        passed = [one for one in near if is_about_itself(one) or (another and self._is_beside_the_point(one))]
        best = next((one for one in near if one not in passed), sayable[0])
        rest = [one for one in sayable if one is not best and not is_about_itself(one)]
        return [best, *rest] if as_much_on_the_subject(best, sayable[0]) else sayable

    def _is_beside_the_point(self, one: Said) -> bool:
        part = one.part - set(self.question.stems)
        return bool(part) or speaks_of_another(one, self.question) or is_of_another_time(one, self.question)

    def _most_items_first(self, near: list[Said]) -> list[Said]:
        """Put the sentences with most items of the asked type first; without a type those that enumerate what is asked."""
        if asked_types(self.question):
            return sorted(near, key=lambda one: -min(len(one.main), ENUMERATED))
        own = own_stems(self.question)
        whole = [one for one in near if not is_about_itself(one) and own <= one.stems and enumerated(one.text)]
        return sorted(whole, key=lambda one: -enumerated(one.text)) or near

    def _silence_first(self, sayable: list[Said]) -> list[Said]:
        """Put "the sources do not state whether it was signed" before what is near, where one thing is asked for."""
        if self.question.kind not in TYPED:
            return sayable
        best, own = sayable[0], own_stems(self.question)
        enough = max(self.threshold, PROMOTED * best.probability)
        silent = next(
            (one for one in sayable if own and is_silent(one.text) and own <= one.stems and one.probability >= enough), None
        )
        if silent is None or not as_much_on_the_subject(silent, best):
            return sayable
        return [silent, *(one for one in sayable if one is not silent)]

    def _newest_first(self, sayable: list[Said]) -> list[Said]:
        """Put what was told last before what is nearly as near, where the question asks how things stand."""
        if self.question.period or not asks_of_now(self.question):
            return sayable
        best, today = sayable[0], date.today().toordinal()
        asked, own = {str(mention.entity_id) for mention in self.question.entities}, own_stems(self.question)
        near = [
            one
            for one in sayable
            if one.probability >= PROMOTED * best.probability and as_much_on_the_subject(one, best)
            if (one.main or not best.main) and self._speaks_of(asked & best.facts, one) and own & best.stems <= one.stems
        ]
        office = office_asked(self.question, self.gazetteer)
        if office:
            near = [one for one in near if says_holder(office, one.text, self.gazetteer)] or near
        first = max(near, key=lambda one: (told_until(one, today), one.probability))
        return [first, *(one for one in sayable if one is not first)]

    def _speaks_of(self, ids: AbstractSet[str], one: Said) -> bool:
        """Whether a sentence names each of some entities, or of a country something of its own: its agreement, its president."""
        known = self.gazetteer.entities
        countries = {code for fact in one.facts if fact in known for code in known[fact].countries}
        return all(i in one.facts or (known[i].type == "country" and countries.issuperset(known[i].countries)) for i in ids)

    def _typed_first(self, sayable: list[Said]) -> list[Said]:
        """Put the first sentence with a thing of the asked type before those that hold none, if it is as much on the subject."""
        if not asked_types(self.question) or self.question.kind not in TYPED:
            return sayable
        best = sayable[0]
        if DENIES.search(best.evidence.text):  # "the sources do not state when" is the answer, and a date near it is none
            return sayable
        enough = (NEARER if best.main else PROMOTED) * best.probability
        typed = [one for one in sayable if one.main and as_much_on_the_subject(one, best) and one.probability >= enough]
        if not typed:
            return sayable
        typed = [one for one in typed if not self._is_beside_the_point(one)] or typed
        wanted = set(asked_types(self.question))  # "when and where": what tells both is the fewest sentences
        typed = [one for one in typed if wanted <= {value.type for value in one.main}] or typed
        if not self.question.period:  # what is so is asked for, and 350 students in 2005 are long past
            newest = max(map(latest, typed))
            typed = [one for one in typed if not latest(one) or newest - latest(one) <= PAST or self.question.kind == "date"]
        first = max(typed, key=lambda one: one.probability * (1 + min(one.nearness, 1)))
        return [first, *(one for one in sayable if one is not first and (one.main or best.main))]
