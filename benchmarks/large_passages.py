"""Passages for `benchmarks.large`: real text cut and recombined, really embedded as far as asked, perturbed from there on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from kb.config import settings_from
from kb.embed import open_encoder
from kb.language import script
from kb.maxsim import by_word, pack
from kb.sentences import sentence_spans

Floats = npt.NDArray[np.float32]
CHARACTERS = 620  # of a passage at least, about 150 tokens of English
BATCH = 256  # passages
SPREAD = 0.5  # of a perturbed vector's difference; see `perturbed`


@dataclass(frozen=True, slots=True)
class Real:
    """Embedded passages: vectors float32 (n, d), packed token vectors; and questions' vectors float32 (q, d) with their texts."""

    texts: list[str]
    vectors: Floats
    codes: list[bytes]
    questions: list[str]
    asked: Floats


def cut(paths: Sequence[Path]) -> list[list[list[str]]]:
    """Sentences by passage by file, of text files and of JSONL files whose lines have a "text"."""
    files = []
    for path in paths:
        content = path.read_text(encoding="utf-8")
        if path.suffix == ".jsonl":
            content = "\n\n".join(json.loads(line).get("text", "") for line in content.splitlines())
        passages: list[list[str]] = [[]]
        for start, end in sentence_spans(content):
            sentence = " ".join(content[start:end].split())
            if sum(map(len, passages[-1])) >= CHARACTERS:
                passages.append([])
            if sentence:
                passages[-1].append(sentence[: 2 * CHARACTERS])
        files.append([passage for passage in passages if passage])
    return files


def recombined(files: Sequence[Sequence[Sequence[str]]], seed: int) -> Iterator[str]:
    """The passages as they stand, then without end passages of the same files whose sentences are drawn from one file each."""
    for file in files:
        yield from (" ".join(passage) for passage in file)
    random = np.random.default_rng(seed)
    sizes = np.array([len(file) for file in files], dtype=float)
    while True:
        for i in random.choice(len(files), size=1024, p=sizes / sizes.sum()):
            file, passage = files[i], list[str]()
            while sum(map(len, passage)) < CHARACTERS:
                part = file[random.integers(len(file))]
                passage.append(part[random.integers(len(part))])
            yield " ".join(passage)


def embedded(files: Sequence[Path], questions: Sequence[Path], count: int, folder: Path) -> Real:
    """The first `count` passages with their vectors; what is in `folder` already is not embedded again."""
    folder.mkdir(parents=True, exist_ok=True)
    encoder = cache(lambda: open_encoder(settings_from(os.environ, Path.cwd())))  # its memory only where it has work
    passages = recombined(cut(files), seed=0)
    texts, vectors, codes = list[str](), list[Floats](), list[bytes]()
    while len(texts) < count:
        batch = [next(passages) for _ in range(BATCH)]
        kept = folder / f"{len(texts):07}.npz"
        if not kept.exists():
            made = encoder().encode_passages(batch, [""] * BATCH)
            packed = [pack(*by_word(text, one)) for text, one in zip(batch, made, strict=True)]
            np.savez(
                folder / "partial.npz",
                vectors=np.stack([one.vector for one in made]),
                sizes=np.array([len(one) for one in packed]),
                codes=np.frombuffer(b"".join(packed), np.uint8),
            )
            (folder / "partial.npz").replace(kept)
        with np.load(kept) as stored:
            ends = np.cumsum(stored["sizes"]).tolist()
            joined = stored["codes"].tobytes()
            codes += [joined[a:b] for a, b in zip([0, *ends], ends, strict=False)]
            vectors.append(stored["vectors"])
        texts += batch
    asked = [record.get("question") or record["text"] for path in questions for record in map(json.loads, path.open())]
    if not (folder / "asked.npy").exists():
        np.save(folder / "asked.npy", np.stack([encoder().encode_query(one).vector for one in asked]))
    return Real(texts, np.concatenate(vectors), codes, asked, np.load(folder / "asked.npy"))


def perturbed(real: Floats, groups: npt.NDArray[np.int64], first: int, count: int) -> Floats:
    """Unit vectors number `first` to `first + count` of a larger collection: a real one plus SPREAD times the difference of two
    others of its group, so that what is added has the covariance of real differences. `groups`: int64 (n,), here of scripts
    (differences between languages put vectors where no passage is, and Hindi questions then found those)."""
    random = np.random.default_rng([1, first])
    order = np.argsort(groups, kind="stable")
    sizes = np.bincount(groups)
    base = (np.arange(first, first + count) * 2_654_435_761) % len(real)
    within = random.random((2, count)) * sizes[groups[base]]
    others = order[(np.cumsum(sizes) - sizes)[groups[base]] + within.astype(np.int64)]
    made = real[base] + np.float32(SPREAD) * (real[others[0]] - real[others[1]])
    result: Floats = made / np.linalg.norm(made, axis=1, keepdims=True)
    return result


def groups_of(texts: Sequence[str]) -> npt.NDArray[np.int64]:
    scripts = [script(text) for text in texts]
    return np.array([sorted(set(scripts)).index(one) for one in scripts])
