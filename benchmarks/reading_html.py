"""Main text of web pages against what people marked: `python -m benchmarks.reading_html FOLDER`.

FOLDER/html holds pages/ and ground_truth.json of the article-extraction benchmark (scrapinghub, MIT): file → {url, articleBody}.
The measure is that benchmark's: 4-word shingles as bags, precision and recall averaged over the pages, F1 of the two averages.
"same form": both texts in the form that every reader gives (`ingest.text.normalise`): letters that a page writes as glyphs
(U+FE8E) are letters there, and so no longer those of the marked text; and rows of tables without the names of their columns,
which our text repeats in each row. FOLDER may hold any of that benchmark's pages.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import trafilatura

from ingest.read_html import read
from ingest.text import normalise
from kb.records import Parsed

_WORD = re.compile(r"\w+")
_NAME = re.compile(r"^[^:]*: ")
Score = tuple[float, float]


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """Its runs of four words, with how often each occurs; a shorter text is one run."""
    words = _WORD.findall(text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)))


def score(expected: str, got: str) -> Score:
    """Precision and recall of the shingles of `got`, each 0..1."""
    wanted, found = shingles(expected), shingles(got)
    both = sum((wanted & found).values())
    return both / sum(found.values()), both / sum(wanted.values())


def without_names(document: Parsed) -> str:
    """The text with "Post: Torkham; Fee: 12" as "Torkham 12"."""
    lines = [(block.kind, document.text[block.start : block.end]) for block in document.blocks]
    return "\n".join(
        " ".join(_NAME.sub("", cell) for cell in line.split("; ")) if kind == "table_row" else line for kind, line in lines
    )


def average(scores: Sequence[Score]) -> tuple[float, float, float]:
    """Mean precision, mean recall, and F1 of the means."""
    precision = sum(first for first, _ in scores) / len(scores)
    recall = sum(second for _, second in scores) / len(scores)
    return precision, recall, 2 * precision * recall / (precision + recall)


def rows(data: Path) -> list[tuple[str, ...]]:
    """The table: names of columns, a row for each page, the averages. `data` is the folder that holds html/."""
    truth = json.loads((data / "html" / "ground_truth.json").read_text(encoding="utf-8"))
    table: list[tuple[str, ...]] = [("page", "P", "R", "P same form", "R same form", "P trafilatura", "R trafilatura")]
    all_scores: list[list[Score]] = [[], [], []]
    for name in sorted(truth):
        path, expected = data / "html" / "pages" / name, truth[name]["articleBody"]
        document = read(path)[0]
        got = document.text
        alone = trafilatura.extract(path.read_bytes(), include_comments=False) or ""
        scores = score(expected, got), score(normalise(expected), without_names(document)), score(expected, alone)
        for column, found in zip(all_scores, scores, strict=True):
            column.append(found)
        table.append((name[:40], *(f"{value:.3f}" for found in scores for value in found)))
    for label, column in zip(("ours", "ours, same form", "trafilatura alone"), all_scores, strict=True):
        precision, recall, f1 = average(column)
        table.append((f"mean: {label}", f"P {precision:.3f}", f"R {recall:.3f}", f"F1 {f1:.3f}"))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    for first, *others in rows(parser.parse_args().folder):
        print(f"{first:42}", *(f"{value:>13}" for value in others))


if __name__ == "__main__":
    main()
