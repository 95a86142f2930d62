"""What pypdf reads of a PDF's structure: printed labels, bookmarks, properties, attachments."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pypdf

from ingest.archive import File, MemoryFile
from ingest.metadata import metadata_from
from ingest.text import one_line
from kb.records import Metadata

#: What a damaged file makes pypdf raise: its own errors and those of Python's types that it trusts the file to have.
DEFECTS = (
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError, NotImplementedError, OSError),
    *(pypdf.errors.PyPdfError, pypdf.errors.DependencyError, pypdf.errors.DeprecationError, ZeroDivisionError, AssertionError),
)
_JUNK_TITLE = re.compile(
    r"(?:microsoft \w+ - |untitled|document\s?\d*$|print(?:ing)?$)|\.(?:docx?|pdf|indd|qxd|pptx?|html?|odt|rtf|xlsx?)$", re.I
)


@dataclass(frozen=True, slots=True)
class Structure:
    """Printed labels (None where the file gives none) and bookmarks by page number; sentences for the operator."""

    labels: tuple[str | None, ...] = ()
    bookmarks: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    metadata: Metadata = field(default_factory=Metadata)
    warnings: tuple[str, ...] = ()


def structure(path: File, document: Any, password: str) -> tuple[pypdf.PdfReader | None, Structure]:
    """What pypdf reads. Where it cannot read the file: no reader, PDFium's labels and no bookmarks, with a warning."""
    count = len(document)
    try:
        reader = pypdf.PdfReader(path.open() if isinstance(path, MemoryFile) else path, strict=False)
        if reader.is_encrypted:
            reader.decrypt(password)
        if len(reader.pages) != count:
            raise ValueError(f"{len(reader.pages)} pages against PDFium's {count}")
        found: tuple[str | None, ...] = tuple(reader.page_labels) if "/PageLabels" in reader.root_object else (None,) * count
        properties = reader.metadata
        raw_values: dict[str, object] = {"language": _property(reader.root_object.get("/Lang"))}
        title = _property(properties.title if properties else None)
        if not _JUNK_TITLE.search(title):
            raw_values["title"] = title
    except DEFECTS as error:
        note = f"bookmarks and properties of the PDF cannot be read ({one_line(str(error))[:120]})."
        shown = tuple(document.get_page_label(index) or None for index in range(count))
        return None, Structure(shown, warnings=(note,))
    metadata, _ = metadata_from(raw_values)  # a property that cannot be used is the file's, not the operator's, doing
    return reader, Structure(tuple(label or None for label in found), _bookmarks(reader), metadata, _attachments(reader))


def compared(text: str) -> str:
    """A title as bookmarks and headings are compared: its letters and figures alone."""
    return re.sub(r"[\W_]+", "", one_line(text)).casefold()


def _property(value: object) -> str:
    return one_line(value) if isinstance(value, str) else ""


def _bookmarks(reader: pypdf.PdfReader) -> dict[int, dict[str, int]]:
    """Page number → title as compared → level 1..6."""
    found: dict[int, dict[str, int]] = {}

    def walk(items: Iterable[object], level: int) -> None:
        for item in items:
            if isinstance(item, list):
                walk(item, level + 1)
            elif isinstance(item, pypdf.generic.Destination):
                index = reader.get_destination_page_number(item)
                if index is not None and item.title:
                    found.setdefault(index + 1, {})[compared(item.title)] = min(level, 6)

    try:
        walk(reader.outline, 1)
    except DEFECTS:
        return {}  # broken bookmarks only cost headings, which the fonts give as well
    return found


def _attachments(reader: pypdf.PdfReader) -> tuple[str, ...]:
    try:
        names = sorted({one_line(item.name) for item in reader.attachment_list})
    except DEFECTS:
        return ("the list of the PDF's attachments is damaged; what is attached is not read.",)
    if not names:
        return ()
    shown = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    what = "1 attachment is" if len(names) == 1 else f"{len(names)} attachments are"
    return (f"{what} not read: {shown}; save what should be found as files of their own.",)
