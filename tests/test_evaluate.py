import json

import pytest

from kb.errors import BadRequest
from kb.evaluate import GoldEvidence, answers_by, flat, load_questions, of, says, share_said


def gold(tmp_path, **item):
    path = tmp_path / "questions.jsonl"
    path.write_text(json.dumps({"question": "When?", "status": "answered"} | item), encoding="utf-8")
    return load_questions(path)[0]


def test_alternatives_are_pairs_of_document_and_words(tmp_path):
    given = [{"document": "a.pdf", "text": "on 2 July"}, {"document": "b.md", "text": "2 July was the day"}]
    found = gold(tmp_path, evidence=given)
    assert found.documents == ("a.pdf", "b.md")
    assert answers_by(found, "b.md", flat("The  2 July\nwas the day."))
    assert not answers_by(found, "a.pdf", flat("The 2 July was the day."))


@pytest.mark.parametrize("document", ["a.pdf", ["a.pdf", "b.md"]])
def test_a_plain_string_stands_for_each_document(tmp_path, document):
    found = gold(tmp_path, document=document, evidence="on 2 July")
    assert found.evidence == tuple(GoldEvidence(name, "on 2 July") for name in found.documents)


def test_words_without_a_document_may_stand_in_any(tmp_path):
    found = gold(tmp_path, evidence="on 2 July")
    assert found.documents == () and answers_by(found, "any.pdf", flat("It was on 2 July."))


@pytest.mark.parametrize("item", [{"evidence": [{"text": "a"}]}, {"evidence": ["a"]}, {"answer": 5}, {"document": [1]}])
def test_a_malformed_line_is_named(tmp_path, item):
    with pytest.raises(BadRequest, match="line 1"):
        gold(tmp_path, **item)


@pytest.mark.parametrize(
    ("uri", "name", "same"),
    [("c/i.jsonl#x", "c/i.jsonl", True), ("c/i.jsonl#x", "c/i.jsonl#y", False), ("a.pdf", "", True), ("a.pdf", "b.pdf", False)],
)
def test_a_file_of_many_documents_is_named_by_the_file_or_by_one(uri, name, same):
    assert of(uri, name) is same


@pytest.mark.parametrize(
    ("text", "accepted", "said"),
    [("It is 1,227 km long.", "1227 km", True), ("Signed in July 2021.", "15 July 2021", False), ("The lorries", "lorry", True)],
)
def test_an_answer_is_said_with_all_its_words_and_numbers(text, accepted, said):
    assert says(text, accepted) is said


@pytest.mark.parametrize(
    ("text", "accepted", "share"),
    [
        ("The signing was on 15 July 2021 in Tashkent.", "15 July 2021, Tashkent", 1.0),
        ("It was signed in July 2021.", "15 July 2021, Tashkent", 0.5),
        ("Nothing is known.", "1227 km", 0.0),
    ],
)
def test_a_paraphrase_says_a_share_of_an_answer(text, accepted, share):
    assert share_said(text, accepted) == share
