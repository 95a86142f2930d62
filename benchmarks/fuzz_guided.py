"""As benchmarks.fuzz_reading, but led by coverage: atheris keeps the files that reach new lines and goes on from them.

`python -m benchmarks.fuzz_guided FOLDER … --reader docx [--seconds 60] [--seed 1] [--keep FOLDER]`. atheris is
for development alone, and made for Linux on x86-64 only. One reader a run; exceptions and results that do not hold
together are told and gone past, while a crash or a file that takes ten seconds ends the run with a traceback.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import warnings
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["ingest", "pypdf", "docx", "trafilatura", "markdown_it", "yaml", "kb.sentences"]):
    from benchmarks.fuzz_reading import LARGEST_SEED, Finding, examine, seeds_from
from benchmarks.mutate import LARGEST, mutated

MEGABYTES = 1024


class Guided:
    """What atheris calls: each file is written to the same place, examined, and told of once for each place in the code."""

    def __init__(self, options: argparse.Namespace, work: Path) -> None:
        self._seeds = seeds_from(options.folders, [options.reader])
        if not self._seeds:
            raise SystemExit(f"no file there that the reader of .{options.reader} takes")
        self._path = work / "files" / f"case.{options.reader}"
        self._path.parent.mkdir()
        self._keep: Path | None = options.keep
        self._known: set[str] = set()

    def plant(self, corpus: Path) -> None:
        corpus.mkdir()
        for number, seed in enumerate(self._seeds):
            (corpus / str(number)).write_bytes(seed.data[:LARGEST_SEED])

    def mutate(self, data: bytes, max_size: int, seed: int) -> bytes:
        """Half of the changes are libFuzzer's own, which know what was compared with what."""
        random = Random(seed)
        if random.random() < 0.5:
            return bytes(atheris.Mutate(data, max_size))
        others = [one.data for one in self._seeds]
        try:
            return mutated(data, others, self._seeds[0].kind, random)[:max_size]
        except Exception:  # noqa: BLE001 (libFuzzer's changes broke the container that ours take apart)
            return bytes(atheris.Mutate(data, max_size))

    def examine(self, data: bytes) -> None:
        self._path.write_bytes(data)
        found = examine(self._path, self._seeds[0].media_type)
        if found is not None:
            self._tell(found, data)

    def _tell(self, found: Finding, data: bytes) -> None:
        key = f"{found.kind} {found.place}"
        if key in self._known:
            return
        self._known.add(key)
        print(f"{key}\n    {found.told}, {len(data):,} bytes", flush=True)
        if self._keep is not None:
            name = "".join(letter if letter.isalnum() else "-" for letter in key)[:90]
            (self._keep / f"guided-{name}{self._path.suffix}").write_bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz_guided", description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--reader", required=True)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if options.keep is not None:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        guided = Guided(options, Path(work))
        guided.plant(Path(work) / "corpus")
        os.chdir(work)  # libFuzzer leaves the file that ends a run where it stands
        limits = ["-timeout=10", f"-rss_limit_mb={MEGABYTES}", f"-max_len={LARGEST}", f"-artifact_prefix={options.keep or work}/"]
        rest = [f"-max_total_time={options.seconds}", f"-seed={options.seed}", "-verbosity=1", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *limits, *rest, "corpus"], guided.examine, custom_mutator=guided.mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
