"""Replies taken apart: every style of mark and dress, and that no sentence is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb.markers import Claim, claims_of

ONE = "The line is 1,387 km long"


@pytest.mark.parametrize(
    ("reply", "markers"),
    [
        (f"{ONE}. [1]", (1,)),
        (f"{ONE} [1].", (1,)),
        (f"{ONE}.[1]", (1,)),
        (f"{ONE} [1][3].", (1, 3)),
        (f"{ONE} [1, 3].", (1, 3)),
        (f"{ONE} [1; 3 and 4].", (1, 3, 4)),
        (f"{ONE} [2-4].", (2, 3, 4)),
        (f"{ONE} [2–4].", (2, 3, 4)),
        (f"{ONE} [1-999].", (1, 999)),
        (f"{ONE} [3-1].", (3, 1)),
        (f"{ONE}【1】.", (1,)),
        (f"{ONE}. [^1]", (1,)),
        (f"[1] {ONE}.", (1,)),
        (f"{ONE} [۱].", (1,)),
        (f"{ONE} [99].", (99,)),
        (f"{ONE} [1] [1].", (1,)),
        (f"- **{ONE}**. [1]", (1,)),
        (f"## {ONE}. [1]", (1,)),
        (f"1. {ONE}. [1]", (1,)),
        (f"> *{ONE}.* [1]", (1,)),
        (f"```\n{ONE}. [1]\n```", (1,)),
        (f"<think>Passage [2] says [3]. So:</think>{ONE}. [1]", (1,)),
        (f"\u202e{ONE}\u200b. [1]", (1,)),
        (f"[{ONE}](https://evil.example). [1]", (1,)),
        (f"{ONE}.", ()),
    ],
)
def test_marks_wherever_models_put_them(reply, markers):
    assert claims_of(reply) == [Claim(f"{ONE}.", markers)]


def test_a_mark_belongs_to_its_own_sentence():
    reply = "One is so. [1] Two is not [2]. Three may be.[3][4]\nFour was.\n[5] Five is. Six is."
    assert [claim.markers for claim in claims_of(reply)] == [(1,), (2,), (3, 4), (), (5,), ()]
    assert [claim.text for claim in claims_of(reply)][:2] == ["One is so.", "Two is not."]


@pytest.mark.parametrize("reply", ["[2021] was a year.", "He said [sic] so.", "[text] only", "a[i] = b[10000]"])
def test_other_brackets_are_text(reply):
    assert [claim.markers for claim in claims_of(reply)] == [()]


@pytest.mark.parametrize("reply", ["", " \n ", "<think>all thought", "```", "[1]", "**"])
def test_replies_without_a_sentence(reply):
    assert claims_of(reply) == []


def test_half_a_surrogate_pair_does_no_harm():
    assert "?" in claims_of("Sure \ud800 thing. [1]")[0].text


def test_urdu_and_chinese_sentences():
    reply = "لائن 1387 کلومیٹر طویل ہے۔ [1] یہ 2018 میں شروع ہوئی [2]۔"
    assert [claim.markers for claim in claims_of(reply)] == [(1,), (2,)]
    assert [claim.markers for claim in claims_of("该线路长1387公里。[1]它于2018年开工。[2]")] == [(1,), (2,)]


WORDS = st.lists(st.sampled_from("transit trade lines were signed between two capitals again".split()), min_size=3, max_size=8)
STYLES = (
    "{text}. {marks}",
    "{text} {marks}.",
    "{text}.{marks}",
    "- {text}. {marks}\n",
    "{marks} {text}.\n",
    "**{text}** {marks}.",
)


@given(
    st.lists(st.tuples(WORDS, st.lists(st.integers(1, 99), max_size=3, unique=True)), min_size=1, max_size=6),
    st.sampled_from(STYLES),
)
def test_what_was_put_together_is_taken_apart(sentences, style):
    claims = [Claim(f"Sentence {' '.join(words)}.", tuple(numbers)) for words, numbers in sentences]
    breaks = "\n" if style.startswith(("-", "{marks}")) else " "
    shown = [style.format(text=c.text[:-1], marks="".join(f"[{n}]" for n in c.markers)).rstrip(" ") for c in claims]
    shown = [part.replace(" .", ".").strip(" \n") for part in shown]
    assert claims_of(breaks.join(shown)) == claims


@given(st.text(max_size=400))
def test_any_text_is_taken_apart(text):
    for claim in claims_of(text):
        assert claim.text
        assert all(number >= 0 for number in claim.markers)
        claim.text.encode()
