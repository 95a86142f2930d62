"""What the API gives: the JSON shapes of kb.serialize, described for the OpenAPI document and held to it by a test."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from kb.records import BLOCK_KINDS


def _text(description: str = "") -> fields.String:
    return fields.String(required=True, metadata={"description": description} if description else {})


def _maybe_text(description: str) -> fields.String:
    return fields.String(required=True, allow_none=True, metadata={"description": description})


def _number(description: str = "") -> fields.Integer:
    return fields.Integer(required=True, metadata={"description": description} if description else {})


def _confidence() -> fields.Float:
    told = "Mean confidence of the page's words, 0 to 1, if it was read by OCR; else null."
    return fields.Float(required=True, allow_none=True, validate=validate.Range(0, 1), metadata={"description": told})


def _list(inner: Any, description: str) -> Any:
    return fields.List(inner, required=True, metadata={"description": description})


class Problem(Schema):
    """RFC 9457: what went wrong, in one shape."""

    type = _text("Always about:blank: title and status tell the kind.")
    title = _text()
    status = _number("The HTTP status.")
    detail = _text("Value, cause and next step in a sentence.")


class LocatorShape(Schema):
    start = _number("First character in the document's text.")
    end = _number("One past the last character.")
    page = fields.Integer(required=True, allow_none=True, metadata={"description": "Page, counted from 1."})
    page_label = _maybe_text("What is printed on the page.")
    section = _list(fields.String, "Headings, outermost first.")
    pinpoint = _maybe_text("As a lawyer writes it: art. 5(2)(b).")
    ocr = _confidence()


class SourceShape(Schema):
    """Which document something is from."""

    document_id = _text()
    uri = _text("Collection and path of the document.")
    title = _text()
    kind = _text()
    publisher = _text()
    date = _text("ISO 8601, may be partial.")
    language = _text()
    url = _text()


class RanksShape(Schema):
    dense = fields.Integer(required=True, allow_none=True)
    words = fields.Integer(required=True, allow_none=True)


class HitShape(SourceShape):
    passage_id = _text()
    text = _text("The passage, verbatim.")
    score = fields.Float(required=True, metadata={"description": "Orders the list; comparable within one response only."})
    ranks = fields.Nested(RanksShape, required=True)
    rerank = fields.Float(required=True, allow_none=True, metadata={"description": "Mean MaxSim, 0 to 1."})
    locator = fields.Nested(LocatorShape, required=True)
    permalink = _text("Path of the document's page at this passage.")


class CitationShape(SourceShape):
    marker = _number("The number in the answer's text.")
    passage_id = _text()
    locator = fields.Nested(LocatorShape, required=True)
    quote = _text("Equals the document's text from locator.start to locator.end.")
    context = _text("The passage around the quote.")
    permalink = _text("Path of the document's page with the quote marked.")


class StatementShape(Schema):
    text = _text()
    citations = _list(fields.Integer, "Markers.")
    context = _text("What a pronoun or a table's row belongs to; no part of the quote.")
    emphasis = _list(fields.List(fields.Integer()), "Spans [start, end) of the text that answer: a date, a figure, a name.")
    as_of = fields.String(
        metadata={
            "description": 'Day, month or year (ISO 8601) that a status, office-holder or target holds for; "" for what stays.'
        }
    )


class PeriodShape(Schema):
    from_ = fields.String(
        required=True, attribute="from", data_key="from", metadata={"description": "First day, ISO 8601; empty: open."}
    )
    to = _text("Last day, ISO 8601; empty: open.")
    text = _text("As the question words it.")


class UnderstoodShape(Schema):
    """How the question was read."""

    language = _text()
    kind = _text("date, number, person, place, list, comparison, timeline, article, yes_no, keywords or factoid.")
    looked_for = _text("The same in words.")
    period = fields.Nested(PeriodShape, required=True, allow_none=True)
    entities = _list(fields.String, "What it names, by the gazetteer's names.")
    article = _maybe_text("Number of the article that it looks up.")


class ConflictValueShape(Schema):
    value = _text("As the source writes it.")
    citation = _number("Marker.")
    low = fields.Float(required=True, allow_none=True, metadata={"description": "Normalised, in `unit`."})
    high = fields.Float(required=True, allow_none=True, metadata={"description": "Normalised, in `unit`."})
    unit = _text("USD, km, MW, %, t, day (of dates: day numbers from 1 January of the year 1), empty for counts.")
    said_by = _text("Whom the document names as the source, empty if nobody.")
    as_of = _text("When that was said, ISO 8601, empty if the sentence does not tell.")
    period = _text("What the value is for, in the source's words, empty if it does not tell.")
    superseded = fields.Boolean(
        required=True, metadata={"description": "It was so earlier; a later value among these has taken its place."}
    )
    tier = _text("The kind of the document: agreement, official, policy_paper, news or dataset.")


class ConflictShape(Schema):
    about = _text()
    values = _list(fields.Nested(ConflictValueShape), "What the sources give.")


class IndexShape(Schema):
    generation = _number()
    digest = _text()
    stale = fields.Boolean(
        metadata={"description": "The store's primary does not answer, and a standby's last known state is read."}
    )
    partial_ = fields.Boolean(
        required=True,
        attribute="partial",
        data_key="partial",
        metadata={"description": "A server of a part of the collection does not answer: what it holds could not be searched."},
    )
    missing = _list(fields.String, "Those servers.")


class DroppedShape(Schema):
    text = _text("A sentence that the model wrote and the answer leaves out.")
    reason = _text("What its passages lack.")


class GeneratedShape(Schema):
    """What the operator's language model did to the answer."""

    model = _text()
    dropped = _list(fields.Nested(DroppedShape), "What its passages do not bear out.")
    unresolved_markers = _number("References to passages that it was not given.")
    fallback = _maybe_text("Why it was passed over and the documents' own sentences answer.")


