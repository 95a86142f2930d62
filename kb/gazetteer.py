"""The names of the field, in three scripts: finding them in a text, and the other names under which to search.

Letters are folded one for one (case, diacritics, Arabic and Urdu variants, dashes and kinds of space), so that a match's
offsets are those of the original; only combining marks and invisible characters are dropped, and then offsets are mapped.
Names are looked up by their first word: 8.7 million characters/s of English, against 1.3 with one pattern of all names.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from kb.language import script
from kb.records import Mention

TYPES = ("country", "organisation", "project", "agreement", "port", "crossing", "place", "person")
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "country": "GPE",
        "place": "GPE",
        "organisation": "ORG",
        "person": "PERSON",
        "port": "LOC",
        "crossing": "LOC",
        "project": "PROJECT",
        "agreement": "LAW",
    }
)
# "eco" and "sco" are parts of words and of file names; from five letters on ("CAREC") writing it small means the same.
ACRONYM_LETTERS = 4
MAX_EXPANSION = 6

_FILE = Path(__file__).with_suffix(".toml")
_WORD = re.compile(r"\w+")
_DROPPED = re.compile("[\u00ad\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufeff]")
_ADJECTIVES = ("ий", "ая", "ое", "ие", "ого", "ому", "им", "ом", "ой", "ую", "их", "ими", "о")
_ENGLISH_ADJECTIVES = ("", "s", "i", "is")
_DECLENSION = (  # a name's ending and the endings that its cases put there; first that fits
    ("ия", ("ии", "ию", "ией")),
    ("а", ("ы", "и", "у", "е", "ой")),
    ("я", ("и", "ю", "е", "ей")),
    ("ь", ("я", "ю", "ем", "е", "и", "ью")),
    ("й", ("я", "ю", "ем", "е")),
)
_CONSONANT_CASES = ("а", "у", "ом", "ым", "е")
_DECLINED = frozenset({"country", "place", "port", "crossing", "person"})


@dataclass(frozen=True, slots=True)
class Entity:
    """`countries` are ISO 3166-1 alpha-2 (a country's own code); `ambiguous` names belong to other entities too."""

    id: str
    name: str
    type: str
    countries: tuple[str, ...]
    aliases: tuple[str, ...]
    stems: tuple[str, ...]
    ambiguous: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The name and its unambiguous aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class _Name:
    """A folded form, whose it is, and whether it counts in capitals only."""

    folded: str
    ids: tuple[str, ...]
    capitals: bool


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """Immutable and safe in threads. `entities` maps id to Entity in the file's order."""

    entities: Mapping[str, Entity]
    _by_first_word: Mapping[str, tuple[_Name, ...]]
    _codes: Mapping[str, str]

    @staticmethod
    def load() -> Gazetteer:
        """Return the gazetteer that comes with the program; read once. Raises ValueError for a file with a fault."""
        return _load()

    def find(self, text: str) -> tuple[Mention, ...]:
        """Return the names in `text` in order, longest match first, whole words, without overlap; offsets are into `text`.

        A name that several entities share is linked if exactly one of them is named otherwise in `text`, else left out.
        """
        matches = list(self._matches(text))
        named = {ids[0] for _, _, ids in matches if len(ids) == 1}
        found = []
        for start, end, ids in matches:
            chosen = ids if len(ids) == 1 else tuple(one for one in ids if one in named)
            if len(chosen) == 1:
                label = LABELS[self.entities[chosen[0]].type]
                found.append(Mention(chosen[0], label, text[start:end], start, end))
        return tuple(found)

    def aliases_of(self, entity_id: str) -> tuple[str, ...]:
        """Return name and aliases, the ambiguous ones last. Raises KeyError for an unknown id."""
        entity = self.entities[entity_id]
        return (*entity.names, *entity.ambiguous)

    def country_code(self, name: str) -> str | None:
        """Return the ISO code of a country given by code, name or alias in any script; None for anything else."""
        return self._codes.get(_folded(name.strip())[0])

    def expand(self, text: str) -> tuple[str, ...]:
        """Return the other names of the entities in `text`, at most MAX_EXPANSION each: one of each script first.

        All bearers of an ambiguous name count, for a question seldom says which it means.
        """
        present = _folded(text)[0]
        terms: dict[str, None] = {}
        for entity_id in dict.fromkeys(one for _, _, ids in self._matches(text) for one in ids):
            others = [name for name in self.entities[entity_id].names if not _holds(present, _folded(name)[0])]
            terms.update(dict.fromkeys(_by_script(others)[:MAX_EXPANSION]))
        return tuple(terms)

    def _matches(self, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        folded, offsets = _folded(text)
        table, done = self._by_first_word, 0
        for word in _WORD.finditer(folded):
            names = table.get(word.group())
            if names is None or word.start() < done:
                continue
            for name in names:
                start, end = word.start(), word.start() + len(name.folded)
                if not folded.startswith(name.folded, start) or _in_word(folded, end):
                    continue
                left, right = (start, end) if offsets is None else (offsets[start], offsets[end - 1] + 1)
                if not name.capitals or text[left:right].isupper():
                    yield left, right, name.ids
                    done = end
                    break


def _in_word(text: str, end: int) -> bool:
    return end < len(text) and (text[end].isalnum() or text[end] == "_")


def _holds(text: str, name: str) -> bool:
    return f" {name} " in f" {' '.join(_WORD.findall(text))} " or text == name


def _by_script(names: Iterable[str]) -> list[str]:
    """The first name of each script, then the second of each, and so on."""
    queues: dict[str, list[str]] = {}
    for name in names:
        queues.setdefault(script(name), []).append(name)
    longest = max(map(len, queues.values()), default=0)
    return [queue[turn] for turn in range(longest) for queue in queues.values() if turn < len(queue)]


def _letter(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0].lower()
    return _ARABIC.get(base, base) if len(base) == 1 else character


_ARABIC = {"ي": "ی", "ى": "ی", "ك": "ک", "ه": "ہ", "ة": "ہ", "ۃ": "ہ", "ە": "ہ", "ھ": "ہ"}
_FOLD: dict[int, str] = {
    **{
        code: _letter(chr(code))
        for low, high in ((0x41, 0x250), (0x400, 0x530), (0x620, 0x700), (0x1E00, 0x1F00))
        for code in range(low, high)
    },
    **{ord(dash): " " for dash in "-‐‑‒–—−\u00a0\u2007\u2009\u202f\n\r\t"},
    **{ord(quote): "'" for quote in "’‘ʻʼʹ`´"},
    ord("ı"): "i",
}


def _folded(text: str) -> tuple[str, Sequence[int] | None]:
    """Return the folded text and, if characters were dropped, each remaining one's offset in `text` (None: unchanged)."""
    folded = text.translate(_FOLD)
    if _DROPPED.search(folded) is None:
        return folded, None
    kept = [index for index, character in enumerate(folded) if _DROPPED.match(character) is None]
    return "".join(folded[index] for index in kept), kept


@cache
def _load() -> Gazetteer:
    entities = {entity.id: entity for entity in map(_entity, tomllib.loads(_FILE.read_text(encoding="utf-8"))["entity"])}
    owners: dict[tuple[str, bool], list[str]] = {}
    for entity in entities.values():
        for form, capitals in _forms(entity):
            key = _folded(form)[0], capitals
            if entity.id not in owners.setdefault(key, []):
                owners[key].append(entity.id)
    table: dict[str, list[_Name]] = {}
    for (folded, capitals), ids in owners.items():
        first = _WORD.search(folded)
        if first is None or first.start():
            raise ValueError(f"{_FILE.name}: a name of {ids[0]} begins with {folded[:1]!r}; begin it with a letter or digit.")
        table.setdefault(first.group(), []).append(_Name(folded, tuple(ids), capitals))
    ordered = {word: tuple(sorted(names, key=lambda name: -len(name.folded))) for word, names in table.items()}
    countries = [entity for entity in entities.values() if entity.type == "country"]
    codes = {_folded(name)[0]: entity.countries[0] for entity in countries for name in (*entity.names, entity.countries[0])}
    return Gazetteer(MappingProxyType(entities), MappingProxyType(ordered), MappingProxyType(codes))


def _entity(row: Mapping[str, object]) -> Entity:
    def several(key: str) -> tuple[str, ...]:
        value = row.get(key, [])
        return tuple(str(item) for item in value) if isinstance(value, list) else ()

    if row["type"] not in TYPES:
        raise ValueError(f"{_FILE.name}: the type of {row['id']} is {row['type']!r}; it takes {', '.join(TYPES)}.")
    names = str(row["id"]), str(row["name"]), str(row["type"])
    return Entity(*names, several("countries"), several("aliases"), several("stems"), several("ambiguous"))


def _forms(entity: Entity) -> Iterator[tuple[str, bool]]:
    """Every form to look for and whether it needs capitals: names, Russian cases of one-word names, adjectives."""
    for name in (*entity.names, *entity.ambiguous):
        acronym = name.isupper() and name.isalpha() and len(name) <= ACRONYM_LETTERS
        yield name, acronym
        if entity.type in _DECLINED and script(name) == "cyrillic" and not name.isupper():
            for declined in _cases(name):
                yield declined, False
    for stem in entity.stems:
        for ending in _ADJECTIVES if script(stem) == "cyrillic" else _ENGLISH_ADJECTIVES:
            yield stem + ending, False


def _cases(name: str) -> Iterator[str]:
    """The cases of the last word of a name: Узбекистан → Узбекистана, Узбекистаном … Republics and unions stay as they are."""
    for ending, cases in _DECLENSION:
        if name.endswith(ending):
            yield from (name[: -len(ending)] + case for case in cases)
            return
    if name[-1] not in "аеёиоуыэюя":
        yield from (name + case for case in _CONSONANT_CASES)
