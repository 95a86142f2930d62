"""Small documents for tests of the store: what ingest would have made of a few paragraphs."""

from kb.records import Block, Document, Locator, Mention, Metadata, Passage
from kb.staging import StagedDocument


def staged(name: str, *paragraphs: str, collection: str = "docs", **metadata: object) -> StagedDocument:
    """A document `docs/<name>` with one passage a paragraph."""
    text = "\n\n".join(paragraphs)
    starts = [sum(len(p) + 2 for p in paragraphs[:i]) for i in range(len(paragraphs))]
    known = Metadata(
        **({"title": name.title(), "kind": "news", "language": "en", "countries": ("UZ",), "published": "2021-07"} | metadata)
    )
    document = Document(
        id=f"id-{name}",
        uri=f"{collection}/{name}",
        source_uri=f"{collection}/{name}",
        source_sha256=f"sha-{hash(text)}",
        original_sha256="0" * 64,
        media_type="text/plain",
        metadata=known,
        text=text,
        blocks=tuple(Block("paragraph", start, start + len(p)) for start, p in zip(starts, paragraphs, strict=True)),
        pages=(),
        reader="test 1",
        warnings=(),
        ingested_at="2026-01-01T00:00:00+00:00",
    )
    passages = tuple(
        Passage(f"{name}-{i}", document.id, i, p, Locator(start, start + len(p), pinpoint=f"para. {i + 1}"), "en", known.title)
        for i, (start, p) in enumerate(zip(starts, paragraphs, strict=True))
    )
    mentions = (Mention("Q265", "GPE", text[:4], 0, 4),)
    return StagedDocument(document, passages, mentions, collection, "test/1")
