"""Which reader reads which media type, and what every reader's result still needs: sidecar, title, checks.

Imported by the sandboxed child; the parent of a run needs only `ingest.versions`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest import (
    read_csv,
    read_docx,
    read_eml,
    read_html,
    read_jsonl,
    read_odt,
    read_pdf,
    read_pptx,
    read_rtf,
    read_text,
    read_treaty,
    read_xlsx,
)
from ingest.archive import File
from ingest.encodings import decode
from ingest.metadata import merge, metadata_from, raw_metadata
from ingest.sources import (
    AKOMA_NTOSO,
    CSV,
    DOCX,
    EML,
    HTML,
    JSONL,
    MARKDOWN,
    ODT,
    PDF,
    PPTX,
    RTF,
    SIDECARS,
    TEXT,
    TREATY,
    XLSX,
)
from ingest.text import SUPPORTED, UnreadableFile, one_line
from kb.records import Metadata, Parsed, SourceFile

MOST_WARNINGS = 200  # of a document
LONGEST_WARNING = 1000  # characters

_READERS: dict[str, Callable[[File], tuple[Parsed, ...]]] = {
    PDF: read_pdf.read,
    DOCX: read_docx.read,
    ODT: read_odt.read,
    RTF: read_rtf.read,
    PPTX: read_pptx.read,
    HTML: read_html.read,
    TEXT: read_text.read_plain,
    MARKDOWN: read_text.read_markdown,
    JSONL: read_jsonl.read,
    CSV: read_csv.read,
    XLSX: read_xlsx.read,
    EML: lambda file: read_eml.read(file, _attached),
    TREATY: read_treaty.read,
    AKOMA_NTOSO: read_treaty.read,
}


def _attached(media_type: str, file: File) -> tuple[Parsed, ...]:
    return _READERS[media_type](file)


def read_file(source: SourceFile, passwords: Sequence[str] = ()) -> tuple[Parsed, ...]:
    """The documents of a file with all that is known of them; at least one. `passwords` are tried on a locked PDF.

    A sidecar's word goes before the file's own. For the documents in a file (lines of JSONL, attachments) it is the other
    way round, since the sidecar speaks of the whole: it fills in what they leave out, the title excepted.
    Raises UnreadableFile with a sentence for a file that gives no document.
    """
    reader = _READERS.get(source.media_type)
    path = Path(source.path)
    if source.media_type == PDF:
        documents = read_pdf.read(path, passwords)
    elif reader is not None:
        documents = reader(path)
    else:
        raise UnreadableFile(f"files of type {source.media_type} are not read; the types read are {SUPPORTED}.")
    if not any(document.text or document.pages for document in documents):  # pages without text may be read by OCR
        raise UnreadableFile("it holds no text; replace or remove it.")
    sidecar, warnings = _sidecar(path)
    return tuple(_complete(document, sidecar, warnings, path) for document in documents)


def _complete(document: Parsed, sidecar: Metadata, warnings: tuple[str, ...], path: Path) -> Parsed:
    if document.key:
        layers = (document.metadata, replace(sidecar, title=""), Metadata(title=_first_heading(document) or document.key))
    else:
        name = os.fsencode(path.stem).decode("utf-8", "replace")
        layers = (sidecar, document.metadata, Metadata(title=_first_heading(document) or one_line(name.replace("_", " "))))
    return replace(document, metadata=merge(*layers), warnings=_bounded((*document.warnings, *warnings)))


def _bounded(warnings: Sequence[str]) -> tuple[str, ...]:
    """The first MOST_WARNINGS, each cut at LONGEST_WARNING: 300,000 bad lines of JSONL gave a document's page 28 MB of them."""
    more = len(warnings) - MOST_WARNINGS
    told = (f"{more:,} further warnings are left out.",) if more > 0 else ()
    return (*(warning[:LONGEST_WARNING] for warning in warnings[:MOST_WARNINGS]), *told)


def _first_heading(document: Parsed) -> str:
    headings = (document.text[block.start : block.end] for block in document.blocks[:5] if block.kind == "heading")
    return next(headings, "")[:300]


def _sidecar(path: Path) -> tuple[Metadata, tuple[str, ...]]:
    for suffix in SIDECARS:
        beside = path.with_name(path.name + suffix)
        if os.path.exists(beside):  # which a name too long for a sidecar is not; Path.exists would raise
            try:
                text, _ = decode(beside.read_bytes())
                return metadata_from(raw_metadata(text, suffix.rpartition(".")[2]))
            except (ValueError, OSError) as error:
                return Metadata(), (f"the sidecar (*{suffix}) is not used: {error}.",)
    return Metadata(), ()
