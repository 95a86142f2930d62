"""Enrichment: what is filled in and why; the ruler wins over the statistical model; offsets are exact."""

import subprocess
import sys
from dataclasses import replace

import pytest

from ingest.enrich import _pipeline, enrich
from ingest.read_text import add_plain_text
from ingest.text import TextBuilder
from kb.records import Block, Metadata, Parsed


def parsed(text: str, **metadata: object) -> Parsed:
    return Parsed(text, (Block("paragraph", 0, len(text)),), (), replace(Metadata(), **metadata), "test 1")  # type: ignore[arg-type]


def test_empty_fields_are_filled_with_reasons_and_given_ones_kept() -> None:
    text = "Tashkent opened the route. Uzbekistan, Uzbekistan and again Uzbekistan pay; Iran looks on."
    made = enrich(parsed(text, title="A port for Pakistan"), "news", statistical=False)
    assert (made.metadata.kind, made.metadata.language, made.metadata.countries) == ("news", "en", ("PK", "UZ"))
    assert made.reasons == ("language en: detected from the text", "country PK: in the title", "country UZ: named 3 times")
    given = enrich(parsed(text, language="ru", countries=("TJ",), kind="official"), "news", statistical=False)
    assert (given.metadata.kind, given.metadata.language, given.metadata.countries, given.reasons) == (
        "official",
        "ru",
        ("TJ",),
        (),
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("President John Smith praised TAPI and Gwadar in Ruritania on 5 May 2021. ", "en"),
        ("Туркменистан и Гвадар. ", "ru"),
        ("گوادر کی بندرگاہ۔ ", "ur"),
    ],
)
def test_mentions_are_slices_without_overlap(text: str, language: str) -> None:
    document = parsed(text * 40, language=language)
    mentions = enrich(document).mentions
    before = 0
    for mention in mentions:
        assert before <= mention.start
        assert document.text[mention.start : mention.end] == mention.text
        before = mention.end
    assert {"port:gwadar"} <= {mention.entity_id for mention in mentions}


def test_statistical_model_adds_people_and_the_ruler_wins() -> None:
    sentence = "President John Smith praised CASA-1000 in Gwadar on 5 May 2021. "
    mentions = enrich(parsed(sentence * 40, language="en")).mentions
    assert ("John Smith", "PERSON", None) in {(one.text, one.label, one.entity_id) for one in mentions}
    document = _pipeline("en")("The eco of CASA-1000 and TAPI at Gwadar")
    assert {("CASA-1000", "project:casa-1000"), ("TAPI", "project:tapi"), ("Gwadar", "port:gwadar")} <= {
        (span.text, span.ent_id_) for span in document.ents
    }


def test_importing_does_not_load_spacy() -> None:
    code = "import sys, ingest.enrich, ingest.segment; sys.exit('spacy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_agreement_fills_what_its_metadata_lack_and_contradictions_are_told() -> None:
    builder = TextBuilder()
    articles = "Article 1\n\nSee Article 5 of the QTTA.\n\nArticle 2\n\nAs Article 1 says."
    add_plain_text(builder, f"{articles}\n\nDone at Bishkek on 9 March 1995.")
    text, blocks, _ = builder.build()
    document = Parsed(text, blocks, (), Metadata(status="signed"), "test 1")
    made = enrich(document, "agreement", statistical=False)
    assert (made.metadata.published, made.metadata.status_date) == ("1995-03-09", "1995-03-09")
    assert [(link.pinpoint, link.entity_id, link.target) for link in made.references] == [
        ("art. 5", "agreement:qtta", None),
        ("art. 1", None, 0),
    ]
    assert made.warnings == ()
    wrong = enrich(replace(document, metadata=Metadata(status="signed", status_date="1996")), statistical=False)
    assert wrong.metadata.status_date == "1996"
    assert "1996 is not what the text itself says: 1995-03-09" in wrong.warnings[0]
