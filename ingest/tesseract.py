"""The tesseract program: where it is, which models it has, and which of them read a document's language."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

log = logging.getLogger(__name__)

PROGRAM = "tesseract"
#: Our languages, their script, and tesseract's models for them.
_MODELS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "en": ("latin", ("eng",)),
    "ru": ("cyrillic", ("rus",)),
    "ur": ("arabic", ("urd",)),
    "uz": ("latin", ("uzb", "uzb_cyrl")),
    "kk": ("cyrillic", ("kaz",)),
    "ky": ("cyrillic", ("kir",)),
    "tg": ("cyrillic", ("tgk",)),
    "tk": ("latin", ("tuk",)),
    "fa": ("arabic", ("fas",)),
    "ps": ("arabic", ("pus",)),
    "zh": ("han", ("chi_sim", "chi_tra")),
    "tr": ("latin", ("tur",)),
}
_STAND_INS = {"latin": ("en",), "cyrillic": ("ru",), "arabic": ("ur", "fa"), "han": ("zh",)}  # for others of the script
_SCRIPTS = {"Latin": "latin", "Cyrillic": "cyrillic", "Arabic": "arabic", "Han": "han", "HanS": "han", "HanT": "han"}
SCRIPT = "osd"  # the model that tells script and direction
LIST_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Engine:
    """The program's path, the models installed with it, and its name with version."""

    program: str
    models: frozenset[str]
    name: str = PROGRAM

    def command(self, models: str) -> tuple[str, ...]:
        """What reads the picture on its standard input into a table with `models` ("rus+eng"); SCRIPT tells the script."""
        if models == SCRIPT:
            return (self.program, "stdin", "stdout", "--psm", "0", "-l", SCRIPT)
        segmentation = "1" if SCRIPT in self.models else "3"  # 1: direction and columns; 3: columns alone
        return (self.program, "stdin", "stdout", "--psm", segmentation, "-l", models, "tsv")

    def for_language(self, language: str) -> str:
        """Installed models for a language, or for its script where it has none of its own; "" for none.

        English goes along with every other language, for the acronyms and names in Latin letters that stand in all of them.
        """
        name, own = _MODELS.get(language, ("latin", ()))
        found = self._installed(own) or self._installed(model for other in _STAND_INS[name] for model in _MODELS[other][1])
        return "+".join(dict.fromkeys((*found, *self._installed(("eng",))))) if found else ""

    def for_script(self, name: str) -> str:
        """Installed models for a script, or those of all our languages if the script is none of ours."""
        if name in _STAND_INS:
            return self.for_language(_STAND_INS[name][0])
        return "+".join(self._installed(model for _, models in _MODELS.values() for model in models))

    def _installed(self, models: Iterable[str]) -> tuple[str, ...]:
        return tuple(model for model in models if model in self.models)


def find_engine() -> Engine | None:
    """The tesseract that is installed now; None if there is none, or none that answers."""
    program = shutil.which(PROGRAM)
    if program is None:
        return None
    try:
        told, name = (_told(program, question) for question in ("--list-langs", "--version"))
    except (OSError, subprocess.SubprocessError, UnicodeError) as error:
        log.warning("%s does not answer (%s); pages that are pictures stay unread.", program, error)
        return None
    models = frozenset(line.strip() for line in told.splitlines() if " " not in line.strip())
    return Engine(program, models, " ".join(name.split("\n", 1)[0].split())[:80]) if models - {SCRIPT} else None


def _told(program: str, question: str) -> str:
    return subprocess.run([program, question], capture_output=True, timeout=LIST_SECONDS, check=True, text=True).stdout


def script_told(written: str) -> str:
    """The script that a run with SCRIPT names, as kb.language calls it; "" for another one or none."""
    told = (line.removeprefix("Script: ") for line in written.splitlines() if line.startswith("Script: "))
    return _SCRIPTS.get(next(told, ""), "")
