"""Export a sentence-transformers model to int8 ONNX, once, and check that it still gives the model's own vectors.

The export runs in a process of its own: torch and both copies of the weights need 2 GB for half a minute, which a server or
an indexing run would otherwise keep; and the exporter's warnings stay out of the program.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kb.errors import ModelUnavailable
from kb.whole_folder import fill_once, is_whole

EXPORTER = 3  #: raise when the exported files change
RECORD = "export.json"
PASSAGES, QUERIES = "passages.onnx", "queries.onnx"
#: The lowest cosine to sentence-transformers that a probe text may have. Measured, int8 with a scale for each output channel:
#: 160 texts of XQuAD (en, ru; 60 to 500 tokens) mean .997, lowest .9941, whatever their length. With one scale for a whole
#: tensor: mean .984, lowest .977. The bound lies between the two. Not covered: text that repeats itself (one sentence 20 times
#: falls to .9896), which is therefore no probe.
LOWEST_COSINE = 0.99
FAMILIES = ("bert", "roberta", "xlm-roberta")  # encoders whose export was read and that take ids and mask alone
EXPORT_SECONDS = 1800
OPSET = 17

PROBES = (
    "query: When did the transit trade agreement enter into force?",
    "query: Какие пошлины взимаются с транзитных грузов?",
    "query: گوادر بندرگاہ تک راہداری کا معاہدہ کب ہوا؟",
    "query: CASA-1000",
    "passage: Article 5. Carriers of either Party shall pay no charge other than tolls and fees for services rendered.",
    "passage: The railway would join Termez, Mazar-i-Sharif and Peshawar; its cost was put at 4.8 billion US dollars in 2021.",
    "passage: Стороны создают совместную комиссию, которая собирается не реже одного раза в год поочерёдно в каждой стране.",
    "passage: دونوں ممالک نے تجارت بڑھانے اور براہ راست پروازیں شروع کرنے پر اتفاق کیا۔",
    "passage: Oʻzbekiston va Pokiston oʻrtasidagi savdo hajmi 2022-yilda sezilarli darajada oshdi.",
    "passage: Қазақстан мен Пәкістан теміржол тасымалы туралы келісімге қол қойды.",
    "passage: Year | Exports | Imports\n2019 | 1,204.5 | 98.0\n2020 | 1,377.1 | 102.6\n2021 | 1,590.0 | 131.4",
    "passage: The corridor begins at the two ports on the Arabian Sea and reaches the Amu Darya by road in about nine days. "
    "Drivers told the survey that most of that time is spent standing still: at the terminal until the container is released, at "
    "the border while papers that were already checked are checked again, and before the pass when snow closes it in January and "
    "February. Since 2018 a sealed lorry with an international carnet may drive through without being unloaded, yet only a few "
    "dozen did so in the first two years, because insurers would not cover the road and banks would not take the payment. The "
    "ministries answered with a joint committee, a telephone line for stranded drivers and, from 2021, an agreement that gives "
    "each side forty permits a month. Rail would change the sum. A line of 573 kilometres through Kabul could carry fifteen "
    "million tonnes a year, its planners say, at a third of the present cost; who would pay for it, and who would guard it, is "
    "left open in every document that was published so far.",
)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Export:
    """What came of an export. `agrees` is False where sentence-transformers has to be used; `note` is a sentence that says why.

    `passages` and `queries` are the lowest cosines over PROBES of the two models (0 where nothing was exported).
    """

    folder: Path
    agrees: bool
    note: str
    passages: float = 0.0
    queries: float = 0.0


def export_int8(model_folder: Path, out_folder: Path) -> Export:
    """Export the model of `model_folder` into `out_folder` unless it is there; record how far it agrees. Never raises for a
    model that cannot be exported: that is recorded too, so that it is tried once only. An export that was told to end is not:
    then ModelUnavailable is raised.

    `out_folder` gets PASSAGES (weights int8), QUERIES (word vectors int8, the rest float32) and RECORD.
    """
    if not is_whole(out_folder):
        reason = not_plain(model_folder)
        try:
            fill_once(out_folder, lambda beside: _fill(model_folder, beside, reason))
        except OSError as err:
            note = f"sentence-transformers: the int8 export cannot be written to {out_folder}: {err}."
            return Export(out_folder, False, note)
    record = json.loads((out_folder / RECORD).read_text(encoding="utf-8"))
    return Export(out_folder, record["agrees"], record["note"], record["passages"], record["queries"])


def _fill(model_folder: Path, folder: Path, reason: str) -> None:
    result = Export(folder, False, f"sentence-transformers: {reason}")
    if not reason:
        result = _export_in_child(model_folder, folder)
    if not result.agrees:
        for name in (PASSAGES, QUERIES):
            (folder / name).unlink(missing_ok=True)
    versions = {name: importlib.metadata.version(name) for name in ("torch", "transformers", "onnx", "onnxruntime")}
    record = asdict(result) | {"folder": str(model_folder), "versions": versions, "probes": len(PROBES), "bound": LOWEST_COSINE}
    (folder / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def _export_in_child(model_folder: Path, folder: Path) -> Export:
    command = [sys.executable, "-m", "kb.onnx_export", str(model_folder), str(folder)]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    root = Path(__file__).parents[1]
    try:
        run = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=EXPORT_SECONDS, start_new_session=True
        )  # Ctrl-C is for who waits for it
    except subprocess.TimeoutExpired:
        return Export(folder, False, f"sentence-transformers: the int8 export took more than {EXPORT_SECONDS} s.")
    if -run.returncode in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        raise ModelUnavailable("the export of the model was told to end; nothing of it is kept. Run the same command again.")
    if run.returncode != 0:
        last = (run.stderr.strip().splitlines() or ["no message"])[-1]
        return Export(folder, False, f"sentence-transformers: the int8 export failed ({last[:200]}).")
    passages, queries = json.loads(run.stdout.strip().splitlines()[-1])
    figures = f"lowest cosine to sentence-transformers over {len(PROBES)} probe texts {min(passages, queries):.4f}"
    if min(passages, queries) < LOWEST_COSINE:
        note = f"sentence-transformers: the int8 export disagrees with it ({figures}, at least {LOWEST_COSINE} is asked)."
        return Export(folder, False, note, passages, queries)
    return Export(folder, True, f"int8 onnxruntime: {figures}.", passages, queries)


def read_json(path: Path) -> Any:
    """The content of a JSON file of a model folder; {} if there is none. Raises ModelUnavailable if it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as err:
        raise ModelUnavailable(f"{path} cannot be read: {err}. Restore the model's folder or set KB_MODEL to another.") from err


