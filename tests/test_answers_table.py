"""The table of answers and ablations: figures of one question, and how they are shown."""

from __future__ import annotations

import pytest

from benchmarks.answers import FIGURES, cell, figures, show, with_bounds
from kb.evaluate import GoldEvidence, GoldQuestion

GOLD = GoldQuestion("When?", "answered", ("a",), (GoldEvidence("a", "15 July"),), ("15 July 2021",), "en", "date")


@pytest.mark.parametrize(
    ("gold", "at", "said", "found"),
    [
        (
            GOLD,
            2,
            ["Signed on 15 July 2021."],
            {"statements": 1, "refused_of_answerable": 0, "evidence_recall@5": 1, "answer_said": 1, "answer_words": 1},
        ),
        (GOLD, 0, [], {"refused_of_answerable": 1, "evidence_recall@5": 0, "ndcg@10": 0, "answer_said": 0, "answer_words": 0}),
        (GoldQuestion("When?", "abstained", (), (), (), "en", ""), None, ["x"], {"statements": 1, "refused_of_unanswerable": 0}),
    ],
)
def test_the_figures_of_a_question(gold, at, said, found):
    made = figures(gold, at, said)
    assert {name: made[name] for name in found} == found
    assert set(made) <= set(FIGURES)


def test_a_cell_holds_the_mean_and_its_interval():
    assert cell([1.0, 1.0, 1.0]) == "1.000 1.00–1.00"
    assert (cell([]), with_bounds(0.5, None)) == ("–", "0.500")


def test_the_table_has_a_line_for_each_ranking(capsys):
    show({"words": dict.fromkeys(FIGURES, "1.000")}, markdown=True)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| ranking | evidence_recall@5 |")
    assert lines[2].count("1.000") == len(FIGURES) == lines[1].count("---|") - 1
