"""Server time and weight of every page without a question, over a synthetic collection: `python -m benchmarks.pages [FOLDER]`.

Makes 100,000 passages (6,650 documents of 15 passages, and one of 500 pages; `--documents 100000 --each 1` for a long list) under
FOLDER with the staging API and random vectors, or takes what a run before has left there; then asks each page through the
application, without a network between.
Page weights are of the HTML as it is and of the files it loads, fonts and pictures aside, without compression.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kb.config import settings_from
from kb.embed import Encoder
from kb.errors import ModelUnavailable
from kb.gazetteer import Gazetteer
from kb.generations import publish, vector_model
from kb.library import Library
from kb.maxsim import pack
from kb.records import KINDS, Block, Document, Locator, Metadata, Page, Passage
from kb.staging import STORE_FILE, StagedDocument, Staging
from web import create_app

DOCUMENTS, PASSAGES, DIMENSION = 6_650, 15, 64
LONG_PAGES, A_PAGE = 500, 6  # passages a page of the long document
WORDS = (
    "the parties agreed that trade transit power line rail border customs permit tariff gas pipeline council signed ministers of "
    "on in with for energy export import goods road port visit joint commission session protocol article states increase"
).split()
IDENTITY = ("random", "1")
ROUNDS = 40
BUDGET_MS, BUDGET_BYTES = 50, 150_000


def sentence(dice: random.Random, names: list[str]) -> str:
    words = dice.choices(WORDS, k=dice.randint(9, 16))
    if dice.random() < 0.5:
        words[dice.randrange(len(words))] = names[min(len(names) - 1, int(dice.expovariate(0.05)))]
    return " ".join(words).capitalize() + "."


def documents(dice: random.Random, total: int, each: int, collection: str = "made") -> Iterator[StagedDocument]:
    gazetteer = Gazetteer.load()
    names = [entity.name for entity in gazetteer.entities.values()]
    for number in range(total + 1):
        long = number == 0
        count = LONG_PAGES * A_PAGE if long else each
        paragraphs = [" ".join(sentence(dice, names) for _ in range(4)) for _ in range(count)]
        text = "\n\n".join(paragraphs)
        starts = np.cumsum([0] + [len(one) + 2 for one in paragraphs[:-1]]).tolist()
        spans = [(start, start + len(one)) for start, one in zip(starts, paragraphs, strict=True)]
        blocks = tuple(
            Block("heading" if i % 12 == 0 else "paragraph", *span, 2 if i % 12 == 0 else 0) for i, span in enumerate(spans)
        )
        firsts = starts[::A_PAGE]
        pages = tuple(Page(i, str(i), a, b) for i, (a, b) in enumerate(zip(firsts, [*firsts[1:], len(text)], strict=True), 1))
        uid, title = f"{number:08x}", sentence(dice, names)
        known = Metadata(
            title, dice.choice(KINDS), f"Publisher {dice.randrange(40)}", f"{dice.randint(1992, 2026)}-0{dice.randint(1, 9)}",
            "", dice.choice(("en", "en", "ru", "ur")), tuple(sorted(dice.sample(("PK", "UZ", "KZ", "TJ", "KG", "TM"), 2))),
        )  # fmt: skip
        made = [
            Passage(f"{uid}-{i}", uid, i, paragraphs[i], Locator(*span, page=i // A_PAGE + 1), "en", title)
            for i, span in enumerate(spans)
        ]
        media_type, uri = "application/pdf" if long else "text/plain", f"{collection}/{uid}"
        document = Document(uid, uri, uri, uid, "0" * 64, media_type, known, text, blocks, pages, "made 1", (), "2026-01-01")
        yield StagedDocument(document, tuple(made), gazetteer.find(text), collection, "made/1")


def make(home: Path, total: int, each: int) -> None:
    dice, noise = random.Random(7), np.random.default_rng(7)
    with Staging(home) as staging:
        staging.connection.execute("PRAGMA synchronous = OFF")  # nothing is lost with a collection made for measuring
        for number, item in enumerate(documents(dice, total, each)):
            staging.replace_source(item.document.source_uri, [item])
            if number % 10_000 == 0:
                print(f"{number} documents", flush=True)
        model = vector_model(*IDENTITY)
        codes = pack(noise.standard_normal((1, DIMENSION)).astype(np.float32), *[np.zeros(1, np.int32)] * 2)
        while missing := staging.missing_vectors(model, 10_000):
            vectors = noise.standard_normal((len(missing), DIMENSION)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            staging.add_vectors(model, [(one.key, vector, codes) for one, vector in zip(missing, vectors, strict=True)])
        print(publish(staging, *IDENTITY), flush=True)


def no_encoder() -> Encoder:
    raise ModelUnavailable("no page without a question needs the model; the first screen looks for example questions beside it.")


def addresses(library: Library) -> dict[str, list[str]]:
    """Each kind of page → addresses of it, so many that no run measures one page's memory alone."""
    dice = random.Random(8)
    listed = [library.documents(n=200, sort=sort) for sort in ("title", "date")]
    ids = [one.id for page in listed for one in page.items]
    long = f"/documents/{0:08x}"
    cursors = [
        f"/documents?sort={sort}&cursor={_deep(library, sort)}" for sort in ("title", "date", "kind", "publisher", "added")
    ]
    return {
        "first screen": ["/"],
        "documents, first page of each order": [f"/documents?sort={s}" for s in ("title", "date", "kind", "publisher", "added")],
        "documents, deep in each order": cursors,
        "documents, filtered": [
            "/documents?country=UZ&kind=agreement&sort=date",
            "/documents?publisher=Publisher+7&language=ur",
            "/documents?entity=Q843&from=2001&to=2001",
            "/documents?kind=news&from=2026-09&country=TM",
        ],
        "a document": [f"/documents/{one}" for one in dice.sample(ids, 40)],
        "500 pages: a section": [f"{long}?section={n}" for n in range(1, 20, 2)],
        "500 pages: page of the original": [f"{long}?view=page&page={n}" for n in range(1, 500, 50)],
        "names": ["/entities", "/entities?type=organisation"],
        "a name, each of the gazetteer": [f"/entities/{one.id}" for one in library.entities(1000)],
    }


