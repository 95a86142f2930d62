"""The fitting of the judge, on examples made up so that the right outcome is known."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest
import spacy

from benchmarks.answerability import Example
from benchmarks.calibration_report import Trial, coverage, page, pictures, refusal_f1, reliability, threshold_at
from benchmarks.fit_evidence import _kept, _texts
from benchmarks.judge_fitting import best_scores, calibrated, fitted, left_out, nested
from benchmarks.template_questions import another_year, asked, from_sentences, unheard_aspects
from ingest.enrich import ENGLISH_MODEL
from kb.evidence_features import FEATURES
from kb.gazetteer import Gazetteer
from kb.records import Locator, Passage

TELLING = FEATURES.index("sentence")
MISLEADING = FEATURES.index("excess")


def example(number: int, source: str, answerable: bool) -> Example:
    """Five sentences; in an answerable question one stands out. `excess` goes the wrong way, as a set's accident may."""
    noise = np.random.default_rng(number)
    rows = noise.normal(0.5, 0.05, (5, len(FEATURES)))
    rows[:, FEATURES.index("foreign")] = number % 3 == 0
    rows[0, TELLING] += 0.15 * answerable
    rows[:, MISLEADING] -= 0.2 * answerable
    return Example(f"q{number}", source, "en→en", answerable, rows, np.array([answerable, False, False, False, False]))


@pytest.fixture(scope="module")
def examples():
    return [example(n, source, n % 2 == 0) for k, source in enumerate(("own", "clapnq", "xquad-en-en")) for n in range(k, 400, 5)]


@pytest.fixture(scope="module")
def trial(examples):
    scores = left_out(examples)
    model = calibrated(fitted(examples), examples, scores)
    clapnq = [e for e in examples if e.source == "clapnq"]
    made = Trial(model, examples, scores, (nested(clapnq), nested(clapnq, [e for e in examples if e.source == "own"])))
    return replace(made, model=replace(model, threshold=threshold_at(made)))


def test_fitting_finds_what_tells_and_never_turns_a_sign(examples):
    model = fitted(examples, strength=0.05)  # few examples: the penalty of the real sets would hold the weights back
    assert model.weights[TELLING] == max(model.weights)
    assert model.weights[MISLEADING] == 0  # it would be negative, had the sign been free
    scores = best_scores(model, examples)
    answerable = np.array([e.answerable for e in examples])
    assert scores[answerable].mean() > scores[~answerable].mean() + 2


def test_probabilities_of_sets_left_out_are_calibrated(trial):
    for _, _, count, said, share in reliability(trial):
        if count >= 30:
            assert abs(said - share) < 0.2


def test_the_threshold_refuses_about_the_share_it_is_set_for(trial):
    answered, wrong, _ = coverage(trial, trial.model.threshold)
    assert answered == pytest.approx(0.95, abs=0.02)
    assert wrong < 0.5


def test_refusal_f1_counts_by_hand():
    answerable = np.array([True] * 10 + [False] * 10)
    scores = np.array([*range(10), *[-1.0] * 8, 5.5, 20.0])
    # At one of ten the threshold is 1: refused are one answerable and eight of the others.
    assert refusal_f1(answerable, scores, 0.1) == pytest.approx(2 * 8 / (9 + 10))


def test_the_page_and_its_pictures_tell_every_set(trial):
    text = page(trial)
    for source in ("own", "clapnq", "xquad-en-en"):
        assert f"| {source} |" in text
    for name, picture in pictures(trial).items():
        assert f"]({name})" in text
        assert picture.startswith("<svg") and picture.count("<circle") >= 2


def test_examples_are_kept_and_taken_from_the_file(tmp_path, examples):
    first = _kept(tmp_path / "own.npz", lambda: iter(examples[:3]))
    again = _kept(tmp_path / "own.npz", lambda: iter(()))
    assert [e.group for e in first] == [e.group for e in again]
    for one, other in zip(first, again, strict=True):
        assert (one.source, one.languages, one.answerable) == (other.source, other.languages, other.answerable)
        assert np.array_equal(one.rows, other.rows) and np.array_equal(one.holding, other.holding)


def test_folders_of_texts_are_made_whole_or_not_at_all(tmp_path):
    source = tmp_path / "source"
    for kind, texts in (("treaties", source / "treaties" / "txt"), ("speeches", source / "speeches")):
        texts.mkdir(parents=True)
        (texts / "one.txt").write_text("Article 1. Trade is free.", encoding="utf-8")
        about = [{"file": "one", "name": "Agreement on trade", "country": "Pakistan", "year": 1995}]
        (source / kind / "index.json").write_text(json.dumps(about), encoding="utf-8")
    (source / "speeches" / "one.txt").unlink()
    with pytest.raises(FileNotFoundError):
        _texts(source, tmp_path / "docs")
    (source / "speeches" / "one.txt").write_text("We thank our neighbours.", encoding="utf-8")
    folders = _texts(source, tmp_path / "docs")
    assert [[file.name for file in sorted(folder.iterdir())] for folder in folders] == [["one.txt", "one.txt.meta.json"]] * 2
    assert _texts(tmp_path / "nowhere", tmp_path / "docs") == folders  # made once


@pytest.fixture(scope="module")
def parser():
    return spacy.load(ENGLISH_MODEL)


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        ("The agreement was signed in Kabul on 3 March 2022.", "When was The agreement signed in Kabul?", "3 March 2022"),
        ("Pakistan exported 400 lorries to Tajikistan.", "How many lorries did Pakistan export to Tajikistan?", "400"),
    ],
)
def test_questions_are_made_from_sentences(parser, sentence, question, answer):
    assert (question, answer) in list(asked(parser(sentence)))


def test_made_questions_name_their_passage_and_those_without_an_answer_none(parser):
    texts = ["The road agreement between the two states was signed in Kabul on 3 March 2022.", "CASA-1000 is a power line."]
    passages = [Passage(f"p{i}", "d", i, text, Locator(0, len(text)), "en") for i, text in enumerate(texts)]
    made = from_sentences(passages, parser, random.Random(1), 5)
    assert {one.source for one in made} == {"p0"}
    silent = unheard_aspects(texts, Gazetteer.load(), random.Random(1), 3)
    assert len(silent) == 3 and {one.source for one in silent} == {None}
    dated = [replace(made[0], question="What was signed in 2022?")]
    (shifted,) = another_year(dated, texts, random.Random(1))
    assert shifted.source is None and "2022" not in shifted.question
