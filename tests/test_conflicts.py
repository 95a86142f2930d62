"""Pairs of sentences that do and do not disagree, in three languages, as one question would judge them."""

from __future__ import annotations

import pytest

from kb.conflicts import conflicts_of, disagreements
from kb.evidence import Evidence
from kb.gazetteer import Gazetteer
from kb.question import understand
from kb.records import Citation, Conflict, DocumentSummary, Hit, Locator, Metadata, Passage
from kb.retrieve import Candidate

GAZETTEER = Gazetteer.load()
TRADE = "What was the trade of Pakistan and Uzbekistan in 2022?"
EXPORTS = "What were Pakistan's exports to Kazakhstan in FY2024-25?"
STUDENTS = "How many Pakistani students are there in Kyrgyzstan?"
DOCUMENTS = "How many documents did Pakistan and Uzbekistan sign in February 2026?"
LENGTH = "How long is the TAPI pipeline?"
COST = "What does CASA-1000 cost?"
SIGNED = "When was the transit trade agreement of Pakistan and Tajikistan signed?"
TARGET = "What is the target for trade of Pakistan and Kyrgyzstan?"
PRICE = "What is the price of power in CASA-1000?"
CAPACITY = "What is the capacity of CASA-1000?"
ТОРГОВЛЯ = "Каков товарооборот Пакистана и Узбекистана в 2022 году?"
ДОКУМЕНТЫ = "Сколько документов подписали Пакистан и Казахстан в феврале 2026 года?"
ДЛИНА = "Какова протяжённость газопровода ТАПИ?"
СТУДЕНТЫ = "Сколько пакистанских студентов в Кыргызстане?"
تجارت = "2022 میں پاکستان اور ازبکستان کی تجارت کتنی تھی؟"
طلبہ = "کرغزستان میں کتنے پاکستانی طلبہ ہیں؟"
لمبائی = "تاپی پائپ لائن کی لمبائی کتنی ہے؟"


def language_of(text: str) -> str:
    return (
        "ur"
        if "\u0600" <= text[0] <= "\u06ff" or (text[0].isdigit() and "؟" in text)
        else "ru"
        if "\u0400" <= text[0] <= "\u04ff"
        else "en"
    )


def judged(text: str, document: str, language: str, kind: str = "news", context: str = "", published: str = "") -> Evidence:
    passage = Passage(f"{document}-p", document, 0, text, Locator(0, len(text)), language, context)
    summary = DocumentSummary(
        document, document, Metadata(title=context, kind=kind, published=published), "text/plain", len(text), 1, 0
    )
    return Evidence(Candidate(Hit(passage, summary, 1.0), 0.9, None), 0, 0, len(text), {}, 0.8)


def found(
    question: str, *evidence: Evidence, said: tuple[Citation, ...] = ()
) -> tuple[tuple[Conflict, ...], tuple[Citation, ...]]:
    texts = {item.candidate.hit.document.id: item.text for item in evidence}
    asked = understand(question, GAZETTEER)
    return conflicts_of(disagreements(asked, evidence, GAZETTEER), asked, GAZETTEER, said, texts.__getitem__)