class AnswerShape(Schema):
    question = _text()
    status = fields.String(required=True, validate=validate.OneOf(["answered", "abstained"]))
    confidence = fields.Float(required=True, validate=validate.Range(0, 1))
    text = _text("The statements with their markers.")
    reason = _maybe_text("Why there is no answer.")
    statements = _list(fields.Nested(StatementShape), "Sentences of the sources, or of a language model that they bear out.")
    citations = _list(fields.Nested(CitationShape), "In order of marker.")
    conflicts = _list(fields.Nested(ConflictShape), "Where sources disagree.")
    nearest = _list(fields.Nested(HitShape), "The best ranked passages.")
    also_searched = _list(fields.String, "Other names that were searched as well.")
    index = fields.Nested(IndexShape, required=True)
    models = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    timings_ms = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    understood = fields.Nested(UnderstoodShape, required=True, allow_none=True)
    generated = fields.Nested(GeneratedShape, required=True, allow_none=True)


class SearchShape(Schema):
    query = _text()
    items = _list(fields.Nested(HitShape), "Ranked passages.")
    next = _maybe_text("Give it as `next` for the following page.")
    also_searched = _list(fields.String, "Other names that were searched as well.")
    index = fields.Nested(IndexShape, required=True, allow_none=True, metadata={"description": "What was searched."})


class SummaryShape(SourceShape):
    media_type = _text()
    characters = _number()
    passages = _number()
    pages = _number()
    countries = _list(fields.String, "ISO 3166-1 alpha-2.")
    parties = _list(fields.String, "Parties of an agreement.")
    status = _text("Of an agreement: signed, in_force, …")
    status_date = _text()
    author = _text("Who wrote it; several are parted by semicolons.")
    projects = _list(fields.String, "What it is filed under, as its metadata name it.")


