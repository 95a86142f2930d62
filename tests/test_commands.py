"""`python -m kb` as a user runs it, over a small index with the fake encoder: output, JSON, batch mode, exit status."""

import io
import json

import pytest

import kb.__main__ as commands
from kb.library import Library
from tests.test_library import TEXTS
from tests.test_reindex import Bench


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    bench = Bench(tmp_path)
    for name, text in TEXTS.items():
        bench.write(name, text)
    bench.run()
    monkeypatch.setattr(Library, "open", classmethod(lambda cls, settings: bench.library()))

    def call(*arguments, stdin=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        status = commands.main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return call


QUESTION = "How long is the CASA-1000 line?"


def test_an_answer_to_read_and_one_for_a_script(run):
    status, out, _ = run("ask", QUESTION)
    assert status == 0
    assert out.startswith("The CASA-1000 line is 1,387 km long. [1]")
    assert "docs/power.txt" in out
    status, out, _ = run("ask", QUESTION, "--json")
    assert (status, json.loads(out)["status"]) == (0, "answered")


def test_an_abstention_is_no_failure(run):
    status, out, _ = run("ask", "What is the population of Atlantis?")
    assert status == 0
    assert out.startswith("The documents do not say")


def test_a_batch_answers_each_line_and_says_which_could_not_be(run):
    status, out, _ = run("ask", "-", stdin=f"{QUESTION}\n\n???\nWho signed?\n")
    lines = [json.loads(line) for line in out.splitlines()]
    assert status == 1
    assert [line["question"] for line in lines] == [QUESTION, "???", "Who signed?"]
    assert lines[1]["error"]["status"] == 400


def test_search_show_info(run):
    status, out, _ = run("search", "CASA-1000 line", "--json", "-n", "2")
    item = json.loads(out)["items"][0]
    assert (status, item["uri"]) == (0, "docs/power.txt")
    assert json.loads(run("show", item["document_id"], "--json")[1])["text"].startswith("The CASA-1000 line")
    assert item["text"] in run("show", item["passage_id"])[1]
    info = json.loads(run("info", "--json")[1])
    assert (info["documents"], info["models"]["model"]) == (3, "fake")
    plain = run("info")[1].splitlines()
    assert {"documents: 3", "missing: none", "partial: no", "models.model: fake"} <= set(plain)


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["ask", ""], 2, "the question is empty"),
        (["ask", "x" * 10_000], 2, "10,000 characters"),
        (["ask", "transit", "--country", "Atlantis"], 2, "unknown country 'Atlantis'"),
        (["search", "transit", "--from", "soon"], 2, "'soon' is not a date"),
        (["show", "nonesuch"], 1, "no document or passage has the id"),
        (["eval", "/nowhere.jsonl"], 2, "cannot be read"),
    ],
)
def test_one_sentence_and_the_exit_status(run, arguments, status, said):
    got, out, err = run(*arguments)
    assert (got, out) == (status, "")
    assert said in err
    assert len(err.splitlines()) == 1


def test_eval_measures(run, tmp_path):
    gold = [
        {"question": QUESTION, "status": "answered", "document": "docs/power.txt", "evidence": "1,387 km", "answer": ["1387 km"]},
        {"question": "What is the population of Atlantis?", "status": "abstained"},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, gold)), encoding="utf-8")
    status, out, _ = run("eval", str(path), "--json")
    metrics = json.loads(out)
    assert status == 0
    assert (metrics["answer_said"], metrics["evidence_cited"], metrics["refused_of_unanswerable"]) == (1.0, 1.0, 1.0)
    group = metrics["by_language"]["not said"]
    assert (group["questions"], group["answer_said"], group["intervals"]["answer_said"]) == (2, 1.0, [1.0, 1.0])
    out = run("eval", str(path), "--markdown")[1]
    assert "| answer_said | 1.000 | 1.00–1.00 |" in out
    assert "| by kind | not said |\n| --- | --- |\n| questions | 2 |" in out
    assert "answer_said" in run("eval", str(path))[1]


def test_the_reading_report(run):
    status, out, _ = run("search", "CASA-1000 line", "--json", "-n", "1")
    document = json.loads(out)["items"][0]["document_id"]
    status, out, _ = run("show", document, "--report", "--json")
    told = json.loads(out)
    assert (status, told["uri"], told["pages"], told["blocks"], told["ocr"]) == (0, "docs/power.txt", 0, {"paragraph": 2}, [])
    status, out, _ = run("show", document, "--report")
    assert status == 0
    assert f"characters: {told['characters']}" in out and "blocks: 2 paragraph" in out
    assert run("show", "none", "--report")[0] == 1
