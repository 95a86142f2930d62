"""What a claim states that can be looked up, and that a text of another language or writing gives it."""

import pytest

from kb.claim_facts import facts_in, missing
from kb.gazetteer import Gazetteer

GAZETTEER = Gazetteer.load()


def lacking(claim, told, about=""):
    return missing(facts_in(claim, GAZETTEER), [facts_in(told, GAZETTEER)], facts_in(about, GAZETTEER))


@pytest.mark.parametrize(
    ("claim", "told"),
    [
        ("The line is 1,387 km long.", "Протяжённость линии 1387 км."),
        ("Линия передаёт 1300 МВт.", "It carries 1,300 MW."),
        ("The price is 9.41 cents per kWh.", "Цена составляет 9,41 цента США за кВт·ч."),
        ("Exports were USD 197.06 million.", "برآمدات 197.06 ملین ڈالر تھیں۔"),
        ("It was signed in July 2021.", "It was signed on 15 July 2021."),
        ("Подписано 15 июля 2021 года.", "Signed on 2021-07-15."),
        ("He came on 5 February 2026.", "The visit took place on 5–6 February 2026."),
        ("Exports fell in FY2024-25.", "Exports fell in 2024-25."),
        ("Kazakh lorries came.", "Lorries of Kazakhstan came."),
        ("Президент Мирзиёев приехал.", "Shavkat Mirziyoyev arrived."),
        ("Two countries signed.", "Pakistan and China signed."),
        ("CASA-1000 is a line.", "Линия CASA-1000."),
        ("Article V frees carriers.", "Article 5. Carriers are free."),
        ("The third session met.", "The 3rd session met."),
        ("Three ports are named.", "3 ports are named."),
        ("The amount was 21.", "Amount: USD 21 million"),
        ("About 3,600 students came.", "Nearly 3,600 students came."),
        ("The minister Talant Orozov came.", "Orozov's delegation; Talant spoke."),
        ("Decree No. 2658 ratified it.", "It was ratified by decree No. 2658."),
    ],
)
def test_what_is_told_is_found(claim, told):
    assert lacking(claim, told) == []


@pytest.mark.parametrize(
    ("claim", "told", "lacks"),
    [
        ("The line is 1,387 km long.", "The line is 1,378 km long.", ["1,387 km"]),
        ("It carries 1,387 MW.", "The line is 1,387 km long.", ["1,387 MW"]),
        ("Exports were USD 197 million.", "Exports were USD 197 billion.", ["USD 197 million"]),
        ("It was signed on 15 July 2021.", "It was signed in July 2021.", ["15 July 2021"]),
        ("It was signed on 16 July 2021.", "It was signed on 15 July 2021.", ["16 July 2021"]),
        ("It was signed on 15 June.", "It was signed on 15 July.", ["15 june"]),
        ("Uzbekistan left.", "Tajikistan left.", ["Uzbekistan"]),
        ("Over 90 trucks came.", "90 trucks came.", ["Over 90"]),
        ("90 trucks came.", "Up to 90 trucks came.", ["90"]),
        ("Article 7 frees carriers.", "Article 5 frees carriers.", ["article 7"]),
        ("The minister Jane Miller came.", "The minister John Smith came.", ["Jane", "Miller"]),
        ("The third session met.", "The fourth session met.", ["third"]),
        ("Decree No. 2658 ratified it.", "It was ratified by decree No. 2685.", ["2658"]),
        ("Seven ports are named.", "Ports are named.", ["Seven"]),
    ],
)
def test_what_is_not_told_is_named(claim, told, lacks):
    assert lacking(claim, told) == lacks


def test_title_and_headings_name_what_a_passage_is_on_and_give_no_figure():
    assert lacking("CASA-1000 began in 2018.", "Work began in 2018.", "CASA-1000") == []
    assert lacking("It is 1,387 km long.", "It is long.", "A line of 1,387 km") == ["1,387 km"]