class DocumentsShape(Schema):
    items = _list(fields.Nested(SummaryShape), "In the order asked for.")
    next = _maybe_text("Give it as `cursor` for the following page.")
    previous = _maybe_text("Give it as `cursor` for the page before.")
    total = _number("How many match.")


class BlockShape(Schema):
    kind = fields.String(required=True, validate=validate.OneOf(BLOCK_KINDS))
    start = _number()
    end = _number()
    level = _number("1 to 6 for a heading, else 0.")
    place = _text("How it is cited where the file has places of its own, such as a table's rows.")


class PageShape(Schema):
    number = _number("Counted from 1.")
    label = _maybe_text("What is printed on it.")
    start = _number()
    end = _number()
    ocr = _confidence()


class StatedShape(Schema):
    kind = _text("party, signed_on, signed_at, language, entry_into_force, in_force_since or duration.")
    value = _text("The words, an ISO date, or a language's code.")
    start = _number()
    end = _number()


class ReferenceShape(Schema):
    start = _number()
    end = _number()
    pinpoint = _text("The place of law that is named: art. 5(2), annex II.")
    target = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Offset of that place in the same text; null: not in it."}
    )
    entity_id = _maybe_text("The gazetteer's id of another agreement that is meant.")


class DocumentShape(SourceShape):
    media_type = _text()
    characters = _number()
    countries = _list(fields.String, "ISO 3166-1 alpha-2.")
    parties = _list(fields.String, "Parties of an agreement.")
    status = _text()
    status_date = _text()
    author = _text("Who wrote it; several are parted by semicolons.")
    projects = _list(fields.String, "What it is filed under, as its metadata name it.")
    sha256 = _text("Of the original file.")
    reader = _text("Program and version that read it.")
    warnings = _list(fields.String, "What the reader noticed.")
    ingested_at = _text()
    text = _text("The whole text.")
    blocks = _list(fields.Nested(BlockShape), "Structure, in reading order.")
    pages = _list(fields.Nested(PageShape), "Pages of the original.")
    stated = _list(fields.Nested(StatedShape), "What an agreement says of itself, with the span that says it.")
    references = _list(fields.Nested(ReferenceShape), "Places of law that the text names.")
    sources = _list(fields.String, "Addresses of the public documents that it rests on; http or https.")


class PassageShape(Schema):
    passage_id = _text()
    document_id = _text()
    ordinal = _number()
    text = _text("Verbatim.")
    language = _text()
    locator = fields.Nested(LocatorShape, required=True)


class EntityShape(Schema):
    id = _text()
    name = _text()
    type = _text()
    documents = _number()
    mentions = _number()


class EntitiesShape(Schema):
    items = _list(fields.Nested(EntityShape), "The most frequent first.")


class YearShape(Schema):
    year = _text("Empty: documents without a date.")
    documents = _number("Published in that year that mention it.")
    mentions = _number()


class RelatedShape(Schema):
    id = _text()
    name = _text()
    type = _text()
    documents = _number("In how many documents that mention the entity it is mentioned as well.")


class SpeakingShape(SourceShape):
    passage_id = _text()
    text = _text("The passage, verbatim.")
    locator = fields.Nested(LocatorShape, required=True)
    permalink = _text("Path of the document's page at this passage.")
    mentions = _number("How often the document mentions the entity.")


class EntityDetailShape(EntityShape):
    names = _list(fields.String, "Name and other names, in three scripts.")
    countries = _list(fields.String, "ISO 3166-1 alpha-2.")
    office = _text("What a person is or was.")
    wikidata = _text("Its item, empty if not known.")
    years = _list(fields.Nested(YearShape), "In order.")
    related = _list(fields.Nested(RelatedShape), "Those mentioned with it more often than their own frequency lets expect.")
    passages = _list(fields.Nested(SpeakingShape), "One of each document; those that say the most of it first.")
    partial_ = fields.Boolean(
        required=True,
        attribute="partial",
        data_key="partial",
        metadata={"description": "A server of a part of the collection does not answer: its passages are not here."},
    )
