"""Fit the judge and publish its calibration: `python -m benchmarks.fit_evidence --work FOLDER [SETS] [--write]`.

Sets: our own questions over corpus/ and template questions over it (always); `--texts FOLDER`, our questions on treaties and
speeches (the folder is that of benchmarks.retrieval) and template questions over each of the two kinds; `--documents FOLDER`,
template questions over another folder, as often as wanted; `--clapnq FILE.jsonl`, `--xquad FOLDER`. None of them is in the
repository but corpus/.
Indexes and examples are kept in the work folder, and taken from there by the next run: delete it after a change of
kb/evidence_features.py. `--write` writes kb/evidence.json and docs/calibration.md with its pictures. The seed is fixed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import spacy

from benchmarks import answerability as sets
from benchmarks.answerability import Example, as_folder, examples, indexed, passages_of
from benchmarks.calibration_report import Trial, page, pictures, threshold_at
from benchmarks.judge_fitting import calibrated, fitted, left_out, nested
from benchmarks.retrieval import TEXTS, treaties_and_speeches
from ingest.enrich import ENGLISH_MODEL
from kb.config import Settings, settings_from
from kb.evidence_features import FEATURES
from kb.evidence_model import as_json

OWN_QUESTIONS = Path("tests/quality/questions.jsonl")
CORPUS = Path("corpus")
MADE = 140  # template questions an index, and questions of each of XQuAD's pairs: CLAPnq's half has 150
XQUAD_PAIRS = (("en", "en"), ("ru", "ru"), ("ru", "en"), ("en", "ru"), ("ar", "en"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--texts", type=Path)
    parser.add_argument("--documents", type=Path, action="append", default=[])
    parser.add_argument("--clapnq", type=Path)
    parser.add_argument("--xquad", type=Path)
    parser.add_argument("--write", action="store_true", help="write kb/evidence.json and docs/calibration.md")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    found = [e for name, make in _plan(options) for e in _kept(options.work / f"{name}.npz", make)]
    trial = _tried(found)
    text = page(trial)
    print(text)
    print(json.dumps(as_json(trial.model), indent=1))
    if options.write:
        Path("kb/evidence.json").write_text(json.dumps(as_json(trial.model), indent=1) + "\n", encoding="utf-8")
        Path("docs/calibration.md").write_text(text, encoding="utf-8")
        for name, picture in pictures(trial).items():
            (Path("docs") / name).write_text(picture, encoding="utf-8")


def _tried(found: Sequence[Example]) -> Trial:
    scores = left_out(found)
    model = calibrated(fitted(found), found, scores)
    clapnq = [e for e in found if e.source == "clapnq"]
    others = [e for e in found if e.source != "clapnq"]
    within = (nested(clapnq), nested(clapnq, others)) if clapnq else None
    trial = Trial(model, found, scores, within)
    return replace(trial, model=replace(model, threshold=threshold_at(trial)))


def _plan(options: argparse.Namespace) -> Iterator[tuple[str, Callable[[], Iterator[Example]]]]:
    """Names of sets with what makes their examples."""
    settings = settings_from(os.environ, Path.cwd())

    def home(name: str) -> Settings:
        return replace(settings, home=options.work / f"home-{name}")

    def template(name: str, folder: Path) -> Iterator[Example]:
        library = indexed(home(name), folder)
        parser = spacy.load(ENGLISH_MODEL)
        yield from examples(library, sets.made(passages_of(library), name, parser, MADE))

    yield "own", lambda: examples(indexed(home("corpus"), CORPUS), sets.own(OWN_QUESTIONS))
    yield "corpus", lambda: template("corpus", CORPUS)
    texts = _texts(options.texts, options.work / "docs") if options.texts else []
    if texts:
        yield "texts", lambda: examples(indexed(home("texts"), *texts), sets.own(TEXTS, "texts"))
    for folder in [*texts, *options.documents]:
        yield folder.name, lambda folder=folder: template(folder.name, folder)
    if options.clapnq:
        documents = sets.clapnq_documents(options.clapnq)
        clap = as_folder(options.work / "clapnq", documents)
        yield "clapnq", lambda: examples(indexed(home("clapnq"), clap), sets.clapnq(options.clapnq))
    for question, corpus in XQUAD_PAIRS if options.xquad else ():
        items = map(json.loads, (options.xquad / f"corpus.{corpus}.jsonl").read_text(encoding="utf-8").splitlines())
        folder = as_folder(
            options.work / f"xquad-{corpus}", ({"id": i["_id"], "title": i["title"], "text": i["text"]} for i in items)
        )
        asked = sets.xquad(options.xquad, question, corpus, MADE)
        yield f"xquad-{question}-{corpus}", lambda f=folder, a=asked, c=corpus: examples(indexed(home(f"xquad-{c}"), f), a)


def _texts(source: Path, folder: Path) -> Sequence[Path]:
    """The folders of treaties and of speeches, with their titles; made once, and whole or not at all."""
    if not folder.exists():
        partial = folder.with_name(f"{folder.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        treaties_and_speeches(source, partial)
        partial.rename(folder)
    return [folder / "treaties", folder / "speeches"]


def _kept(path: Path, make: Callable[[], Iterator[Example]]) -> list[Example]:
    """The examples in the file, or, where there is none, those that `make` makes, which are then kept there."""
    if path.exists():
        with np.load(path, allow_pickle=False) as file:
            heads = json.loads(str(file["heads"]))
            if heads["features"] == list(FEATURES):
                rows, holding = np.split(file["rows"], heads["ends"]), np.split(file["holding"], heads["ends"])
                return [Example(*head, r, h) for head, r, h in zip(heads["examples"], rows, holding, strict=False)]
    found = list(make())
    heads = {
        "features": list(FEATURES),
        "examples": [(e.group, e.source, e.languages, e.answerable) for e in found],
        "ends": [int(n) for n in np.cumsum([len(e.rows) for e in found])],
    }
    rows, holding = np.concatenate([e.rows for e in found]), np.concatenate([e.holding for e in found])
    np.savez(path, heads=np.array(json.dumps(heads)), rows=rows, holding=holding)
    print(f"{path.stem}: {len(found)} examples, {sum(e.answerable for e in found)} of them answerable", flush=True)
    return found


if __name__ == "__main__":
    main()