def not_plain(folder: Path) -> str:
    """Why the model is not one that the fast path can run (an encoder of FAMILIES, mean of its tokens), or "" if it is."""
    kinds = [str(module["type"]).rsplit(".", 1)[-1] for module in read_json(folder / "modules.json") or []]
    pooling = read_json(folder / "1_Pooling" / "config.json")
    legacy = {name for name, on in pooling.items() if name.startswith("pooling_mode_") and on}
    modes = pooling.get("pooling_mode", legacy)
    family = read_json(folder / "config.json").get("model_type", "unknown")
    if kinds not in (["Transformer", "Pooling", "Normalize"], ["Transformer", "Pooling"]):
        return f"its modules are {', '.join(kinds) or 'not listed'}, the fast path knows Transformer, Pooling and Normalize."
    if modes not in ("mean", ["mean"], {"pooling_mode_mean_tokens"}) or not pooling.get("include_prompt", True):
        return "it does not take the mean of all its token vectors."
    if family not in FAMILIES:
        return f"it is a {family} model, the fast path knows {', '.join(FAMILIES)}."
    if not (folder / "tokenizer.json").exists() or read_json(folder / "sentence_bert_config.json").get("do_lower_case"):
        return "its tokenizer is not all in tokenizer.json."
    return ""


def open_session(path: Path, threads: int) -> Any:
    """An onnxruntime session for ids and mask. It may be used by several threads at once.

    Its threads do not turn while they wait for work: on two busy cores a question took 35 ms with that and 24 without, 19 and 12
    of the processor's, and what comes after the model had to share a core with them.
    Without the arena memory goes back after each run: with it, changing shapes grew the process to 12 GB.
    """
    onnxruntime: Any = importlib.import_module("onnxruntime")  # 0.1 s that a re-index with nothing changed does not need
    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors only
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run_session(session: Any, ids: Ints, mask: Ints) -> Floats:
    """Token states, float32 (batch, tokens, dimension), for ids and mask (batch, tokens)."""
    states: Floats = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
    return states


