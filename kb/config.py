"""One table of settings, read from the environment once, by the entry points alone.

A KB_* variable that is not in the table is an error: a misspelt setting that is silently ignored costs a night.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from kb.errors import BadRequest

PREFIX = "KB_"
LONGEST_TIMEOUT = 600  # seconds: no reader waits longer, and each wait holds one of the server's threads


class Setting(NamedTuple):
    name: str
    default: str
    help: str


SETTINGS = (
    Setting("KB_HOME", "./var", "Data directory: the store, the published indexes and the originals."),
    Setting(
        "KB_STORE",
        "",
        "postgresql://…: publish to that database and read from it; of several, with spaces between, each takes a part. Empty: "
        "SQLite and FAISS under KB_HOME alone.",
    ),
    Setting("KB_STORE_READ", "", "Addresses of standbys of those, with spaces between: read from them. Goes with KB_STORE."),
    Setting("KB_CACHE", "", "Unpacked and exported models, shared by every KB_HOME. Empty: the user's cache folder."),
    Setting("KB_CORPUS", "./corpus", "The folder that `python -m ingest reindex` takes when no PATH is given."),
    Setting("KB_MODEL", "multilingual-e5-small", "A sentence-transformers name or folder. The default comes with the packages."),
    Setting("KB_ENCODER", "auto", "auto: int8 onnxruntime where its export agrees with the model; torch: sentence-transformers."),
    Setting(
        "KB_LLM_URL", "", "A model server's OpenAI-compatible address: https, or http on this machine. Empty: none is asked."
    ),
    Setting("KB_LLM_MODEL", "", "The model's name there; goes with KB_LLM_URL."),
    Setting("KB_LLM_KEY_FILE", "", "A file with the server's key that its owner alone may read. Empty: no key is sent."),
    Setting(
        "KB_LLM_TIMEOUT", "60", "Seconds that the model server has for one answer, 1 to 600; then the quoted sentences answer."
    ),
    Setting("KB_HOST", "127.0.0.1", "The address that `python -m web` listens on."),
    Setting("KB_PORT", "8000", "The port that `python -m web` listens on."),
    Setting("KB_LOG_QUESTIONS", "0", "1: the access log of `python -m web` holds the questions; 0: it holds none."),
    Setting("KB_THREADS", "0", "Threads for the encoder; 0: one for each core."),
)


@dataclass(frozen=True, slots=True)
class ModelServer:
    """A language model that the operator plugged in. `key_file` is read by who uses it (None: no key); `seconds` are for one
    answer."""

    url: str
    model: str
    key_file: Path | None
    seconds: int


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
    llm: ModelServer | None = None
    store: str = ""
    store_read: tuple[str, ...] = ()

    @property
    def stores(self) -> tuple[str, ...]:
        """The databases that KB_STORE names, among which the collection is divided in this order; () without one."""
        return tuple(self.store.split())


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
        llm=_model_server(value, cwd),
        store=" ".join(_address("KB_STORE", one) for one in value["KB_STORE"].split()),
        store_read=_standbys(value),
    )


def _model_server(value: Mapping[str, str], cwd: Path) -> ModelServer | None:
    """Only an address that a key and readers' questions may be sent to: encrypted, or within this machine."""
    url, model, key_file = value["KB_LLM_URL"], value["KB_LLM_MODEL"], value["KB_LLM_KEY_FILE"]
    seconds = _whole_number("KB_LLM_TIMEOUT", value["KB_LLM_TIMEOUT"], LONGEST_TIMEOUT)
    if not seconds:
        raise BadRequest(f"KB_LLM_TIMEOUT is '0'; it takes a whole number from 1 to {LONGEST_TIMEOUT}.")
    if bool(url) is not bool(model) or (key_file and not url):
        lacking = "KB_LLM_URL" if not url else "KB_LLM_MODEL"
        raise BadRequest(
            f"{lacking} is not set; a language model needs KB_LLM_URL and KB_LLM_MODEL. Set both, or none of KB_LLM_*."
        )
    if not url:
        return None
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadRequest(f"KB_LLM_URL is no address ({error}); it takes one like http://127.0.0.1:8080/v1.") from None
    if parts.username is not None or parts.password is not None:
        raise BadRequest("KB_LLM_URL holds a user or password; put the server's key into a file and name it in KB_LLM_KEY_FILE.")
    if parts.query or parts.fragment:  # some put the key there: it is not repeated
        raise BadRequest(
            "KB_LLM_URL takes an address without query, like http://127.0.0.1:8080/v1; a key goes into KB_LLM_KEY_FILE."
        )
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in ("http", "https") or not host or not plain:
        raise BadRequest(f"KB_LLM_URL is {url!r}; it takes an address like http://127.0.0.1:8080/v1.")
    if parts.scheme == "http" and not _is_loopback(host):
        raise BadRequest(f"KB_LLM_URL is {url!r}; http is for servers on this machine (127.0.0.1, localhost), others take https.")
    return ModelServer(url, model, _absolute(key_file, cwd) if key_file else None, seconds)


def _standbys(value: Mapping[str, str]) -> tuple[str, ...]:
    addresses = tuple(_address("KB_STORE_READ", one) for one in value["KB_STORE_READ"].split())
    if addresses and not value["KB_STORE"]:
        raise BadRequest("KB_STORE_READ names standbys and KB_STORE is not set; set KB_STORE to their primary.")
    return addresses


def _address(name: str, value: str) -> str:
    """Of a database, or "". It may hold a password, so a wrong one is not repeated."""
    if value and not value.startswith(("postgresql://", "postgres://")):
        raise BadRequest(f"{name} is no address of a database; it takes one like postgresql://user@host:5432/wakhan.")
    return value


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _user_cache(environ: Mapping[str, str]) -> Path:
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "wakhan"


def _absolute(value: str, cwd: Path) -> Path:
    return (cwd / Path(value).expanduser()).absolute()


def _whole_number(name: str, value: str, largest: int) -> int:
    if not value.isdecimal() or int(value) > largest:
        raise BadRequest(f"{name} is {value!r}; it takes a whole number from 0 to {largest}.")
    return int(value)
