"""Lists of literature in documents: their titles read like answers and are none."""

from __future__ import annotations

from collections.abc import Sequence

#: Headings of such lists.
REFERENCES = frozenset(
    "sources references bibliography notes footnotes endnotes источники литература примечания ссылки حوالہ جات مآخذ ذرائع".split()
) | {"حوالہ جات", "список литературы", "works cited", "notes and sources", "sources and notes"}


def is_reference_list(section: Sequence[str]) -> bool:
    return any(heading.strip(" :.").casefold() in REFERENCES for heading in section)
