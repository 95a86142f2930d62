"""Hold the corpus against a collection of facts: python corpus/.src/trace.py FACTS.jsonl [--list] [--min-coverage .95].

FACTS.jsonl has a fact a line: `id`, `fact` (a sentence), `source` with `url`, and `also_in`, further addresses; `date`,
`source.published` and `confidence` (high, medium or low) may be there too.

- A fact is covered if one English document states it in paragraphs or table rows that carry the mark of one of the fact's
  sources: at least FIGURES of its figures and NAMES of its names must stand there.
- A paragraph, row or heading overlaps if it shares WORDS or more words in a row with a fact's wording, also over the end of a
  sentence, the titles of public sources and the names in the gazetteer aside.
- A paragraph or row with a figure but no mark is unmarked; the lead, which says what a document is, aside.
- A paragraph or row is unsupported if it has a figure or a full date, years alone aside, or an article of law, also as the
  heading above it, that no fact of its marks' sources has.
- A paragraph or row that states a fact of low confidence as if it were certain is unhedged.
- Facts that contradict each other stand apart unless a document states both.

Prints the counts and each finding; exit status 1 if coverage is below the bound or there is any of the others.
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
LIKE = 0.55  # of a fact's longer words in a paragraph that states it: those that do have .55 to 1, others .12 to .5
STEM = 5  # letters: Uzbek and Uzbekistan, Tajik and Tajikistan are one name
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_NAME = re.compile(r"\b[A-ZÀ-ÞŞ][\w’'-]{2,}")
_WORD = re.compile(r"[\w%]+(?:[.,’'-]\w+)*")
_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_ORDINALS = "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_ORDINALS += "thirteenth fourteenth fifteenth sixteenth".split()
_SPELLED = {word: str(value) for words in (_NUMBERS, _ORDINALS) for value, word in enumerate(words)} | {
    "once": "1", "twice": "2", "both": "2", "half": "50", "twenty": "20", "thirty": "30", "fifty": "50", "hundred": "100",
}  # fmt: skip
_NO_NAMES = frozenset(
    "the and for under from with during after before until while when according this that these both its his their pakistan"
    " january february march april may june july august september october november december usd".split()
)


_MONTHS = (
    "january february march april may june july august september october november december".split(),
    "января февраля марта апреля мая июня июля августа сентября октября ноября декабря".split(),
    "جنوری فروری مارچ اپریل مئی جون جولائی اگست ستمبر اکتوبر نومبر دسمبر".split(),
)
_MONTH = {name: number for names in _MONTHS for number, name in enumerate(names, 1)}
_DATE = re.compile(rf"\b(?:(\d{{1,2}})[–-])?(\d{{1,2}}) ({'|'.join(_MONTH)})،? (\d{{4}})\b", re.IGNORECASE)
_YEAR = re.compile(r"(?<![\d.,])(?:19|20)\d\d(?:[-–/]\d\d)?(?![\d.,]*\d)")
_ADDRESS = re.compile(r"https?://\S+")
_NAMED = re.compile(r"(?<=[^\W\d_])[-‑]\d+")  # CASA-1000, N-55
_ARTICLES = re.compile(r"(?:Articles?|Стать[а-я]+|آرٹیکل) ((?:\d+|[IVX]+)\b(?:(?:, | and | и )(?:\d+|[IVX]+)\b)*)")
_CYRILLIC = re.compile(r"[а-яё]")
_HEDGE = re.compile(
    r"weak|single|one (?:report|analyst|commentary|reference)|claim|no (?:second|other) source|does not agree|not confirmed"
    r"|слаб|менее надёжн|одно[гм]|کم معتبر|کمزور",
    re.IGNORECASE,
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
            for number, row in enumerate(rows, 1):
                row = row.removeprefix(f"| {number} ")  # a running number is nothing that a source says
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
    """One line for each unit that shares WORDS words in a row with a fact, itself or in a heading above it."""
    runs = {run: fact["id"] for fact in facts for run in _runs(_words(fact["fact"]))}
    allowed = [_words(title) for title in _titles()]
    for unit in (unit for units in texts for unit in units):
        words = (*_runs(_words(unit.text)), *_runs(_words(unit.headings)))
        shared = [run for run in words if run in runs and not any(_within(run, title) for title in allowed)]
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


def unsupported(facts: list[dict[str, Any]], units: Iterable[Unit]) -> Iterator[str]:
    """One line for each unit with a figure or full date that no fact of its sources has; years are names of periods here."""
    stated = {key: _of_source(row, facts) for key, row in source.public_sources().items()}
    for unit in units:
        known = [stated[key] for key in unit.keys]
        missing = _counted(unit.text) - set().union(*(counts for counts, _ in known))
        missing |= (_dates(unit.text) | _articles(unit)) - set().union(*(named for _, named in known))
        if unit.keys and missing:
            yield f"{unit.document}: {', '.join(sorted(missing))}: {unit.text[:90]}"


def _of_source(row: dict[str, str], facts: list[dict[str, Any]]) -> tuple[set[str], set[str]]:
    """The figures, and the full dates and articles, of a public source: its facts', its title's and those of its appearance."""
    about = [fact for fact in facts if row["url"] in _addresses(fact)]
    dates = [row["date"], *(date or "" for fact in about for date in (fact.get("date"), fact["source"].get("published")))]
    words = [row["title"], row["publisher"], *dates, *(fact["fact"] for fact in about)]
    counts = {str(int(part)) for date in dates for part in date.split("-") if part}
    text = " ".join(words)
    named = _dates(text) | _articles(Unit("", text, "", frozenset()))
    return counts.union(*(_counted(part, spelled=True) for part in words)), named


def _addresses(fact: dict[str, Any]) -> list[str]:
    return [fact["source"]["url"], *fact.get("also_in", [])]


def _counted(text: str, *, spelled: bool = False) -> set[str]:
    """The figures of a text in any of the three languages, alike written: no years, nor numbers in names and addresses."""
    text = _NAMED.sub("", _ADDRESS.sub("", text))
    if _CYRILLIC.search(text):
        text = re.sub(r"(?<=\d),(?=\d)", ".", re.sub(r"\b(\d{1,3}) (?=\d{3}\b)", r"\1", text))  # 97,96 and 12 000
    text = _YEAR.sub("", re.sub(r"(\d+) (?:ہزار|тыс\b)", r"\g<1>000", text))
    found = figures(text) if spelled else {figure.replace(",", "") for figure in _FIGURE.findall(text)}
    return {figure.rstrip("0").rstrip(".") if "." in figure else figure.lstrip("0") or "0" for figure in found}


def _dates(text: str) -> set[str]:
    """Full dates as ISO writes them."""
    iso = set(re.findall(r"\b\d{4}-\d\d-\d\d\b", text))
    for first, last, month, year in _DATE.findall(text):
        iso |= {f"{year}-{_MONTH[month.lower()]:02d}-{int(day):02d}" for day in (first, last) if day}
    return iso


def _articles(unit: Unit) -> set[str]:
    """Articles of law that a unit names, or that the heading names under which it stands."""
    named = _ARTICLES.findall(unit.text) + _ARTICLES.findall(unit.headings)
    return {f"article {number}" for numbers in named for number in re.findall(r"\d+|[IVX]+", numbers)}


def unhedged(facts: list[dict[str, Any]], units: Iterable[Unit]) -> Iterator[str]:
    """One line for each unit that by itself states a fact of low confidence without a word that says so."""
    key_of = {row["url"]: key for key, row in source.public_sources().items()}
    low = [(fact, frozenset(key_of[at] for at in _addresses(fact) if at in key_of)) for fact in facts]
    low = [(fact, keys) for fact, keys in low if fact.get("confidence") == "low"]
    for unit in units:
        for fact, keys in low:
            said = _is_covered(covered(fact, [unit], keys)) and _share(_stems(fact["fact"]), _stems(unit.text)) >= LIKE
            if said and not _HEDGE.search(unit.text):
                yield f"{unit.document}: {fact['id']}: {unit.text[:90]}"


def _stems(text: str) -> set[str]:
    """The beginnings of the longer words: what a sentence is about."""
    return {word.lower()[:STEM] for word in _WORD.findall(text) if len(word) >= STEM}


def apart(facts: list[dict[str, Any]], texts: list[list[Unit]]) -> Iterator[str]:
    """One line for each two facts that contradict each other and that no document states both."""
    key_of = {row["url"]: key for key, row in source.public_sources().items()}
    where = {}
    for fact in facts:
        keys = frozenset(key_of[at] for at in _addresses(fact) if at in key_of)
        where[fact["id"]] = {number for number, units in enumerate(texts) if _is_covered(covered(fact, units, keys))}
    for fact in facts:
        for other in fact.get("contradicts", []):
            if fact["id"] < other and not where[fact["id"]] & where[other]:
                yield f"{fact['id']} and {other}"


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
    units = [unit for _, found in texts.values() for unit in found]
    faults = {
        "overlaps": list(overlaps(facts, english)),
        "unmarked": [line for _, found in texts.values() for line in unmarked(found)],
        "unsupported": list(unsupported(facts, units)),
        "unhedged": list(unhedged(facts, (unit for found in english for unit in found))),
        "apart": list(apart(facts, english)),
    }
    for fact in missing if options.list else ():
        print(f"not covered: {fact['id']} (figures {found[fact['id']][0]:.2f}, names {found[fact['id']][1]:.2f}) {fact['fact']}")
    for kind, lines in faults.items():
        print("".join(f"{kind}: {line}\n" for line in lines), end="")
    counts = "; ".join(f"{len(lines)} {kind}" for kind, lines in faults.items())
    print(f"{len(facts) - len(missing)} of {len(facts)} facts covered ({share:.3f}); {counts}; {len(units)} paragraphs and rows.")
    return int(share < options.min_coverage or any(faults.values()))


if __name__ == "__main__":
    raise SystemExit(main())
