"""Retrieval and its ablations: `python -m benchmarks.retrieval [--xquad FOLDER] [--texts FOLDER] [--most N] [--half 0|1]
[--bare]`.

Three kinds of sets, each indexed by the product's own re-index into a temporary KB_HOME: our questions over `corpus/`, always;
XQuAD recast as retrieval (FOLDER holds corpus.en.jsonl, queries.<language>.jsonl, qrels.tsv, as BEIR has them); and our questions
on treaties and speeches (FOLDER holds treaties/txt, speeches and an index.json in each). Each row of the table is one more step
of the retrieval, over the same index and the same encoded question. `--half` takes every other question. `--bare` adds the row of
dense search over passages embedded without their line of context (title › section), which takes an embedding of them all.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.answerability import documents_of
from ingest.reindex import Options, reindex
from kb.config import Settings, settings_from
from kb.embed import open_encoder
from kb.evaluate import GoldQuestion, answers_by, flat, load_questions, of
from kb.library import Library
from kb.measures import discounted, mean
from kb.retrieve import DEPTH as CANDIDATES
from kb.retrieve import RANKING, Ranking

DEPTH = 10
OWN = Path("tests/quality/questions.jsonl")
TEXTS = Path(__file__).with_name("questions_treaties_speeches.jsonl")
LANGUAGES = ("en", "ru", "hi", "tr", "ar")
BARE = "dense alone, no context line"
_LISTS = replace(RANKING, aliases=0.0, reranked=0)
_BEST = replace(RANKING, cosine=0.0, coverage=0.0, article=0.0, preferred=0.0, references_last=False)
STEPS: dict[str, Ranking] = {
    "words alone (BM25)": replace(_LISTS, dense=0.0),
    "dense alone": replace(_LISTS, words=0.0),
    "both, plain RRF": replace(_LISTS, foreign_words=1.0),
    "+ language rule": _LISTS,
    "+ other names": replace(RANKING, reranked=0),
    "+ MaxSim": _BEST,
    "+ lists of literature last": replace(_BEST, references_last=True),
    "+ cosine": replace(RANKING, coverage=0.0, article=0.0, preferred=0.0),
    "+ share of the words": replace(RANKING, article=0.0, preferred=0.0),
    "+ article": replace(RANKING, preferred=0.0),
    "+ date and authority where asked (all of it)": RANKING,
}


@dataclass(frozen=True, slots=True)
class QuestionSet:
    name: str
    folders: Sequence[Path]
    questions: Sequence[GoldQuestion]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--xquad", type=Path)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--most", type=int, default=10_000, help="questions of each set, evenly taken")
    parser.add_argument("--half", type=int, choices=(0, 1))
    parser.add_argument("--bare", action="store_true")
    options = parser.parse_args()
    settings = settings_from(os.environ, Path.cwd())
    table: dict[str, list[tuple[float | None, float | None]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sets = [QuestionSet("own", [settings.corpus], load_questions(OWN))]
        sets += xquad(options.xquad, Path(folder)) if options.xquad else []
        sets += treaties_and_speeches(options.texts, Path(folder)) if options.texts else []
        for chosen in sets:
            questions = [q for q in chosen.questions if q.status == "answered"]
            questions = questions[:: max(1, len(questions) // options.most)]
            if options.half is not None:
                questions = questions[options.half :: 2]
            home = Path(folder) / f"home-{chosen.folders[0].name}"
            table[f"{chosen.name} ({len(questions)})"] = measured(
                replace(settings, home=home), chosen.folders, questions, options.bare
            )
    show(table, [*STEPS, *([BARE] if options.bare else [])])


def xquad(source: Path, folder: Path) -> list[QuestionSet]:
    documents = folder / "xquad"
    documents.mkdir()
    with (documents / "corpus.jsonl").open("w", encoding="utf-8") as out:
        for line in lines(source / "corpus.en.jsonl"):
            item = json.loads(line)
            out.write(json.dumps({"id": item["_id"], "title": item["title"] or item["_id"], "text": item["text"]}) + "\n")
    relevant = {q: f"xquad/corpus.jsonl#{d}" for q, d, _ in (line.split("\t") for line in lines(source / "qrels.tsv")[1:])}

    def gold(language: str) -> list[GoldQuestion]:
        items = [json.loads(line) for line in lines(source / f"queries.{language}.jsonl")]
        return [GoldQuestion(i["text"], "answered", (relevant[i["_id"]],), (), (), language, "") for i in items]

    return [QuestionSet(f"XQuAD {language}→en", [documents], gold(language)) for language in LANGUAGES]


def treaties_and_speeches(source: Path, folder: Path) -> list[QuestionSet]:
    """The texts with the titles and dates that their indexes give."""
    for kind, texts in (("treaties", source / "treaties" / "txt"), ("speeches", source / "speeches")):
        (folder / kind).mkdir()
        for item in json.loads((source / kind / "index.json").read_text(encoding="utf-8")):
            title = (
                item.get("name") or f"Statement of {item['country']} in the General Debate of the United Nations, {item['year']}"
            )
            about = {"title": title, "date": str(item.get("signed") or item["year"])}
            about["kind"] = "agreement" if kind == "treaties" else "official"
            copied = shutil.copy(texts / f"{item['file']}.txt", folder / kind)
            Path(f"{copied}.meta.json").write_text(json.dumps(about), encoding="utf-8")
    return [QuestionSet("treaties, speeches", [folder / "treaties", folder / "speeches"], load_questions(TEXTS))]


def lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def measured(
    settings: Settings, folders: Sequence[Path], questions: Sequence[GoldQuestion], bare: bool
) -> list[tuple[float | None, float | None]]:
    """nDCG@10 and recall@5 by each of STEPS, then by BARE."""
    done = reindex(settings, folders, Options(jobs=1))
    print(f"{', '.join(f.name for f in folders)}: {done.passages} passages, {len(done.failures)} failures", flush=True)
    library = Library.open(settings)
    places: list[list[int]] = []
    search = without_context(settings, library) if bare else None
    for question in tqdm(questions, leave=False, disable=None):
        found = library.rankings(question.question, list(STEPS.values()))
        row = [place(question, [(c.hit.document.uri, c.hit.passage.text) for c in candidates]) for candidates in found]
        places.append([*row, *([place(question, search(question.question))] if search else [])])
    library.close()
    by_step = list(zip(*places, strict=True))
    return [(mean([discounted(p or None, DEPTH) for p in step]), mean([0 < p <= 5 for p in step])) for step in by_step]


def without_context(settings: Settings, library: Library) -> Callable[[str], list[tuple[str, str]]]:
    """Dense search over the library's passages, embedded anew without their context: (uri, text), the nearest first."""
    encoder = open_encoder(settings)
    uris = {one.id: one.uri for one in documents_of(library)}
    passages = [(uris[document], one.text) for document in uris for one in library.passages(document)]
    texts = [text for _, text in passages]
    vectors = np.stack([one.vector for one in encoder.encode_passages(texts, [""] * len(texts))])

    def search(question: str) -> list[tuple[str, str]]:
        nearest = np.argsort(-(vectors @ encoder.encode_query(question).vector), kind="stable")[:CANDIDATES]
        return [passages[n] for n in nearest]

    return search


def place(gold: GoldQuestion, found: Sequence[tuple[str, str]]) -> int:
    """Place, from 1, of the first passage (uri, text) with evidence, or of the first gold document among documents; 0: none."""
    if gold.evidence:
        right = [answers_by(gold, uri, flat(text)) for uri, text in found[:DEPTH]]
    else:
        right = [any(of(uri, name) for name in gold.documents) for uri in dict.fromkeys(uri for uri, _ in found)]
    return right.index(True) + 1 if True in right else 0


def show(table: dict[str, list[tuple[float | None, float | None]]], steps: Sequence[str]) -> None:
    print(f"{'nDCG@10 · recall@5':28}" + "".join(f"{name:>26}" for name in table))
    for number, step in enumerate(steps):
        figures = [f"{values[number][0]:.3f} · {values[number][1]:.3f}" for values in table.values()]
        print(f"{step:28}" + "".join(f"{figure:>26}" for figure in figures))


if __name__ == "__main__":
    main()
