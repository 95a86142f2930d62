import pytest

from kb.gazetteer import Gazetteer
from kb.question import understand
from kb.question_kind import KINDS, LOOKED_FOR, question_marks

GAZETTEER = Gazetteer.load()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("What does Article 5 of the ECO Trade Agreement say?", "article"),
        ("О чём статья 5 соглашения?", "article"),
        ("آرٹیکل 7 کیا کہتا ہے؟", "article"),
        ("Which article governs entry into force?", "article"),
        ("How did the target date of the line shift over the years?", "timeline"),
        ("List the sessions of the commission with dates.", "timeline"),
        ("Хронология переговоров по ТАПИ", "timeline"),
        ("How do the figures of the two sides differ?", "comparison"),
        ("Is the northern route longer than the southern one?", "comparison"),
        ("Were exports larger to Kazakhstan or to Tajikistan?", "comparison"),
        ("Чем отличаются оценки стоимости дороги?", "comparison"),
        ("Did Uzbekistan join the QTTA?", "yes_no"),
        ("Вступил ли Узбекистан в соглашение?", "yes_no"),
        ("کیا ازبکستان معاہدے میں شامل ہوا؟", "yes_no"),
        ("Which ports does the agreement name?", "list"),
        ("What are the strands of the policy?", "list"),
        ("Какие страны подписали соглашение?", "list"),
        ("Name the members.", "list"),
        ("When was it signed?", "date"),
        ("latest trade with Turkmenistan?", "number"),
        ("UAP railway cost", "number"),
        ("TAPI completion date", "date"),
        ("dates of the visit", "date"),
        ("تاجکستان کے ساتھ تجارت", "number"),
        ("number of documents of the visit", "number"),
        ("What is the price of the gas?", "number"),
        ("Какова торговля с Узбекистаном?", "number"),
        ("transit trade agreement with Turkmenistan", "keywords"),
        ("What does Kazakhstan export to Pakistan?", "factoid"),
        ("In which month was it signed?", "date"),
        ("Какое расстояние между городами?", "number"),
        ("Who signed it?", "person"),
        ("Where was it signed?", "place"),
        ("What route is planned?", "factoid"),
        ("Which bank holds the account?", "factoid"),
        ("Which centre opened its doors in Islamabad?", "factoid"),
        ("transit fee Tajikistan", "keywords"),
    ],
)
def test_kinds(text, kind):
    assert understand(text, GAZETTEER).kind == kind


def test_every_kind_has_words():
    assert set(KINDS) == set(LOOKED_FOR)


@pytest.mark.parametrize(
    ("text", "count"), [("When? Where? Who?", 3), ("کب؟ کہاں؟", 2), ("什么时候？谁？", 2), ("a?b=1", 0), ("", 0)]
)
def test_questions_are_counted(text, count):
    assert question_marks(text) == count
