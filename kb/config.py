"""One table of settings, read from the environment once, by the entry points alone.

A KB_* variable that is not in the table is an error: a misspelt setting that is silently ignored costs a night.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from kb.errors import BadRequest

PREFIX = "KB_"


class Setting(NamedTuple):
    name: str
    default: str
    help: str


SETTINGS = (
    Setting("KB_HOME", "./var", "Data directory: the store, the published indexes and the originals."),
    Setting("KB_CACHE", "", "Unpacked and exported models, shared by every KB_HOME. Empty: the user's cache folder."),
    Setting("KB_CORPUS", "./corpus", "The folder that `python -m ingest reindex` takes when no PATH is given."),
    Setting("KB_MODEL", "multilingual-e5-small", "A sentence-transformers name or folder. The default comes with the packages."),
    Setting("KB_ENCODER", "auto", "auto: int8 onnxruntime where its export agrees with the model; torch: sentence-transformers."),
    Setting("KB_HOST", "127.0.0.1", "The address that `python -m web` listens on."),
    Setting("KB_PORT", "8000", "The port that `python -m web` listens on."),
    Setting("KB_LOG_QUESTIONS", "0", "1: the access log of `python -m web` holds the questions; 0: it holds none."),
    Setting("KB_THREADS", "0", "Threads for the encoder; 0: one for each core."),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. Paths are absolute."""

    home: Path
    cache: Path
    corpus: Path
    model: str
    encoder: str
    host: str
    port: int
    threads: int
    log_questions: bool = False


def settings_from(environ: Mapping[str, str], cwd: Path) -> Settings:
    """Read the table from `environ`; relative paths are taken from `cwd`.

    Raises BadRequest for an unknown KB_* name or a value that does not parse.
    """
    known = {setting.name: setting.default for setting in SETTINGS}
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(known)}."
            raise BadRequest(f"unknown setting {name} in the environment; {hint} Unset it or correct the name.")
    value = {name: environ.get(name, "").strip() or default for name, default in known.items()}
    cache = value["KB_CACHE"] or str(_user_cache(environ))
    if value["KB_ENCODER"] not in ("auto", "torch"):
        raise BadRequest(f"KB_ENCODER is {value['KB_ENCODER']!r}; it takes auto or torch.")
    return Settings(
        home=_absolute(value["KB_HOME"], cwd),
        cache=_absolute(cache, cwd),
        corpus=_absolute(value["KB_CORPUS"], cwd),
        model=value["KB_MODEL"],
        encoder=value["KB_ENCODER"],
        host=value["KB_HOST"],
        port=_whole_number("KB_PORT", value["KB_PORT"], 65535),
        threads=_whole_number("KB_THREADS", value["KB_THREADS"], 1024),
        log_questions=bool(_whole_number("KB_LOG_QUESTIONS", value["KB_LOG_QUESTIONS"], 1)),
    )


def _user_cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "wakhan"


def _absolute(value: str, cwd: Path) -> Path:
    return (cwd / Path(value).expanduser()).absolute()


def _whole_number(name: str, value: str, largest: int) -> int:
    if not value.isdecimal() or int(value) > largest:
        raise BadRequest(f"{name} is {value!r}; it takes a whole number from 0 to {largest}.")
    return int(value)
