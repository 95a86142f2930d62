import pytest

from kb.gazetteer import Gazetteer
from kb.measured import (
    asked,
    compares,
    gives_another_measure,
    is_planned,
    measure_of,
    only_aimed_at,
    parts_of,
)
from kb.quantities import quantities_of
from kb.question import understand

GAZETTEER = Gazetteer.load()


@pytest.mark.parametrize(
    ("question", "dimensions", "measures"),
    [
        ("What was the trade of Pakistan and Uzbekistan in 2022?", {"money"}, {"trade"}),
        ("How many documents were signed during the visit?", {"count"}, {"documents"}),
        ("How many documents were signed when Tokayev came?", {"count"}, {"documents"}),
        ("How long is TAPI?", {"length"}, set()),
        ("What different lengths do sources give for TAPI?", {"length"}, {"length"}),
        ("What does CASA-1000 cost?", {"money"}, {"cost"}),
        ("How many megawatts will CASA-1000 carry?", {"power"}, set()),
        ("Which days do the sources give for the signing?", {"date"}, set()),
        ("When was the QTTA signed?", {"date"}, set()),
        ("Каков экспорт Пакистана в Казахстан?", {"money", "mass"}, {"exports"}),
        ("Сколько студентов из Пакистана в Бишкеке?", {"count"}, {"students"}),
        ("2024 میں برآمدات کتنی تھیں؟", {"money", "mass"}, {"exports"}),
        ("کرغزستان میں کتنے پاکستانی طلبہ ہیں؟", {"count"}, {"students"}),
        ("Who signed the QTTA?", set(), set()),
        ("Which body handles QTTA permits in Pakistan?", set(), set()),
    ],
)
def test_what_kinds_of_value_a_question_wants(question, dimensions, measures):
    wanted = asked(understand(question, GAZETTEER))
    assert set(wanted.dimensions) == dimensions
    assert not measures or measures <= wanted.measures


@pytest.mark.parametrize(
    ("text", "context", "measures"),
    [
        ("exports of USD 3.33 million and imports of USD 5.3 million", "", ["exports", "imports"]),
        ("Of the USD 91 million, USD 57 million were exports of Pakistan", "Trade figures", ["trade", "exports"]),
        ("The secretary named USD 23.46 million.", "Trade with Tajikistan", ["trade"]),
        ("The secretary named USD 23.46 million.", "Cost of the line", [""]),
        (
            "exports fell from USD 29 million to USD 14 million and imports rose to USD 19 million",
            "",
            ["exports"] * 2 + ["imports"],
        ),
    ],
)
def test_the_nearest_word_tells_what_a_value_measures(text, context, measures):
    values = quantities_of(text)
    assert [measure_of(text, value, values, context) for value in values] == measures


def test_targets_parts_and_comparisons_are_known_by_their_words():
    assert is_planned("a goal of USD 1 billion") and is_planned("довести до 2 млрд") and not is_planned("trade was USD 1 billion")
    assert parts_of("14 km had been laid") == {"done"} and parts_of("the first stage is 153 km long") == {"section"}
    assert not parts_of("the line is 14 km long")
    assert compares("Do the sources agree?") and compares("по разным данным") and not compares("When was it signed?")


@pytest.mark.parametrize(
    ("question", "text", "other"),
    [
        ("How many lorries entered Pakistan?", "Vehicles registered in Uzbekistan may enter.", False),
        ("How many stations will the line have?", "The line is 1,733 km long.", True),
        ("How many megawatt-hours were imported?", "More than 102 towers were up in April 2025.", True),
        ("How many panelists sit on a panel?", "A panel shall comprise three members.", False),
        ("How often is the tariff reviewed?", "The lists are reviewed every five years.", False),
        ("How many megawatt-hours were imported?", "5 GWh were imported.", False),
        ("What is the price of the gas?", "The pipeline costs USD 8 billion.", True),
        ("What is the price of the gas?", "The gas is priced at USD 200.", False),
        ("What is the trade with Uzbekistan?", "The transit trade agreement was signed on 15 July 2021.", True),
        ("What is the trade with Uzbekistan?", "Exports were USD 63.65 million.", False),
        ("Какова торговля с Узбекистаном?", "Узбекистану разрешили отправить 29 контейнеров.", True),
        ("Сколько составила торговля с Таджикистаном?", "Он передал проект соглашения о торговле.", True),
        ("What is the trade with Turkmenistan?", "Trade (USD million): FY2024-25; Exports: 1.67; Imports: 16.57", False),
        ("How long is the Wakhan strip?", "The strip is 14 km wide.", True),
        ("How wide is the Wakhan strip?", "The strip is 14 km wide.", False),
        ("How large is the share of gas?", "1.3 billion cubic feet a day.", False),
        ("Who signed it?", "The strip is 14 km wide.", False),
    ],
)
def test_a_figure_of_something_else_is_none(question, text, other):
    assert gives_another_measure(understand(question, GAZETTEER), text) is other


@pytest.mark.parametrize(
    ("question", "text", "planned"),
    [
        ("How much is trade with Turkmenistan?", "Ahsan Iqbal proposed trade of USD 4 billion.", True),
        ("latest trade with Tajikistan?", "The goal is USD 500 million; Ishaq Dar named USD 500 million again.", True),
        ("How much is trade with Turkmenistan?", "Trade was USD 250 million, with USD 1 billion as the goal.", False),
        ("What is the trade target with Turkmenistan?", "Ahsan Iqbal proposed trade of USD 4 billion.", False),
        ("When was it signed?", "Ahsan Iqbal proposed trade of USD 4 billion.", False),
    ],
)
def test_what_was_aimed_at_is_not_what_was_reached(question, text, planned):
    assert only_aimed_at(understand(question, GAZETTEER), text) is planned
