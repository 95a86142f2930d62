"""The names of the field, in three scripts: finding them in a text, and the other names under which to search.

Letters are folded one for one (case, diacritics, Arabic and Urdu variants, dashes and kinds of space), so that a match's
offsets are those of the original; only combining marks and invisible characters are dropped, and then offsets are mapped.
Names are looked up by their first two words: of the corpus 8.5 million characters/s of English, 7.7 of Russian and 2.8 of Urdu,
whose marks are dropped one by one (best of 30, processor time); with one pattern of all names, then 182, it was 1.3.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import accumulate, chain, pairwise, product
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
BETWEEN = " | "  # names in a list: no name has that sign
UNWRITTEN = ("devanagari",)  # questions come in it, documents do not: its names are found, and not searched for
SHORT = 4000  # characters: a passage; documents are looked through once, at ingest

_FILE = Path(__file__).with_suffix(".toml")
_WORD = re.compile(r"\w+")
_DROPPED = re.compile("[\u00ad\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufeff]")
_ADJECTIVES = ("ий", "ая", "ое", "ие", "ого", "ому", "им", "ом", "ой", "ую", "их", "ими", "о")
_ENGLISH_ADJECTIVES = ("", "s", "i", "is")
# A word's ending, and those that genitive, dative, accusative, instrumental and prepositional put in its place; the first that
# fits. Where declensions share an ending ("Мирзиёевым", "Узбекистаном") both are formed: the wrong one occurs in no text.
_ADJECTIVE_CASES = (
    ("ая", ("ой", "ой", "ую", "ой", "ой")),
    ("яя", ("ей", "ей", "юю", "ей", "ей")),
    ("ое", ("ого", "ому", "ое", "ым/им", "ом")),
    ("ее", ("его", "ему", "ее", "им", "ем")),
    ("ый", ("ого", "ому", "ый", "ым", "ом")),
    ("ий", ("ого", "ому", "ий", "им", "ом")),
)
_NOUN_CASES = (
    ("ия", ("ии", "ии", "ию", "ией", "ии")),
    ("ие", ("ия", "ию", "ие", "ием", "ии")),
    ("море", ("моря", "морю", "море", "морем", "море")),
    ("ство", ("ства", "ству", "ство", "ством", "стве")),
    ("а", ("ы/и", "е", "у", "ой", "е")),
    ("я", ("и", "е", "ю", "ей", "е")),
    ("ь", ("я/и", "ю/и", "я/ь", "ем/ью", "е/и")),
    ("й", ("я", "ю", "й/я", "ем", "е")),
)
_PERSON_CASES = (("ий", ("ого/ия", "ому/ию", "ого/ия", "им/ием", "ом/ии")), *_NOUN_CASES[4:])
_CONSONANT_CASES = ("а", "у", "/а", "ом/ым", "е")
_CASES = len(_CONSONANT_CASES)
_OBLIQUE = ("ہ", "ے")  # Urdu: معاہدہ "agreement", معاہدے before a postposition; names of people and places mostly keep theirs


@dataclass(frozen=True, slots=True)
class Entity:
    """`countries` are ISO 3166-1 alpha-2 (a country's own code), none for what is `regional`.

    `ambiguous` names belong to other entities too. `office` is what a person is or was, in words, with the month for which the
    sources say so; `wikidata` is the item of an entity whose id is a slug. Either is "" where it is not known for sure.
    """

    id: str
    name: str
    type: str
    countries: tuple[str, ...]
    aliases: tuple[str, ...]
    stems: tuple[str, ...]
    ambiguous: tuple[str, ...]
    regional: bool = False
    office: str = ""
    wikidata: str = ""

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


@dataclass(frozen=True, slots=True, eq=False)  # by identity: what was found is remembered with it
class Gazetteer:
    """Immutable and safe in threads. `entities` maps id to Entity in the file's order."""

    entities: Mapping[str, Entity]
    _by_words: Mapping[str, Mapping[str, tuple[_Name, ...]]]
    _codes: Mapping[str, str]

    @staticmethod
    def load() -> Gazetteer:
        """Return the gazetteer that comes with the program; read once. Raises ValueError for a file with a fault."""
        return _load()

    def find(self, text: str) -> tuple[Mention, ...]:
        """Return the names in `text` in order, longest match first, whole words, without overlap; offsets are into `text`.

        A name that several entities share is linked if exactly one of them is named otherwise in `text`; if none is, but `text`
        names more countries of one of them than of any other, it is linked to that one; else it is left out. Who is called by
        another acronym in `text` is not meant by a shared one: in "neither TAPI nor TAP" TAP is the power line.
        """
        return self._remembered(text) if len(text) <= SHORT else self._found(text)

    @lru_cache(maxsize=8192)  # noqa: B019 (there is one gazetteer) - sentences and passages of questions: 20 MB
    def _remembered(self, text: str) -> tuple[Mention, ...]:
        return self._found(text)

    def _found(self, text: str) -> tuple[Mention, ...]:
        return tuple(
            Mention(ids[0], LABELS[self.entities[ids[0]].type], text[start:end], start, end)
            for start, end, ids in self._settled(text)
            if len(ids) == 1
        )

    def aliases_of(self, entity_id: str) -> tuple[str, ...]:
        """Return name and aliases, the ambiguous ones last. Raises KeyError for an unknown id."""
        entity = self.entities[entity_id]
        return (*entity.names, *entity.ambiguous)

    def country_code(self, name: str) -> str | None:
        """Return the ISO code of a country given by code, name or alias in any script; None for anything else."""
        return self._codes.get(_folded(name.strip())[0])

    def projects(self) -> Mapping[str, str]:
        """Return the names of all projects by their ids."""
        return {entity.id: entity.name for entity in self.entities.values() if entity.type == "project"}

    def entity_id(self, name: str) -> str | None:
        """Return the id of an entity given by it or by any unambiguous name; None for anything else."""
        if name in self.entities:
            return name
        found = self.find(name)
        return found[0].entity_id if len(found) == 1 and found[0].text == name.strip() else None

    def linked(self, names: Sequence[str], beside: str) -> dict[str, str]:
        """Return the ids of those of `names` that are an entity's id or name, by name. Whose a shared name is, the others settle,
        and the text `beside` them, such as a document's title."""
        found = {(one.start, one.text): one.entity_id for one in self.find(BETWEEN.join((*names, beside)))}
        starts = accumulate((len(name) + len(BETWEEN) for name in names), initial=0)
        ids = {name: name if name in self.entities else found.get((at, name)) for name, at in zip(names, starts, strict=False)}
        return {name: entity_id for name, entity_id in ids.items() if entity_id}

    def expand(self, text: str) -> tuple[str, ...]:
        """Return the other names of the entities in `text`, at most MAX_EXPANSION for each name in it: one of each script first.

        Where the text does not settle whose a shared name is, all its bearers count and divide that number.
        """
        present = _folded(text)[0]
        terms: dict[str, None] = {}
        for _, _, ids in self._settled(text):
            for entity_id in ids:
                names = (name for name in self.entities[entity_id].names if script(name) not in UNWRITTEN)
                others = [name for name in names if not _holds(present, _folded(name)[0])]
                terms.update(dict.fromkeys(_by_script(others)[: max(1, MAX_EXPANSION // len(ids))]))
        return tuple(terms)

    def _settled(self, text: str) -> list[tuple[int, int, tuple[str, ...]]]:
        """The matches, each with the one entity that is meant, or with all that may be."""
        matches = list(self._matches(text))
        bearers = {one for _, _, ids in matches if len(ids) > 1 for one in ids}
        if not bearers:
            return matches
        alone = {ids[0] for _, _, ids in matches if len(ids) == 1}
        named: dict[str, set[str]] = {one: set() for one in alone & bearers}
        for start, end, ids in matches:
            if len(ids) == 1 and ids[0] in bearers:
                named[ids[0]].update(word for word in _WORD.findall(text[start:end]) if word.isupper())
        countries = {self.entities[one].countries[0] for one in alone if self.entities[one].type == "country"}
        return [
            (start, end, ids if len(ids) == 1 else self._meant(ids, text[start:end], named, countries))
            for start, end, ids in matches
        ]

    def _meant(self, ids: tuple[str, ...], name: str, named: Mapping[str, Set[str]], countries: Set[str]) -> tuple[str, ...]:
        """Of the bearers `ids` of `name` the one meant, or all possible. `named` maps who is named otherwise to the acronyms."""
        if name.isupper():
            ids = tuple(one for one in ids if not named.get(one, set()) - {name}) or ids
        present = tuple(one for one in ids if one in named)
        if present:
            return present
        counts = {one: len(countries & set(self.entities[one].countries)) for one in ids}
        best = tuple(one for one, count in counts.items() if count == max(counts.values()))
        return best if len(best) == 1 else ids

    def _matches(self, text: str) -> Iterator[tuple[int, int, tuple[str, ...]]]:
        folded, offsets = _folded(text)
        table, done = self._by_words, 0
        for word, after in pairwise(chain(_WORD.finditer(folded), (None,))):
            names = table.get(word[0]) if word else None
            if names is None or word is None or word.start() < done:
                continue
            for name in (*names.get(after[0] if after else "", ()), *names.get("", ())):
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
    table: dict[str, dict[str, list[_Name]]] = {}
    for (folded, capitals), ids in owners.items():
        first, *others = _WORD.findall(folded)[:2]
        if not folded.startswith(first):
            raise ValueError(f"{_FILE.name}: a name of {ids[0]} begins with {folded[:1]!r}; begin it with a letter or digit.")
        table.setdefault(first, {}).setdefault("".join(others), []).append(_Name(folded, tuple(ids), capitals))
    ordered = {
        first: {second: tuple(sorted(names, key=lambda name: -len(name.folded))) for second, names in rest.items()}
        for first, rest in table.items()
    }
    countries = [entity for entity in entities.values() if entity.type == "country"]
    codes = {_folded(name)[0]: entity.countries[0] for entity in countries for name in (*entity.names, entity.countries[0])}
    return Gazetteer(MappingProxyType(entities), MappingProxyType(ordered), MappingProxyType(codes))


def _entity(row: Mapping[str, object]) -> Entity:
    def several(key: str) -> tuple[str, ...]:
        value = row.get(key, [])
        return tuple(str(item) for item in value) if isinstance(value, list) else ()

    if row["type"] not in TYPES:
        raise ValueError(f"{_FILE.name}: the type of {row['id']} is {row['type']!r}; it takes {', '.join(TYPES)}.")
    if (row.get("regional") is True) is bool(several("countries")):
        raise ValueError(f"{_FILE.name}: {row['id']} must have either countries or `regional = true`.")
    names = str(row["id"]), str(row["name"]), str(row["type"])
    lists = several("countries"), several("aliases"), several("stems"), several("ambiguous")
    return Entity(*names, *lists, row.get("regional") is True, str(row.get("office", "")), str(row.get("wikidata", "")))


def _forms(entity: Entity) -> Iterator[tuple[str, bool]]:
    """Every form to look for and whether it needs capitals: names, their Russian cases and Urdu oblique, adjectives."""
    for name in (*entity.names, *entity.ambiguous):
        acronym = name.isupper() and name.isalpha() and len(name) <= ACRONYM_LETTERS
        yield name, acronym
        if script(name) == "cyrillic":
            for declined in _person_cases(name) if entity.type == "person" else _thing_cases(name):
                yield declined, False
        elif entity.type in ("agreement", "project") and name.endswith(_OBLIQUE[0]):
            yield name.removesuffix(_OBLIQUE[0]) + _OBLIQUE[1], False
    for stem in entity.stems:
        for ending in _ADJECTIVES if script(stem) == "cyrillic" else _ENGLISH_ADJECTIVES:
            yield stem + ending, False


def _person_cases(name: str) -> Iterator[str]:
    """All words of a name decline, but of foreign ones not always the first: "Шавката Мирзиёева", "Имрана Хана", "Имран Хана"."""
    *first, last = name.split()
    for case in range(_CASES):
        choices = [dict.fromkeys((word, *_declined(word, case, _PERSON_CASES))) for word in first]
        yield from (" ".join(words) for words in product(*choices, _declined(last, case, _PERSON_CASES)))


def _thing_cases(name: str) -> Iterator[str]:
    """The leading adjectives and the noun after them decline: "Азиатского банка развития", "Республики Узбекистан"."""
    words = name.split()
    endings = tuple(ending for ending, _ in _ADJECTIVE_CASES)
    noun = next((index for index, word in enumerate(words[:-1]) if not word.endswith(endings)), len(words) - 1)
    for case in range(_CASES):
        choices = [_declined(word, case, _ADJECTIVE_CASES) for word in words[:noun]]
        choices.append(_declined(words[noun], case, _NOUN_CASES))
        yield from (" ".join((*declined, *words[noun + 1 :])) for declined in product(*choices))


def _declined(word: str, case: int, table: Sequence[tuple[str, tuple[str, ...]]]) -> list[str]:
    """The forms of a word in a case, 0 to 4; the word itself where it does not decline: acronyms, most foreign vowels."""
    if word.isupper() or not word[-1].isalpha():
        return [word]
    for ending, cases in table:
        if word.endswith(ending):
            return [word.removesuffix(ending) + case_ending for case_ending in cases[case].split("/")]
    return [word] if word[-1] in "аеёиоуыэюя" else [word + ending for ending in _CONSONANT_CASES[case].split("/")]
