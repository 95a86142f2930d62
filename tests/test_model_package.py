"""The default model's data file: read exactly, refused when damaged, unpacked once by whoever comes first."""

import json
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from tokenizers import Tokenizer

from kb import model_package
from kb.errors import ModelUnavailable
from kb.model_package import parse, read_checked, write_model
from kb.whole_folder import fill_once, is_whole, write_atomically

HIDDEN, INNER, POSITIONS = 32, 64, 16
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁a", "▁road", "s", "▁"]
DENSE = {"q": (32, 32), "k": (32, 32), "v": (32, 32), "ao": (32, 32), "fi": (INNER, 32), "fo": (32, INNER)}


def four_bit(rows: int, columns: int) -> bytes:
    """Every weight is 3 * 0.5 in the first half of a block and -8 * 0.5 in the second: halves 11 and 0."""
    return (struct.pack("<e", 0.5) + bytes([11] * 16)) * (rows * columns // 32)


def data_file() -> bytes:
    """A whole model of one layer in the package's format."""
    tensors = {"emb.word": four_bit(len(PIECES), HIDDEN), "emb.pos": bytes(4 * POSITIONS * HIDDEN), "emb.type": bytes(4 * HIDDEN)}
    for name in ("emb.ln", "l0.aln", "l0.oln"):
        tensors |= {f"{name}.w": struct.pack(f"<{HIDDEN}f", *range(HIDDEN)), f"{name}.b": bytes(4 * HIDDEN)}
    for name, shape in DENSE.items():
        tensors |= {f"l0.{name}.w": four_bit(*shape), f"l0.{name}.b": bytes(4 * shape[0])}
    blob = "".join(PIECES).encode()
    offsets = np.cumsum([0, *(len(piece.encode()) for piece in PIECES)])
    sizes = (HIDDEN, 1, 2, INNER, len(PIECES), POSITIONS, 2)
    head = b"E5S1" + struct.pack("<I7ifi5iQ", 1, *sizes, 1e-12, 32, len(PIECES), 0, 2, 1, 3, len(blob))
    head += offsets.astype("<u4").tobytes() + np.arange(0, -len(PIECES), -1).astype("<f4").tobytes() + blob
    head += struct.pack("<iI", 1, 9) + struct.pack("<IBI", 65, 1, 97) + struct.pack("<i", len(tensors))
    at = len(head) + sum(2 + len(name) + 21 for name in tensors)
    for name, content in tensors.items():
        head += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 0, 0, at, len(content))
        at += len(content)
    return head + b"".join(tensors.values())


def test_a_small_file_becomes_a_folder_with_its_numbers(tmp_path: Path) -> None:
    write_model(parse(data_file()), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    assert len(weights) == 5 + 16
    words = weights["embeddings.word_embeddings.weight"]
    assert words.shape == (len(PIECES), HIDDEN)
    assert (words[:, :16] == 1.5).all()
    assert (words[:, 16:] == -4.0).all()
    assert weights["encoder.layer.0.output.LayerNorm.weight"].tolist() == list(range(HIDDEN))
    assert weights["encoder.layer.0.intermediate.dense.weight"].shape == (INNER, HIDDEN)
    prompts = json.loads((tmp_path / "config_sentence_transformers.json").read_text())["prompts"]
    assert (prompts["query"], prompts["passage"]) == ("query: ", "passage: ")
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    assert tokenizer.encode("a  roads").tokens == ["<s>", "▁a", "▁road", "s", "</s>"]


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(data_file()) - 1))
def test_a_cut_file_is_a_clear_error(length: int) -> None:
    with pytest.raises(ModelUnavailable, match=r"is damaged: .* Install it with"):
        model_package.model_tensors(parse(data_file()[:length]))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 600), st.binary(min_size=1, max_size=8))
def test_overwritten_bytes_are_read_or_refused_but_never_another_error(at: int, other: bytes) -> None:
    data = bytearray(data_file())
    data[at : at + len(other)] = other
    try:
        tensors = model_package.model_tensors(parse(bytes(data)))
    except ModelUnavailable:
        return
    assert tensors


def test_a_file_of_another_size_or_content_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"short")
    with pytest.raises(ModelUnavailable, match=r"5 bytes instead of 71,622,400"):
        read_checked(path)
    monkeypatch.setattr(model_package, "DATA_SIZE", 5)
    with pytest.raises(ModelUnavailable, match=r"has sha256 .* instead of"):
        read_checked(path)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        read_checked(tmp_path / "absent.bin")


def test_a_package_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_package, "PACKAGE", "no-such-package-of-ours")
    with pytest.raises(ModelUnavailable, match="no-such-package-of-ours"):
        model_package.find_data_file()


def filler(content: str) -> Callable[[Path], None]:
    return lambda folder: (folder / "a.txt").write_text(content) and None


def test_a_folder_written_half_is_not_whole(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "a.txt").write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(tmp_path / "model", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_lost_bytes_is_written_again(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    write_atomically(folder, filler("whole"))
    assert is_whole(folder)
    (folder / "a.txt").write_text("cut")
    assert not is_whole(folder)
    write_atomically(folder, filler("again"))
    assert (folder / "a.txt").read_text() == "again"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_of_many_that_want_the_same_folder_one_fills_it(tmp_path: Path) -> None:
    filled: list[str] = []

    def fill(beside: Path) -> None:
        filled.append(beside.name)
        time.sleep(0.05)  # long enough for another to come, if one may
        filler("whole")(beside)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: fill_once(tmp_path / "cache" / "model", fill), range(8)))
    assert len(filled) == 1
    assert is_whole(tmp_path / "cache" / "model")


def test_many_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: write_atomically(folder, filler(f"{i}" * 1000)), range(32)))
    assert is_whole(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