def mean_pooled(states: Floats, mask: Ints) -> Floats:
    """Mean of the token states where `mask` is 1, L2-normalised: float32 (batch, dimension)."""
    sums = np.einsum("btd,bt->bd", states, mask.astype(np.float32))
    return normalised(np.asarray(sums, dtype=np.float32))  # a mean and a sum have one direction


def normalised(rows: Floats) -> Floats:
    """Rows of length 1 (a row of zeros stays one)."""
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    result: Floats = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return result


def padded(rows: Sequence[Sequence[int]]) -> tuple[Ints, Ints]:
    """Ids padded with 0 on the right and their mask, int64 (batch, longest)."""
    ids = np.zeros((len(rows), max(map(len, rows))), dtype=np.int64)
    mask = np.zeros_like(ids)
    for i, row in enumerate(rows):
        ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return ids, mask


def write_onnx(model_folder: Path, folder: Path) -> None:
    """Write PASSAGES and QUERIES. Needs torch; raises what torch, onnx and onnxruntime raise."""
    import torch  # noqa: PLC0415 - 3 s and 300 MB, in the exporting process alone
    from transformers import AutoModel  # noqa: PLC0415

    quantization: Any = importlib.import_module("onnxruntime.quantization")  # untyped, so not by an import statement

    class LastState(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(model_folder, local_files_only=True, attn_implementation="eager").eval()

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> Any:
            return self.model(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    ids = torch.arange(5, 23).reshape(2, 9)
    mask = torch.ones_like(ids)
    mask[1, 6:] = 0
    both = {0: "batch", 1: "tokens"}
    with tempfile.TemporaryDirectory(dir=folder) as beside, torch.no_grad():
        whole = Path(beside) / "float32.onnx"
        torch.onnx.export(  # the tracing exporter: the newer one needs a further package (onnxscript)
            LastState(),
            (ids, mask),
            str(whole),
            input_names=["input_ids", "attention_mask"],
            output_names=["states"],
            dynamic_axes={"input_ids": both, "attention_mask": both, "states": both},
            opset_version=OPSET,
            dynamo=False,
        )
        logging.disable(logging.WARNING)  # advice to pre-process, which is for convolutions
        for name, kinds in ((PASSAGES, ["MatMul", "Gather"]), (QUERIES, ["Gather"])):
            quantization.quantize_dynamic(
                whole, folder / name, op_types_to_quantize=kinds, per_channel=True, weight_type=quantization.QuantType.QInt8
            )


def agreement(model_folder: Path, path: Path) -> float:
    """The lowest cosine, over PROBES, between the vectors of the exported model and those of sentence-transformers."""
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - in the exporting process alone
    from tokenizers import Tokenizer  # noqa: PLC0415

    model = SentenceTransformer(str(model_folder), device="cpu", local_files_only=True)
    limit = min(int(model.max_seq_length or 512), 512)
    tokenizer = Tokenizer.from_file(str(model_folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(limit)
    ids, mask = padded([encoding.ids for encoding in tokenizer.encode_batch(list(PROBES))])
    ours = mean_pooled(run_session(open_session(path, 0), ids, mask), mask)
    model.max_seq_length = limit
    theirs = model.encode(list(PROBES), normalize_embeddings=True, show_progress_bar=False)
    return float((ours * theirs).sum(axis=1).min())


def main(arguments: Sequence[str]) -> None:
    """`python -m kb.onnx_export MODEL FOLDER`: write the models, print the two lowest cosines as JSON."""
    model_folder, folder = map(Path, arguments)
    write_onnx(model_folder, folder)
    print(json.dumps([agreement(model_folder, folder / name) for name in (PASSAGES, QUERIES)]))


if __name__ == "__main__":
    main(sys.argv[1:])
