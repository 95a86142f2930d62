"""Hold the corpus against a collection of facts: python corpus/.src/trace.py FACTS.jsonl [--list] [--min-coverage .95].

FACTS.jsonl has a fact a line: `id`, `fact` (a sentence), `source` with `url`, and `also_in`, further addresses.

- A fact is covered if one English document states it in paragraphs or table rows that carry the mark of one of the fact's
  sources: at least FIGURES of its figures and NAMES of its names must stand there.
- A sentence overlaps if it shares WORDS or more words in a row with a fact's wording, the titles of public sources and the
  names in the gazetteer aside.
- A paragraph or row with a figure but no mark is unmarked; the lead, which says what a document is, aside.

Prints the counts and each finding; exit status 1 if coverage is below the bound or anything overlaps or is unmarked.
"""

from __future__ import annotations

import argparse
import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import source

HERE = Path(__file__).parent
GAZETTEER = HERE.parents[1] / "kb" / "gazetteer.toml"
WORDS = 8
FIGURES = 0.8  # a fact of five figures may leave out one: a share beside the two amounts that give it
NAMES = 0.6  # titles and first names of persons are often left out
STEM = 5  # letters: Uzbek and Uzbekistan, Tajik and Tajikistan are one name
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[A-ZÀ-ÞŞ][\w’'-]{2,}")
_WORD = re.compile(r"[\w%]+(?:[.,’'-]\w+)*")
_SENTENCE = re.compile(r"(?<=[.;:!?])\s+|\n+")
_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_SPELLED = {word: str(value) for words in (_NUMBERS, _ORDINALS) for value, word in enumerate(words)} | {
    "once": "1", "twice": "2", "both": "2", "half": "50", "twenty": "20", "thirty": "30", "fifty": "50", "hundred": "100",
}  # fmt: skip
_NO_NAMES = frozenset(
    "the and for under from with during after before until while when according this that these both its his their pakistan"
    " january february march april may june july august september october november december usd".split()
)


@dataclass(frozen=True, slots=True)
class Unit:
    """A paragraph or table row of a document: its plain text, the headings above it, the keys of its sources."""

    document: str
    text: str
    headings: str
    keys: frozenset[str]
    row: bool = False


def documents(folder: Path = HERE) -> Iterator[tuple[str, str, list[Unit]]]:
    """Yield name, language and units of every source file, news items each as one unit."""
    for path in sorted(folder.glob("*/*.md")):
        head, body = source.split_front_matter(path.read_text(encoding="utf-8"))
        yield f"{path.parent.name}/{path.stem}", head["language"], list(_units(path.stem, head["title"], body))
    for path in sorted(folder.glob("*/*.items")):
        head, body = source.split_front_matter(path.read_text(encoding="utf-8"))
        for raw in body.split("\n===\n"):
            top, text = raw.strip().split("\n\n", 1)
            fields = dict(line.split(": ", 1) for line in top.splitlines())
            name = f"{path.parent.name}/{path.stem}#{fields['id']}"
            yield name, head["language"], [Unit(name, text, fields["title"], frozenset(fields["sources"].split()))]


def _units(document: str, title: str, body: str) -> Iterator[Unit]:
    section = ""
    for raw in re.split(r"\n\s*\n", body):
        raw = raw.strip()
        if raw.startswith(("## ", "### ")):
            section = raw.lstrip("# ")
        elif raw.startswith("|"):
            head, *rows = [line for line in raw.splitlines() if not re.fullmatch(r"[|\s:-]+", line)]
            for row in rows:
                yield _unit(document, f"{head} {row}", f"{title} {section}", row=True)
        elif not raw.startswith("<!--"):
            yield _unit(document, raw, f"{title} {section}")


def _unit(document: str, text: str, headings: str, *, row: bool = False) -> Unit:
    keys = frozenset(key for marks in source.MARK.findall(text) for key in marks.split())
    plain = source.MARK.sub("", text).replace("|", " ").replace("\n", " ")
    return Unit(document, " ".join(plain.split()), headings, keys, row)


def figures(text: str) -> set[str]:
    """Figures as digits without thousands commas; small numbers that are spelled out count too."""
    found = {figure.replace(",", "").rstrip(".") for figure in _FIGURE.findall(text)}
    return found | {_SPELLED[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _SPELLED}


def names(text: str) -> set[str]:
    return {name.lower()[:STEM] for name in _NAME.findall(text) if name.lower().rstrip("s") not in _NO_NAMES}


def covered(fact: dict[str, Any], units: Iterable[Unit], keys: frozenset[str]) -> tuple[float, float]:
    """Shares (0..1) of the fact's figures and names that the units with one of `keys` state."""
    said = [unit for unit in units if unit.keys & keys]
    text = " ".join(f"{unit.headings} {unit.text}" for unit in said)
    wanted = {figure.replace(",", "").rstrip(".") for figure in _FIGURE.findall(fact["fact"])}
    called = names(fact["fact"].split(" ", 1)[1]) | names(fact["fact"]) & names(text)
    words = {word.lower()[:STEM] for word in _WORD.findall(text)}
    return _share(wanted, figures(text)), _share(called, words) if said else 0.0


def _share(wanted: set[str], there: set[str]) -> float:
    return len(wanted & there) / len(wanted) if wanted else 1.0


def coverage(facts: list[dict[str, Any]], texts: list[list[Unit]]) -> dict[str, tuple[float, float]]:
    """Fact id → its best shares over all documents."""
    key_of = {row["url"]: key for key, row in source.public_sources().items()}
    best = {}
    for fact in facts:
        addresses = [fact["source"]["url"], *fact.get("also_in", [])]
        keys = frozenset(key_of[address] for address in addresses if address in key_of)
        best[fact["id"]] = max(
            (covered(fact, units, keys) for units in texts), key=lambda found: (_is_covered(found), sum(found))
        )
    return best


def _is_covered(shares: tuple[float, float]) -> bool:
    return shares[0] >= FIGURES and shares[1] >= NAMES


def overlaps(facts: list[dict[str, Any]], texts: list[list[Unit]]) -> Iterator[str]:
    """One line for each sentence that shares WORDS words in a row with a fact."""
    runs = {run: fact["id"] for fact in facts for run in _runs(_words(fact["fact"]))}
    allowed = [_words(title) for title in _titles()]
    for unit in (unit for units in texts for unit in units):
        for sentence in _SENTENCE.split(unit.text):
            shared = [run for run in _runs(_words(sentence)) if run in runs and not any(_within(run, title) for title in allowed)]
            if shared:
                yield f"{unit.document}: {runs[shared[0]]}: … {' '.join(shared[0])} …"


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in _WORD.findall(text))


def _runs(words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    return (words[start : start + WORDS] for start in range(len(words) - WORDS + 1))


def _within(run: tuple[str, ...], title: tuple[str, ...]) -> bool:
    """Is most of the run a title or name? Two words may stand beside it."""
    least = WORDS - 2
    pieces = {title[start : start + least] for start in range(len(title) - least + 1)}
    return any(run[start : start + least] in pieces for start in range(WORDS - least + 1))


def _titles() -> Iterator[str]:
    yield from (row["title"] for row in source.public_sources().values())
    for entity in tomllib.loads(GAZETTEER.read_text(encoding="utf-8"))["entity"]:
        yield from (entity["name"], *entity.get("aliases", []))


def unmarked(units: list[Unit]) -> Iterator[str]:
    """One line for each unit that states a figure without a mark; the lead, which says what a document is, aside."""
    for unit in units[1:]:
        if not unit.keys and _FIGURE.search(unit.text):
            yield f"{unit.document}: {unit.text[:90]}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Hold the corpus against a collection of facts.")
    parser.add_argument("facts", type=Path, help="a JSON object a line: id, fact, source.url, also_in")
    parser.add_argument("--list", action="store_true", help="list the facts that are not covered, with the shares found")
    parser.add_argument("--min-coverage", type=float, default=0.95, help="exit status 1 below this share (0..1)")
    options = parser.parse_args()
    facts = [json.loads(line) for line in options.facts.read_text(encoding="utf-8").splitlines()]
    texts = {name: (language, units) for name, language, units in documents()}
    english = [units for language, units in texts.values() if language == "en"]
    found = coverage(facts, english)
    missing = [fact for fact in facts if not _is_covered(found[fact["id"]])]
    share = 1 - len(missing) / len(facts)
    shared = list(overlaps(facts, english))
    bare = [line for _, units in texts.values() for line in unmarked(units)]
    for fact in missing if options.list else ():
        print(f"not covered: {fact['id']} (figures {found[fact['id']][0]:.2f}, names {found[fact['id']][1]:.2f}) {fact['fact']}")
    print("\n".join([*(f"overlap: {line}" for line in shared), *(f"unmarked: {line}" for line in bare)]))
    print(
        f"{len(facts) - len(missing)} of {len(facts)} facts covered ({share:.3f}); {len(shared)} overlaps; {len(bare)} unmarked."
    )
    return int(share < options.min_coverage or bool(shared) or bool(bare))


if __name__ == "__main__":
    raise SystemExit(main())