DISAGREE = [
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Pakistan and Uzbekistan traded: trade of USD 126 million in 2022.",
    ),
    (
        TRADE,
        "In 2022 trade between Uzbekistan and Pakistan reached USD 250 million.",
        "Pakistan's trade with Uzbekistan was USD 126 million in 2022-23.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan in 2022: $0.25bn.",
        "Trade of Pakistan and Uzbekistan in 2022: 126 million dollars.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was over USD 250 million in 2022.",
        "Trade of Uzbekistan and Pakistan was USD 91 million in 2022.",
    ),
    (
        TRADE,
        "From January to June 2022 trade of Pakistan and Uzbekistan was USD 300 million.",
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
    ),
    (
        "What was the trade of Pakistan and Uzbekistan in 2025?",
        "For 2025 Dawn put trade of Pakistan and Uzbekistan at nearly USD 500 million, whereas APP named USD 450 million "
        "in February 2026.",
        "",
    ),
    (
        EXPORTS,
        "Pakistan's exports to Kazakhstan were USD 97.96 million in FY2024-25.",
        "Exports of Pakistan to Kazakhstan stood at USD 105 million in 2024-25.",
    ),
    (
        EXPORTS,
        "Pakistan exported USD 97.96 million to Kazakhstan in FY2024-25.",
        "Pakistan's exports to Kazakhstan were USD 9.8 million in FY25.",
    ),
    (
        STUDENTS,
        "The embassy counted 10,000 Pakistani students in Kyrgyzstan.",
        "There are over 18,000 Pakistani students in Kyrgyzstan.",
    ),
    (STUDENTS, "Some 12,000 Pakistani students are in Kyrgyzstan.", "AP wrote of 9,500 Pakistani students in Kyrgyzstan."),
    (STUDENTS, "Kyrgyzstan has 10 thousand students from Pakistan.", "Kyrgyzstan has 18,000 students from Pakistan."),
    (DOCUMENTS, "The counts of documents signed by Pakistan and Uzbekistan differ: 28 in PTI and 29 in Pakistan Today.", ""),
    (
        DOCUMENTS,
        "Reports on the documents that Pakistan and Uzbekistan signed conflict: about 20 agreements or 29 agreements.",
        "",
    ),
    (LENGTH, "The TAPI pipeline is 1,814 km long.", "TAPI has a length of 1,680 km."),
    (LENGTH, "The length of TAPI is 1,814 kilometres.", "TAPI, 1,000 miles long, crosses four countries."),
    (LENGTH, "Sources differ on the length of TAPI: 1,735 km in TASS, 1,849 km in The News.", ""),
    (COST, "The cost of CASA-1000 is USD 1.17 billion.", "CASA-1000 costs USD 997 million."),
    (COST, "CASA-1000 is to cost about USD 1.2 billion.", "The cost of CASA-1000 was put at USD 873 million."),
    (
        SIGNED,
        "The transit trade agreement of Pakistan and Tajikistan was signed on 14 December 2022.",
        "Pakistan and Tajikistan signed the transit trade agreement on 15 December 2022.",
    ),
    (
        SIGNED,
        "The signing of the transit trade agreement of Pakistan with Tajikistan is dated to 14 December 2022 "
        "by Dawn and to 15 December 2022 by Asia-Plus.",
        "",
    ),
    (TARGET, "Pakistan and Kyrgyzstan have two figures for their target for trade: USD 100 million and USD 200 million.", ""),
    (PRICE, "The price of CASA-1000 power is 9.35 US cents per kWh.", "CASA-1000 power has a price of 9.41 US cents per kWh."),
    (CAPACITY, "CASA-1000 has a capacity of 1,300 MW.", "The capacity of CASA-1000 is 1,000 MW."),
    (CAPACITY, "The capacity of CASA-1000 is 1.3 GW.", "The capacity of CASA-1000 is 1,000 MW."),
    (
        ТОРГОВЛЯ,
        "Товарооборот Пакистана и Узбекистана в 2022 году составил 250 млн долларов.",
        "Товарооборот Узбекистана и Пакистана в 2022 году: 126,5 млн долларов.",
    ),
    (
        ТОРГОВЛЯ,
        "В 2022 году торговля Пакистана и Узбекистана составила почти 0,25 млрд долларов.",
        "В 2022/23 финансовом году товарооборот Пакистана и Узбекистана был 126 млн долларов.",
    ),
    (ДОКУМЕНТЫ, "Число документов, подписанных в феврале Пакистаном и Казахстаном, расходится: 27 (Dawn) и 37 (DNA News).", ""),
    (ДЛИНА, "Протяжённость газопровода ТАПИ — 1 814 км.", "Газопровод ТАПИ имеет длину 1 680 километров."),
    (СТУДЕНТЫ, "В Кыргызстане учатся 10 тысяч пакистанских студентов.", "В Кыргызстане более 18 000 пакистанских студентов."),
    (
        تجارت,
        "2022 میں پاکستان اور ازبکستان کی تجارت 250 ملین ڈالر تھی۔",
        "پاکستان اور ازبکستان کی تجارت 2022 میں 126 ملین ڈالر رہی۔",
    ),
    (طلبہ, "کرغزستان میں 10 ہزار پاکستانی طلبہ ہیں۔", "کرغزستان میں 18 ہزار سے زائد پاکستانی طلبہ ہیں۔"),
    (لمبائی, "تاپی پائپ لائن کی لمبائی 1814 کلومیٹر ہے۔", "تاپی پائپ لائن کی لمبائی 1680 کلومیٹر ہے۔"),
]

