"""What a re-index tells: frozen values, as the rest of `records`, which hands them on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed: `stage` is discover | read | segment | embed | store | publish."""

    uri: str
    stage: str
    reason: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A file that a re-index would touch. `action` is added | changed | moved | removed; `before` is a moved file's old uri."""

    uri: str
    action: str
    reason: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class ReindexReport:
    """What a re-index did, counted in documents; `passages` and `documents` count the published generation's.

    `reasons`: why files that were known were read again, counted in files; `postponed`: the same, of those left for later.
    `stages`: seconds by stage (reading and embedding overlap). `embedded` counts passages. `stopped_by` names the signal that
    ended the run early. `planned` lists the files, of a dry run alone.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0
    failures: tuple[Failure, ...] = ()
    passages: int = 0
    seconds: float = 0.0
    generation: int = 0
    dry_run: bool = False
    warnings: tuple[str, ...] = field(default=())
    moved: int = 0
    documents: int = 0
    embedded: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)
    postponed: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)
    stopped_by: str = ""
    planned: tuple[Planned, ...] = ()
