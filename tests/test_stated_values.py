"""Which dates a sentence gives to the event that a question asks about."""

import pytest

from kb.gazetteer import Gazetteer
from kb.measured import asked
from kb.question import understand
from kb.stated import stated_values
from tests.test_conflicts import judged

GAZETTEER = Gazetteer.load()


@pytest.mark.parametrize(
    ("sentence", "dates"),
    [
        ("The AUPTT was signed on 15 July 2021.", ["15 July 2021"]),
        ("Minister Naveed Qamar gave 3 March 2022 as the day on which it was signed.", ["3 March 2022"]),
        (
            "Commerce Minister Naveed Qamar gave 3 March 2022 to the National Assembly as the day on which the PTA was signed, "
            "and 15 July 2021 as the day of the Pakistan–Uzbekistan transit trade agreement (AUPTT).",
            [],
        ),
    ],
)
def test_dates_of_a_thing_that_nobody_knows_are_not_those_of_the_one_asked_about(sentence, dates):
    question = understand("On what date was the AUPTT signed?", GAZETTEER)
    found = stated_values(question, judged(sentence, "a", "en"), asked(question), GAZETTEER, 0.8)
    assert [value.text for value in found] == dates
