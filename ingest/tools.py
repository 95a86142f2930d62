"""What a run works with, put together before it is known whether any of it is needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.passwords import Passwords
from ingest.plan import Versions
from ingest.tesseract import Engine
from kb.encoder import Encoder


@dataclass(frozen=True, slots=True)
class Tools:
    """What the work is done with. `encoder` opens the model when it is first called; `publish` makes visible what is staged.
    Without `may_embed` files are read and staged and nothing else.
    """

    encoder: Callable[[], Encoder]
    model: str
    versions: Versions
    engine: Engine | None = None
    passwords: Passwords = field(default_factory=Passwords)
    jobs: int = 1
    publish: Callable[[], None] = lambda: None
    publish_every: int = 0
    may_embed: bool = True