NO_DISAGREEMENT = [
    (
        "Какова торговля Пакистана и Узбекистана?",
        "Товарооборот Узбекистана и Пакистана: 2,98 млн долларов и 3,92 млн; Период: 2014/15 и 2015/16 годы; Источник: 25",
        "Товарооборот Узбекистана и Пакистана: 36 млн долларов и 98 млн; Период: 2014 и 2018 годы; Источник: 21",
    ),
    (
        "How many tonnes of gas from Turkmenistan came to Chaman?",
        "The first gas from Turkmenistan at Chaman was 160 tonnes.",
        "From Turkmenistan 650 tonnes of gas came to Chaman.",
    ),
    (
        "How many documents were signed during Mirziyoyev's visit in March 2022?",
        "The counts of documents signed in Mirziyoyev's visit of February 2026 differ: 28 in PTI and 29 in Pakistan Today.",
        "",
    ),
    (ДЛИНА, "Протяжённость газопровода ТАПИ — 1 814 км.", "Этап газопровода ТАПИ длиной 153 км начат."),
    (LENGTH, "The TAPI pipeline is 1,814 km long.", "The first stage of the TAPI pipeline is 153 km long."),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Trade of Pakistan and Uzbekistan was USD 126 million in 2019.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Trade of Pakistan and Uzbekistan in 2022 came to about USD 248 million.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Pakistan's exports to Uzbekistan were USD 73 million in 2022.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Pakistan and Uzbekistan set a target of USD 1 billion for trade in 2022.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Trade of Pakistan and Kazakhstan was USD 57 million in 2022.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "From January to June 2022 trade of Pakistan and Uzbekistan was USD 100 million.",
    ),
    (TRADE, "Trade of Pakistan and Uzbekistan was USD 250 million in 2022, 180 million in 2021 and 98 million in 2018.", ""),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan rose from USD 180 million in 2021 to USD 250 million in 2022.",
        "In 2022 trade of Pakistan and Uzbekistan was USD 250 million.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
        "Trade of Pakistan and Uzbekistan was 39 percent higher in 2022.",
    ),
    (
        TRADE,
        "Trade of Pakistan and Uzbekistan was USD 250.4 million in 2022.",
        "Trade of Pakistan and Uzbekistan was USD 250 million in 2022.",
    ),
    (
        EXPORTS,
        "Pakistan's exports to Kazakhstan were USD 97.96 million in FY2024-25.",
        "Pakistan's exports to Kazakhstan were USD 98 million in FY25.",
    ),
    (
        EXPORTS,
        "Pakistan's exports to Kazakhstan were USD 97.96 million in FY2024-25.",
        "Pakistan's imports from Kazakhstan were USD 129.63 million in FY2024-25.",
    ),
    (
        EXPORTS,
        "Pakistan's exports to Kazakhstan were USD 97.96 million in FY2024-25.",
        "Pakistan's exports to Uzbekistan were USD 63.65 million in FY2024-25.",
    ),
    (
        EXPORTS,
        "Pakistan's exports to Kazakhstan were USD 97.96 million in FY2024-25.",
        "Pakistan's exports to Kazakhstan were USD 185.25 million in FY2023-24.",
    ),
    (
        EXPORTS,
        "Pakistan exported 5,000 tonnes of rice to Kazakhstan in FY2024-25.",
        "Pakistan's exports to Kazakhstan were USD 97.96 million in FY2024-25.",
    ),
    (
        STUDENTS,
        "There are 10,000 to 12,000 Pakistani students in Kyrgyzstan.",
        "Over 11,000 Pakistani students are in Kyrgyzstan.",
    ),
    (STUDENTS, "There are about 10,000 Pakistani students in Kyrgyzstan, of them nearly 6,000 in Bishkek.", ""),
    (STUDENTS, "There are 12,000 Pakistani students in Kyrgyzstan.", "There are 1,000 Pakistani students in Kazakhstan."),
    (
        STUDENTS,
        "There are 12,000 Pakistani students in Kyrgyzstan.",
        "Nearly 6,000 Pakistani students in Bishkek are in Kyrgyzstan.",
    ),
    (
        DOCUMENTS,
        "Pakistan and Uzbekistan signed 28 documents in February 2026.",
        "Pakistan and Uzbekistan signed three agreements on customs in February 2026.",
    ),
    (
        DOCUMENTS,
        "Pakistan and Uzbekistan signed 28 documents in February 2026.",
        "In February 2026 Pakistan and Uzbekistan signed 28 memorandums.",
    ),
    (LENGTH, "The TAPI pipeline is 1,814 km long.", "The length of TAPI is about 1,800 km."),
    (LENGTH, "The TAPI pipeline is 1,814 km long.", "Of TAPI 14 km had been laid by April 2025."),
    (LENGTH, "The TAPI pipeline is 1,814 km long.", "CASA-1000 is 1,270 km long."),
    (LENGTH, "The TAPI pipeline is 1,814 km long.", "TAPI was agreed on for 30 years."),
    (COST, "The cost of CASA-1000 is USD 1.17 billion.", "The World Bank gave CASA-1000 a grant of USD 526.5 million."),
    (COST, "The cost of CASA-1000 is USD 1.17 billion.", "CASA-1000 costs nearly USD 1.2 billion."),
    (
        SIGNED,
        "The transit trade agreement of Pakistan and Tajikistan was signed on 14 December 2022.",
        "The transit trade agreement of Pakistan and Tajikistan entered into force on 12 May 2023.",
    ),
    (
        SIGNED,
        "The transit trade agreement of Pakistan and Tajikistan was signed on 14 December 2022.",
        "The transit trade agreement of Pakistan and Tajikistan was signed in December 2022.",
    ),
    (
        SIGNED,
        "The transit trade agreement of Pakistan and Tajikistan was signed on 14 December 2022.",
        "Pakistan and Tajikistan signed the transit trade agreement's rules on 9 May 2023.",
    ),
    (
        TARGET,
        "Pakistan and Kyrgyzstan set a target of USD 100 million for trade in July 2023.",
        "In December 2025 Pakistan and Kyrgyzstan set a target of USD 200 million for trade.",
    ),
    (CAPACITY, "CASA-1000 has a capacity of 1,300 MW.", "The capacity of CASA-1000 is 1.3 GW."),
    ("Who signed for Tajikistan?", "Five ministers signed for Tajikistan.", "Six ministers signed for Tajikistan."),
    ("What is CASA-1000?", "CASA-1000 is a line of 1,200 km.", "CASA-1000 is a line of 750 km."),
    (
        ТОРГОВЛЯ,
        "Товарооборот Пакистана и Узбекистана в 2022 году составил 250 млн долларов.",
        "Товарооборот Пакистана и Узбекистана в 2021 году составил 180 млн долларов.",
    ),
    (
        ТОРГОВЛЯ,
        "Товарооборот Пакистана и Узбекистана в 2022 году составил 250 млн долларов.",
        "Экспорт Пакистана в Узбекистан в 2022 году составил 73 млн долларов.",
    ),
    (
        ТОРГОВЛЯ,
        "Товарооборот Пакистана и Узбекистана в 2022 году составил 250,3 млн долларов.",
        "Товарооборот Пакистана и Узбекистана в 2022 году — около 250 млн долларов.",
    ),
    (
        ДОКУМЕНТЫ,
        "Пакистан и Казахстан подписали в феврале 2026 года 37 документов.",
        "В феврале 2026 года Пакистан и Казахстан подписали 37 меморандумов.",
    ),
    (ДЛИНА, "Протяжённость ТАПИ — 1 814 км.", "Длина ТАПИ — около 1 800 км."),
    (
        تجارت,
        "2022 میں پاکستان اور ازبکستان کی تجارت 250 ملین ڈالر تھی۔",
        "2021 میں پاکستان اور ازبکستان کی تجارت 180 ملین ڈالر تھی۔",
    ),
    (لمبائی, "تاپی پائپ لائن کی لمبائی 1814 کلومیٹر ہے۔", "تاپی کی لمبائی تقریباً 1800 کلومیٹر ہے۔"),
]


