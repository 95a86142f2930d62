"""The versions of what makes passages of a file. Another string means that files must be read again, changed or not."""

from __future__ import annotations

READER_VERSION = 7  # raise it when the readers give other text or blocks
SEGMENTER_VERSION = 5  # raise it when the same text is cut otherwise, or its passages say something else of themselves


def reader_version(media_type: str) -> str:
    """Names the reading of a media type."""
    return f"{media_type}/{READER_VERSION}"


def segmenter_version() -> str:
    return f"segment/{SEGMENTER_VERSION}"
