"""Speed of the re-index, each figure beside its yardstick from the same run.

`python -m benchmarks.reindexing throughput FOLDER [--files 300] [--characters 3000]`: files to published index, beside the bare
encoder over the same passages before and after. The files are paragraphs of FOLDER's *.txt, cut and put together anew.

`python -m benchmarks.reindexing unchanged FOLDER [--files 10000] [--characters 100000]`: a run in which nothing changed, as the
operator starts it, with and without --trust-mtime, beside sha256sum over the same files. The index is made without the model,
since the run must not need it.

Processor seconds (user and system, children too) are told beside elapsed ones: on a shared machine they are what can be compared.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from ingest.discovery import discover
from ingest.embedding import BATCH
from ingest.reindex import Options, reindex, versions_of
from ingest.tesseract import find_engine
from kb.config import settings_from
from kb.embed import Encoder, model_identity, open_encoder
from kb.generations import publish, vector_model
from kb.records import Document, Locator, Metadata, Passage, SourceFile
from kb.source_files import record_files
from kb.staging import StagedDocument, Staging

ROOT = Path(__file__).parents[1]
DIMENSION = 384
OLD = 1_600_000_000  # seconds: a time of last change that is long past


def paragraphs(folder: Path) -> list[str]:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.rglob("*.txt"))]
    found = [part.strip() for text in texts for part in text.split("\n") if len(part.strip()) > 80]
    if not found:
        raise SystemExit(f"{folder} holds no *.txt with paragraphs.")
    return found


def make_tree(into: Path, source: Path, files: int, characters: int) -> None:
    """`files` texts of about so many characters; the same for the same arguments, no two alike."""
    pool, chance = paragraphs(source), random.Random(1)
    for number in range(files):
        lines, length = [f"Paper {number}"], 0
        while length < characters:
            lines.append(chance.choice(pool))
            length += len(lines[-1])
        path = into / f"{number // 100:03}" / f"{number:06}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(lines), encoding="utf-8")
        os.utime(path, (OLD, OLD))


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Elapsed and processor seconds, those of children that have ended included."""

    def processor() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    began, before = time.perf_counter(), processor()
    work()
    return time.perf_counter() - began, processor() - before


def encoded(encoder: Encoder, texts: list[str], contexts: list[str]) -> None:
    for i in range(0, len(texts), BATCH):
        encoder.encode_passages(texts[i : i + BATCH], contexts[i : i + BATCH])


def throughput(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_tree(folder / "papers", options.folder, options.files, options.characters)
        settings = replace(settings_from(os.environ, Path.cwd()), home=folder / "home")
        encoder = open_encoder(settings)
        encoder.encode_passages(["warm up"], [""])
        reports = []
        whole = timed(
            lambda: reports.append(
                reindex(settings, [folder / "papers"], Options(jobs=os.cpu_count() or 1), model_identity, lambda _: encoder)
            )
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
        with Staging(settings.home) as staging:
            rows = staging.connection.execute(
                "SELECT text, context FROM passages GROUP BY vector_key ORDER BY min(num)"
            ).fetchall()
        texts, contexts = [row[0] for row in rows], [row[1] for row in rows]
        bare = timed(lambda: encoded(encoder, texts, contexts))
    (report,) = reports
    told = {"files": options.files, "passages": len(rows), "failures": len(report.failures), "stages": report.stages}
    told |= {"run_seconds": round(whole[0], 1), "run_cpu": round(whole[1], 1)}
    told |= {"encoder_seconds": round(bare[0], 1), "encoder_cpu": round(bare[1], 1)}
    told |= {"passages_per_second": round(len(rows) / whole[0], 1), "share_of_encoder": round(bare[0] / whole[0], 3)}
    told |= {
        "share_of_encoder_cpu": round(bare[1] / whole[1], 3),
        "peak_MiB": peak,
    }
    print(json.dumps(told | {"load": os.getloadavg()[0]}))


def stored(file: SourceFile, pipeline: str) -> StagedDocument:
    """What a file would be in the store, with one passage."""
    identity = f"{int(file.sha256[:15], 16):016x}"
    metadata = Metadata(title=file.uri, kind="news", language="en")
    document = Document(
        id=identity, uri=file.uri, source_uri=file.uri, source_sha256=file.sha256, original_sha256=file.content_sha256,
        media_type=file.media_type, metadata=metadata, text=file.uri, blocks=(), pages=(), reader="none", warnings=(),
        ingested_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    passage = Passage(identity + "p", identity, 0, file.uri, Locator(0, len(file.uri)), "en", "")
    return StagedDocument(document, (passage,), (), file.uri.partition("/")[0], pipeline)


def index_without_model(home: Path, root: Path, identity: tuple[str, str]) -> None:
    versions = versions_of(find_engine)
    files = discover(root, root.name).files
    with Staging(home) as staging:
        staging.set_collection(root.name, str(root))
        staging.connection.execute("PRAGMA synchronous = OFF")
        for file in files:
            staging.replace_source(file.uri, [stored(file, versions.pipeline(file.media_type))])
        record_files(staging.connection, files, ())
        model, chance = vector_model(*identity), np.random.default_rng(1)
        missing = staging.missing_vectors(model, len(files))
        vectors = chance.standard_normal((len(missing), DIMENSION)).astype(np.float32)
        staging.add_vectors(model, ((item.key, vector, b"") for item, vector in zip(missing, vectors, strict=True)))
        publish(staging, *identity)


def unchanged(options: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as name:
        root, home = Path(name) / "papers", Path(name) / "home"
        make_tree(root, options.folder, options.files, options.characters)
        environment = {**os.environ, "KB_HOME": str(home)}
        index_without_model(home, root, model_identity(settings_from(environment, Path.cwd())))
        command = [sys.executable, "-m", "ingest", "reindex", str(root), "--json"]

        def run(*more: str) -> None:
            done = subprocess.run([*command, *more], cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
            report = json.loads(done.stdout)
            if (report["unchanged"], report["embedded"], report["generation"]) != (options.files, 0, 1):
                raise SystemExit(f"the run was to find nothing changed, and reports {done.stdout[:500]}")

        names = "\0".join(str(path) for path in files_of(root))
        sums = ["xargs", "-0", "sha256sum"]
        rounds = [
            (
                timed(lambda: subprocess.run(sums, input=names, text=True, check=True, stdout=subprocess.DEVNULL)),
                timed(run),
                timed(lambda: run("--trust-mtime")),
            )
            for _ in range(options.rounds)
        ]
    best = [[min(one[i][k] for one in rounds) for k in (0, 1)] for i in range(3)]
    told = {"files": options.files, "characters": options.characters, "load": os.getloadavg()[0]}
    for label, (elapsed, processor) in zip(("sha256sum", "reindex", "trust_mtime"), best, strict=True):
        told |= {f"{label}_seconds": round(elapsed, 2), f"{label}_cpu": round(processor, 2)}
    print(json.dumps(told | {"ratio": round(best[1][0] / best[0][0], 2), "ratio_cpu": round(best[1][1] / best[0][1], 2)}))


def files_of(root: Path) -> Iterator[Path]:
    return (path for path in sorted(root.rglob("*.txt")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, work, files, characters in (("throughput", throughput, 300, 3000), ("unchanged", unchanged, 10_000, 100_000)):
        command = commands.add_parser(name)
        command.add_argument("folder", type=Path)
        command.add_argument("--files", type=int, default=files)
        command.add_argument("--characters", type=int, default=characters)
        command.add_argument("--rounds", type=int, default=3, help="the best of so many (unchanged)")
        command.set_defaults(work=work)
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