@pytest.mark.parametrize(("question", "one", "other"), DISAGREE)
def test_sources_that_disagree(question, one, other):
    evidence = [judged(text, name, language_of(question)) for text, name in ((one, "d1"), (other, "d2")) if text]
    conflicts, citations = found(question, *evidence)
    assert len(conflicts) == 1
    assert len(conflicts[0].values) == 2
    texts = {citation.marker: citation.quote for citation in citations}
    assert all(value.value in texts[value.citation] for value in conflicts[0].values)


@pytest.mark.parametrize(("question", "one", "other"), NO_DISAGREEMENT)
def test_sources_that_do_not_disagree(question, one, other):
    evidence = [judged(text, name, language_of(question)) for text, name in ((one, "d1"), (other, "d2")) if text]
    assert found(question, *evidence) == ((), ())


def test_a_conflict_carries_who_when_and_the_normalised_value():
    row = "Товарооборот Узбекистана и Пакистана: {}; Период: 2025 год; Кто сообщил и когда: {}"
    one = judged(row.format("Почти 500 млн долларов", "News Central Asia, 6 февраля 2026 года"), "d1", "ru", "policy_paper")
    two = judged(row.format("430 млн долларов", "посол Тухтаев, 12 февраля 2026 года"), "d2", "ru", "agreement")
    three = judged(row.format("300 млн долларов", "Trend, 1 марта 2026 года"), "d3", "ru", "news")
    (conflict,), citations = found("Каков товарооборот Пакистана и Узбекистана в 2025 году?", one, two, three)
    assert conflict.about == "trade (Pakistan, Uzbekistan, 2025 год)"
    assert [value.tier for value in conflict.values] == ["agreement", "policy_paper", "news"]
    second = conflict.values[1]
    assert (second.low, second.high, second.unit, second.as_of) == (500e6, 500e6, "USD", "2026-02-06")
    assert (second.said_by, second.period) == ("News Central Asia", "2025 год")
    assert [citation.marker for citation in citations] == [1, 2, 3]