def _deep(library: Library, sort: str) -> str:
    cursor = ""
    for _ in range(20):
        cursor = library.documents(n=200, cursor=cursor, sort=sort).next or ""
    return re.sub(r"[^\w]", lambda match: f"%{ord(match[0]):02X}", cursor, flags=re.A)


def weight(client: Any, html: bytes) -> int:
    """Bytes of a page and of the stylesheets and scripts that it loads."""
    files = re.findall(rb'(?:href|src)="(/static/[^"]+\.(?:css|js))"', html)
    return len(html) + sum(len(client.get(name.decode()).data) for name in set(files))


def measure(client: Any, pages: list[str]) -> tuple[list[float], list[float], int]:
    """Milliseconds of each request, by the clock and of this thread's processor time, the first of each address among them; and
    the heaviest page in bytes."""
    times, worked, heaviest = [], [], 0
    for turn in range(max(1, ROUNDS // len(pages)) if len(pages) < ROUNDS else 1):
        for address in pages:
            began, working = time.perf_counter(), time.thread_time()
            response = client.get(address, headers={"Accept": "text/html"})
            times.append(1000 * (time.perf_counter() - began))
            worked.append(1000 * (time.thread_time() - working))
            if response.status_code != 200:
                raise RuntimeError(f"{address} gives {response.status_code}: {response.text[:300]}")
            if turn == 0:
                heaviest = max(heaviest, weight(client, response.data))
    return times, worked, heaviest


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="where the collection is made and kept; left out: made for this run")
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--each", type=int, default=PASSAGES, help="passages of a document")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = chosen.folder or Path(temporary)
        if not (home / STORE_FILE).exists():
            make(home, chosen.documents, chosen.each)
        return report(home)


def report(home: Path) -> int:
    settings = settings_from({"KB_HOME": str(home)}, home)
    library = Library(settings, no_encoder, IDENTITY)
    client = create_app(library, settings).test_client()
    manifest, missed = library.info(), 0
    print(f"{manifest.documents:,} documents, {manifest.passages:,} passages\n")
    print("| page | requests | p50 ms | p95 ms | p95 processor ms | heaviest kB |\n|---|---|---|---|---|---|")
    for name, pages in addresses(library).items():
        times, worked, heaviest = measure(client, pages)
        (p50, p95), busy = np.percentile(times, [50, 95]), np.percentile(worked, 95)
        missed += p95 > BUDGET_MS or heaviest > BUDGET_BYTES
        print(f"| {name} | {len(times)} | {p50:.1f} | {p95:.1f} | {busy:.1f} | {heaviest / 1000:.0f} |", flush=True)
    print(f"\n{missed} kinds of page miss the budget of {BUDGET_MS} ms (p95) or {BUDGET_BYTES // 1000} kB")
    library.close()
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
