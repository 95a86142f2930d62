"""A file as readers take it, on the disk or in memory, and the error for one that gives no document. Imports nothing that takes
long: each command pays for it when it starts."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

SUPPORTED = "PDF, DOCX, ODT, RTF, PPTX, HTML, TXT, Markdown, EML, XLSX, CSV, JSONL and treaties as XML (ToTA, Akoma Ntoso)"


class UnreadableFile(Exception):
    """A file that gives no document. The message is a sentence for the operator: value, cause, next step."""


@dataclass(frozen=True, slots=True)
class MemoryFile:
    """An attachment, with what readers use of a Path. The sandbox lets nobody write files, so there is no temporary one."""

    name: str
    data: bytes

    def read_bytes(self) -> bytes:
        return self.data

    def open(self, mode: Literal["rb"] = "rb") -> IO[bytes]:
        return io.BytesIO(self.data)


File = Path | MemoryFile