def test_values_are_cited_by_the_markers_that_statements_have():
    one = judged("The TAPI pipeline is 1,814 km long.", "d1", "en")
    two = judged("TAPI has a length of 1,680 km.", "d2", "en")
    _, (first, second) = found(LENGTH, one, two)
    (conflict,), added = found(LENGTH, one, two, said=(first,))
    assert [citation.marker for citation in added] == [2]
    assert {value.citation for value in conflict.values} == {1, 2}
    assert added[0].quote == second.quote


def test_a_document_that_repeats_itself_does_not_disagree_with_itself():
    one = judged("The TAPI pipeline is 1,814 km long.", "d1", "en")
    two = judged("TAPI has a length of 1,680 km.", "d1", "en")
    assert disagreements(understand(LENGTH, GAZETTEER), [one, two], GAZETTEER) == []


def test_nothing_judged_is_no_conflict():
    assert found(LENGTH) == ((), ())


def test_a_sentence_of_thousands_of_figures_is_bounded():
    hostile = judged("Sources differ on the length of TAPI: " + "5 km, 6 km, " * 3000 + "7 km.", "d1", "en")
    (conflict,), _ = found(LENGTH, hostile, judged("TAPI has a length of 1,680 km.", "d2", "en"))
    assert len(conflict.values) <= 8


def test_a_part_of_a_line_does_not_conflict_with_the_whole():
    whole = judged("CASA-1000 has 1,227 km of lines: 750 km of direct current and 477 km of alternating current.", "a", "en")
    part = judged("The CASA-1000 line is about 750 km long.", "b", "en")
    assert found("How long is the CASA-1000 line?", whole, part)[0] == ()
    other = judged("The CASA-1000 line is 1,500 km long, Dawn wrote.", "c", "en")
    sole = judged("The CASA-1000 line is 1,227 km long.", "d", "en")
    assert found("How long is the CASA-1000 line?", sole, other)[0] != ()


def test_rows_of_another_scope_do_not_conflict():
    rows = [
        judged(f"Length of CASA-1000: {km} km; What is measured: {of}; Source and date: {who}, 2021; Note: {n}", f"d{n}", "en")
        for n, (km, of, who) in enumerate((("1,227", "all lines", "Dawn"), ("113", "Pakistani line", "The Nation")))
    ]
    assert found("How long is the CASA-1000 line?", *rows)[0] == ()
    again = judged("Length of CASA-1000: 1,500 km; What is measured: all lines; Source and date: APP, 2021; Note: 3", "d3", "en")
    assert len(found("How long is the CASA-1000 line?", *rows, again)[0][0].values) == 2
