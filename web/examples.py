"""The example questions of the first screen, chosen anew for each generation while the server goes on serving."""

from __future__ import annotations

import logging
import threading
from typing import cast

from flask import Flask, current_app

from kb import examples
from kb.errors import KnowledgeBaseError
from web.knowledge import Knowledge

log = logging.getLogger("web.examples")
EXTENSION = "wakhan-examples"
PATIENCE = 10  # seconds that the end of the server waits for the question that is being tried


class Examples:
    """One thread at a time asks; until it is done, the examples of the generation before are shown, or none."""

    def __init__(self, knowledge: Knowledge) -> None:
        self._knowledge = knowledge
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._begun = 0
        self._shown: tuple[tuple[str, str], ...] = ()

    def shown(self, generation: int) -> tuple[tuple[str, str], ...]:
        """(language, question). The first call for a generation begins the choice."""
        with self._lock:
            idle = self._thread is None or not self._thread.is_alive()
            if generation != self._begun and idle and not self._stopped.is_set():
                self._begun = generation
                self._thread = threading.Thread(target=self._choose, name="examples")
                self._thread.start()
            return self._shown

    def wait(self) -> None:
        """Until the choice that has begun is made."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(PATIENCE)

    def _choose(self) -> None:
        try:
            entities = self._knowledge.entities()
            self._shown = examples.examples(self._knowledge.quoted, entities, lambda: not self._stopped.is_set())
        except KnowledgeBaseError as error:
            log.warning("no example questions: %s", error)  # the page says what is wrong; it lacks its examples alone


def register(app: Flask, knowledge: Knowledge) -> None:
    app.extensions[EXTENSION] = Examples(knowledge)


def of(app: Flask) -> Examples:
    return cast(Examples, app.extensions[EXTENSION])


def shown(generation: int) -> tuple[tuple[str, str], ...]:
    """Those of the application that is serving this request."""
    return of(current_app).shown(generation)
