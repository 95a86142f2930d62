"""The part of corpus/README.md that lists the documents: made from their metadata, so that it is true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from source import Written

START, END = "<!-- contents: written by .src/build.py -->\n", "<!-- end of contents -->\n"
Row = tuple[str, str, str, str, str]


def contents(documents: Iterable[Written], items: dict[str, bytes]) -> str:
    """Counts by kind, language and format, then a row for each file; every line of a JSONL file is a document."""
    rows = [(doc.out, doc.title, str(doc.meta["kind"]), str(doc.meta["language"]), str(doc.meta["date"])) for doc in documents]
    lines = {name: [json.loads(line) for line in content.decode().splitlines()] for name, content in items.items()}
    for name, found in lines.items():
        dates = sorted(str(item["date"])[:4] for item in found)
        rows.append(
            (name, f"{len(found)} short items, {dates[0]}–{dates[-1]}", found[0]["kind"], found[0]["language"], dates[-1])
        )
    total = len(rows) - len(lines) + sum(map(len, lines.values()))
    head = f"{len(rows)} files with {total} documents. {_counts('Kinds', rows, 2)} {_counts('Languages', rows, 3)} "
    head += _count_line("Formats", Counter(PurePosixPath(row[0]).suffix[1:] for row in rows))
    table = ["| file | title | kind | language | as of |", "|---|---|---|---|---|"]
    table += [f"| `{name}` | {title} | {kind} | {language} | {date} |" for name, title, kind, language, date in sorted(rows)]
    return head + "\n\n" + "\n".join(table) + "\n"


def _counts(what: str, rows: list[Row], column: int) -> str:
    return _count_line(what, Counter(row[column] for row in rows))


def _count_line(what: str, counts: Counter[str]) -> str:
    return f"{what}: " + ", ".join(f"{name} {count}" for name, count in counts.most_common()) + "."


def placed(readme: str, listing: str) -> str:
    """Return the page with its listing replaced. Raises ValueError if its two marks are not there."""
    before, start, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError(f"corpus/README.md lacks the lines {START.strip()} and {END.strip()}.")
    return f"{before}{START}\n{listing}\n{END}{after}"
