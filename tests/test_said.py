from hypothesis import given
from hypothesis import strategies as st

from kb.records import Statement
from web.said import Run, runs, said


def test_what_answers_is_a_run_of_its_own():
    shown = said(Statement("Signed on 15 July 2021.", (1,), "Two ministers met.", ((10, 22),)), "ur")
    assert shown.runs == (Run("Signed on ", False), Run("15 July 2021", True), Run(".", False))
    assert (shown.context, shown.markers, shown.direction) == ("Two ministers met.", (1,), "rtl")


@given(st.text(), st.lists(st.integers(0, 50), max_size=8))
def test_the_runs_are_the_text(text, bounds):
    at = sorted({min(bound, len(text)) for bound in bounds})
    spans = tuple(zip(at[::2], at[1::2], strict=False))
    shown = runs(Statement(text, (), "", spans))
    assert "".join(run.text for run in shown) == text
    assert "".join(run.text for run in shown if run.strong) == "".join(text[a:b] for a, b in spans)
