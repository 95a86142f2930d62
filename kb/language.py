"""Which language a text is in, among the twelve of the collection, and Hindi, in which questions come.

Order of evidence: letters and everyday words that only one of the twelve has (no model needed: most questions end here),
then py3langid limited to the languages written in the text's script. Short strings and acronyms are no evidence: on
"CASA-1000 TAPI" the model is as sure of Turkmen as it is of English on a sentence, so below MIN_LETTERS the script decides.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Literal

from py3langid.langid import MODEL_FILE, LanguageIdentifier

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        "en": "English",
        "ru": "Russian",
        "ur": "Urdu",
        "uz": "Uzbek",
        "kk": "Kazakh",
        "ky": "Kyrgyz",
        "tg": "Tajik",
        "tk": "Turkmen",
        "fa": "Persian",
        "ps": "Pashto",
        "zh": "Chinese",
        "tr": "Turkish",
        "hi": "Hindi",
    }
)
RIGHT_TO_LEFT = frozenset({"ur", "fa", "ps"})
Script = Literal["latin", "cyrillic", "arabic", "han", "devanagari", "none"]
# Sixteen letters is two or three words; with fewer, names in a foreign spelling decide the model's answer.
MIN_LETTERS = 16
# The model needs 0.1 ms for a sentence and grows with the text; a document's first pages settle it.
SAMPLE = 6000

_FALLBACK: Mapping[Script, str] = {"latin": "en", "cyrillic": "ru", "arabic": "ur", "han": "zh", "devanagari": "hi", "none": "en"}
_WRITTEN_IN: Mapping[Script, frozenset[str]] = {
    "latin": frozenset({"en", "uz", "tk", "tr"}),
    "cyrillic": frozenset({"ru", "kk", "ky", "tg", "uz"}),
    "arabic": frozenset({"ur", "fa", "ps"}),
}
_ALONE: Mapping[str, Script] = {"zh": "han", "hi": "devanagari"}  # no other language of ours is written in their script
_SCRIPTS: tuple[tuple[Script, re.Pattern[str]], ...] = (
    ("latin", re.compile("[A-Za-zÀ-ɏ]")),
    ("cyrillic", re.compile("[Ѐ-ӿ]")),
    ("arabic", re.compile("[ؠ-يٱ-ۓۺ-ۿﭐ-﷿ﹰ-ﻼ]")),
    ("han", re.compile("[㐀-䶿一-鿿]")),
    ("devanagari", re.compile("[\u0900-\u097f]")),
)
_ACRONYM = re.compile(r"\b(?:[A-ZА-ЯЁ]{2,}[\w-]*|\w*\d\w*)\b")
# Letters that one language of a script has and the others lack; Urdu ے ٹ ڈ ڑ ں, Pashto ټ ډ ړ ښ ږ ځ څ ڼ ې.
_OWN_LETTERS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ps", re.compile("[ټډړښږځڅڼېۍ]")),
    ("ur", re.compile("[ےٹڈڑںھۓ]")),
)
_OWN_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "en",
        re.compile(
            r"\b(?:the|of|and|which|what|when|where|who|why|how|does|did|is|are|was|were|has|have|by|for|from|with|that|this|"
            r"between|under|should|shall|will)\b",
            re.IGNORECASE,
        ),
    ),
    (
        "ru",
        re.compile(
            r"\b(?:и|что|как|когда|какие|какой|какая|какое|каков|сколько|где|кто|почему|для|между|или|при|от|это|был|была|"
            r"было|были|согласно|которые|который|по|из|на)\b",
            re.IGNORECASE,
        ),
    ),
)
_NOT_RUSSIAN = re.compile("[іәңғүұқөһӣӯҳҷўІӘҢҒҮҰҚӨҺӢӮҲҶЎ]")
_NOT_ENGLISH = re.compile("[^\\W\\d_a-zA-Z]")


def detect(text: str) -> str:
    """Return the ISO 639-1 code of `text`, one of LANGUAGES; never fails, "" and digits give "en". Safe in threads."""
    sample = text[:SAMPLE]
    main = script(sample)
    if main in ("han", "devanagari", "none"):
        return _FALLBACK[main]
    words = _ACRONYM.sub(" ", sample)
    if _letters(words, main) < MIN_LETTERS:
        return _own_letters(words) or _FALLBACK[main]
    sure = _own_letters(words) if main == "arabic" else _own_words(words)
    if sure:
        return sure
    allowed = _WRITTEN_IN[main]
    ranked: list[tuple[str, float]] = _identifier().rank(words)  # type: ignore[no-untyped-call]
    return next((code for code, _ in ranked if code in allowed), _FALLBACK[main])


def script(text: str) -> Script:
    """Return the script most of the letters belong to; "none" where there is no letter of a known one."""
    counts = [(len(pattern.findall(text)), name) for name, pattern in _SCRIPTS]
    most, name = max(counts, key=lambda pair: pair[0])
    return name if most else "none"


def letters(text: str) -> int:
    """Count the letters of `text`, of any script."""
    return sum(1 for character in text if unicodedata.category(character)[0] == "L")


def direction(language: str) -> Literal["rtl", "ltr"]:
    """Return the writing direction of an ISO 639-1 code, for HTML's `dir`; "ltr" for an unknown one."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def language_script(language: str) -> Script:
    """Return the script that text in `language` is expected in ("none": either of two, as for Uzbek)."""
    homes = [name for name, languages in _WRITTEN_IN.items() if language in languages]
    return _ALONE.get(language) or (homes[0] if len(homes) == 1 else "none")


def _letters(text: str, main: Script) -> int:
    return sum(len(pattern.findall(text)) for name, pattern in _SCRIPTS if name == main)


def _own_letters(text: str) -> str:
    counts = [(len(pattern.findall(text)), code) for code, pattern in _OWN_LETTERS]
    most, code = max(counts)
    return code if most else ""


def _own_words(text: str) -> str:
    """A tenth of the words being one language's everyday words, and its alphabet alone, leave no doubt."""
    total = len(text.split())
    for code, pattern in _OWN_WORDS:
        foreign = _NOT_ENGLISH if code == "en" else _NOT_RUSSIAN
        if len(pattern.findall(text)) * 10 >= total and len(foreign.findall(text)) * 50 <= len(text):
            return code
    return ""


@cache
def _identifier() -> LanguageIdentifier:
    # 0.55 s, half of it xz: on first need only. A race loads it twice and keeps one; `rank` itself writes nothing.
    identifier: LanguageIdentifier = LanguageIdentifier.from_model_file(MODEL_FILE)  # type: ignore[no-untyped-call]
    identifier.set_languages([code for code in LANGUAGES if code not in _ALONE])  # type: ignore[no-untyped-call]
    return identifier
