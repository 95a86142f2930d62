"""States of agreements, projects and crossings at different dates, in three languages."""

from __future__ import annotations

import pytest

from kb.conflicts import conflicts_of
from kb.gazetteer import Gazetteer
from kb.question import understand
from kb.records import Conflict
from kb.statuses import status_conflict, status_of, statuses
from tests.test_conflicts import judged, language_of

GAZETTEER = Gazetteer.load()


def course(question: str, *texts: str) -> tuple[Conflict, ...]:
    items = [judged(text, f"d{n}", language_of(text)) for n, text in enumerate(texts)]
    sources = {item.candidate.hit.document.id: item.text for item in items}
    asked = understand(question, GAZETTEER)
    return status_conflict(statuses(asked, items, GAZETTEER), asked, GAZETTEER, (), sources.__getitem__)[0]


def test_an_older_state_is_superseded_and_no_contradiction():
    (conflict,) = course(
        "Is the Torkham crossing open?",
        "The Torkham crossing reopened on 3 June 2023.",
        "The Torkham crossing was closed on 12 October 2025.",
    )
    assert [(v.value, v.as_of, v.superseded) for v in conflict.values] == [
        ("closed", "2025-10-12", False),
        ("reopened", "2023-06-03", True),
    ]
    assert not conflict.contradicts
    assert conflict.about == "status (Torkham)"


def test_states_of_one_time_that_exclude_each_other_are_a_contradiction():
    (conflict,) = course(
        "Is the QTTA in force?",
        "The QTTA is in force, the ministry said on 3 May 2025.",
        "The QTTA is not in force, Dawn wrote on 5 May 2025.",
    )
    assert conflict.contradicts
    assert [v.value for v in conflict.values] == ["not in force", "in force"]


@pytest.mark.parametrize(
    ("question", "texts"),
    [
        ("Is the QTTA in force?", ("The QTTA is in force, it was said in May 2025.", "The QTTA took effect in 1998.")),
        ("When was the QTTA signed?", ("The QTTA is in force, it was said in May 2025.", "The QTTA was suspended in 2003.")),
        ("Is the QTTA in force?", ("The QTTA is in force, it was said in May 2025.", "The AUPTT was suspended in May 2025.")),
        ("Is the Torkham crossing open?", ("The Torkham crossing reopened in May 2025.", "Until May 2025 Torkham had closed.")),
        ("Is the Torkham crossing open?", ("The Torkham crossing reopened in May 2025.", "The Torkham crossing is closed.")),
    ],
)
def test_no_course_where_states_agree_or_are_of_another_thing_or_undated(question, texts):
    assert course(question, *texts) == ()


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("The line was completed in May 2024.", "done"),
        ("The line was not completed by May 2024.", "undone"),
        ("The line is to be completed by May 2024.", None),
        ("The agreement would be suspended in May 2024.", None),
        ("The crossing closed in May 2024 and reopened in June 2024.", None),
        ("Соглашение вступило в силу в мае 2024 года.", "on"),
        ("Переход закрыт с мая 2024 года.", "off"),
        ("مئی 2024 سے گزرگاہ بند ہے۔", "off"),
    ],
)
def test_what_state_a_sentence_tells(text, state):
    found = status_of(judged(text, "d", language_of(text)))
    assert (found and found.state) == state


def test_nothing_is_cited_without_a_course():
    asked = understand("Is the QTTA in force?", GAZETTEER)
    assert status_conflict([], asked, GAZETTEER, (), str) == ((), ())
    assert conflicts_of([], asked, GAZETTEER, (), str) == ((), ())
