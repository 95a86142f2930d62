"""A run as its operator sees it: signals, the log in the store, progress, events, summary, figures for Prometheus."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from io import StringIO

import pytest

import ingest.progress
from ingest.__main__ import main
from ingest.progress import Progress
from ingest.reindex import Options, Watch, reindex
from ingest.stop import Stop, Stopped
from ingest.summary import summary
from kb.connections import connect_writer
from kb.records import Failure, Planned, ReindexReport
from kb.run_log import FIGURES, KEPT, LAST_SUCCESS, RUNNING, figures, finish_run, runs, start_run
from kb.staging import STORE_FILE, Staging, is_writing
from tests.test_reindex import ROOT, Bench, bench, counts  # noqa: F401 (a fixture)


@pytest.fixture
def command(bench, monkeypatch, capsys):  # noqa: F811
    """`python -m ingest …` over the bench's folder, with its fake encoder."""
    monkeypatch.setenv("KB_HOME", str(bench.settings.home))
    monkeypatch.setenv("KB_CORPUS", str(bench.docs))
    fake = partial(reindex, identify=bench.identify, open_model=bench.open_model)
    monkeypatch.setattr("ingest.commands_index.reindex", fake)

    def run(*arguments: str):
        status = main(list(arguments))
        out, err = capsys.readouterr()
        return status, out, err

    return run


def stopping(bench, number=signal.SIGTERM):  # noqa: F811
    """The bench with an encoder during whose first batch the signal comes, and is noted."""
    encode = bench.encoder.encode_passages

    def once(texts, contexts):
        bench.encoder.encode_passages = encode
        stop = signal.getsignal(number).__self__
        os.kill(os.getpid(), number)
        ends = time.monotonic() + 60
        while not stop.signal:  # by the main thread, when it has its turn
            assert time.monotonic() < ends
            time.sleep(0.01)
        return encode(texts, contexts)

    bench.encoder.encode_passages = once
    return bench


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_the_run_after_the_batch_at_hand(bench, command, number, status):  # noqa: F811
    before = signal.getsignal(number)
    stopping(bench, number)
    got, out, _ = command("reindex", "--json", "--jobs", "1")
    report = json.loads(out)
    assert (got, report["stopped_by"], report["generation"]) == (status, number.name, 0)
    assert report["embedded"] >= 1  # the batch that the model had at hand is kept
    assert runs(bench.settings.home, 1)[0]["state"] == "interrupted"
    assert signal.getsignal(number) is before
    got, out, _ = command("reindex", "--json")
    report = json.loads(out)
    assert (got, report["generation"], report["passages"]) == (0, 1, 2)
    assert [run["state"] for run in runs(bench.settings.home, 5)] == ["finished", "interrupted"]


def test_a_signal_while_files_are_compared(bench):  # noqa: F811
    with Stop() as stop:
        stop.signal = signal.SIGINT
        report = reindex(bench.settings, [bench.docs], Options(), bench.identify, bench.open_model, Watch(stop=stop))
    assert (report.stopped_by, counts(report)) == ("SIGINT", (0, 0, 0, 0, 0))


def test_a_second_signal_interrupts_at_once():
    with Stop() as stop:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped, match="SIGTERM"):
            stop.check()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(60)


def test_publishing_every_so_many_documents(bench):  # noqa: F811
    for number in range(5):
        bench.write(f"more/{number}.txt", f"Document {number}.")
    report = bench.run(publish_every=2)
    assert counts(report) == (7, 0, 0, 0, 0)
    assert report.generation == 4  # after 2, 4 and 6 documents, and at the end
    assert (report.documents, len(bench.library().documents().items)) == (7, 7)


def test_the_log_tells_running_finished_failed_and_killed(bench):  # noqa: F811
    home = bench.settings.home
    assert runs(home, 5) == []
    bench.run()
    with Staging(home) as staging:
        start_run(staging.connection, "2026-01-01T00:00:00+00:00")
        assert is_writing(home)
        assert [run["state"] for run in runs(home, 5)] == ["running", "finished"]
        assert figures(runs(home, 5))[RUNNING] == 1
    assert not is_writing(home)
    assert [run["state"] for run in runs(home, 5)] == ["killed", "finished"]

    def broken(_texts, _contexts):
        raise OSError(28, "No space left on device")

    bench.write("new.txt", "New.")
    bench.encoder.encode_passages = broken
    with pytest.raises(OSError, match="No space"):
        bench.run()
    assert [run["state"] for run in runs(home, 5)] == ["failed", "killed", "finished"]


def test_the_log_is_bounded(bench):  # noqa: F811
    bench.run()
    connection = connect_writer(bench.settings.home / STORE_FILE)
    for _ in range(KEPT + 5):
        finish_run(connection, start_run(connection, "2026-01-01T00:00:00+00:00"), "finished", "2026-01-01T00:00:01+00:00", None)
    assert connection.execute("SELECT count(*) FROM runs").fetchone() == (KEPT,)
    connection.close()


def test_figures_tell_the_last_success_and_the_failures_since():
    good = ReindexReport(seconds=5.0, generation=3, documents=7)
    refused = ReindexReport(seconds=1.0, generation=3, documents=7, failures=(Failure("docs", "compare", "gone"),))
    log = [
        {"started_at": f"2026-01-0{day}T00:00:00+00:00", "finished_at": f"2026-01-0{day}T00:01:00+00:00", "state": state}
        | {"report": report and {"seconds": report.seconds, "failures": [{"stage": f.stage} for f in report.failures]}
           | {"generation": report.generation, "documents": report.documents}}
        for day, state, report in ((4, "killed", None), (3, "finished", refused), (2, "finished", good))
    ]  # fmt: skip
    found = {figure.name.removeprefix("wakhan_reindex_"): value for figure, value in figures(log).items()}
    assert found["last_success_timestamp_seconds"] == 1767312060  # of 2 January
    assert (found["failures"], found["duration_seconds"], found["generation"], found["documents"]) == (1, 1.0, 3, 7)
    assert figures([]) == {}


def test_summary_metrics_and_events_are_written(bench, command, tmp_path):  # noqa: F811
    bench.docs.joinpath("broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    mail, metrics, events = tmp_path / "mail.txt", tmp_path / "wakhan.prom", tmp_path / "events.jsonl"
    status, out, _ = command("reindex", "--summary", str(mail), "--metrics", str(metrics), "--events", str(events))
    assert status == 1 and mail.read_text() == out
    assert out.splitlines()[1].startswith("  FAILED   docs/broken.pdf (read): ")
    assert "generation 1 is published: 2 documents, 2 passages" in out
    lines = [json.loads(line) for line in events.read_text().splitlines()]
    lines = [line for line in lines if line["event"] != "progress"]  # that comes each half minute
    assert [line["event"] for line in lines] == [
        "stage", "compared", "stage", "failure", "stage", "published", "finished",
    ]  # fmt: skip
    assert lines[1]["added"] == 3 and lines[-1]["added"] == 2
    told = dict(line.rsplit(" ", 1) for line in metrics.read_text().splitlines() if not line.startswith("#"))
    assert set(told) == {figure.name for figure in FIGURES}
    assert float(told["wakhan_reindex_failures"]) == 1 and float(told[LAST_SUCCESS.name]) > time.time() - 600
    status, out, _ = command("status")
    assert status == 0 and "finished: added 2" in out and "failed 1" in out and "comparing" in out


def test_a_dry_run_lists_and_a_wrong_number_is_refused(bench, command, capsys):  # noqa: F811
    status, out, _ = command("reindex", "--dry-run")
    assert status == 0 and "  added    docs/a.txt" in out.splitlines()
    assert json.loads(command("reindex", "--dry-run", "--json")[1])["planned"][0]["uri"] == "docs/a.txt"
    with pytest.raises(SystemExit):
        main(["reindex", "--publish-every", "0"])
    assert "whole number of documents" in capsys.readouterr().err


def test_the_summary_fits_a_mail_whatever_happened():
    many = tuple(Failure(f"docs/{n}", "read", "long " * 200) for n in range(1000))
    report = ReindexReport(failures=many, warnings=("w\nx",) * 1000, reasons={"content": 3}, postponed={"model": 2})
    report = replace(report, stopped_by="SIGINT")
    lines = summary(report).splitlines()
    assert len(lines) <= 60 and max(map(len, lines)) <= 300
    assert lines[0].startswith("STOPPED by SIGINT") and "FAILED" in lines[1]
    assert any("and 975 more" in line for line in lines)
    planned = tuple(Planned(f"docs/{n}", "added") for n in range(1000))
    assert len(summary(ReindexReport(dry_run=True, planned=planned)).splitlines()) <= 260


def test_progress_in_a_log_tells_speed_and_what_is_left(monkeypatch, caplog):
    clock = [0.0]
    monkeypatch.setattr(ingest.progress.time, "monotonic", lambda: clock[0])
    notes, events = [], StringIO()
    progress = Progress(note=notes.append, events=events, bar=False)
    progress.begin("indexing", 100)
    with caplog.at_level("INFO"):
        for _ in range(40):
            clock[0] += 1
            progress.counts.files += 1
            progress.counts.staged += 10
            progress.counts.waiting += 5
            progress.counts.embedded += 5
            progress.tick()
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith("indexing: 31 of 100 files, 5.0 passages/s, 0 failed, 3 min left")
    assert notes[0]["seconds_left"] == (31 * 5 + 69 * 10) / 5
    assert [json.loads(line)["event"] for line in events.getvalue().splitlines()] == ["stage", "progress"]


def test_nothing_heavy_is_imported_for_a_run_without_changes(bench):  # noqa: F811
    bench.run()
    script = (
        "import sys, ingest.commands_index as c; "
        "print([m for m in ('torch', 'spacy', 'onnxruntime', 'pypdf', 'ingest.readers', 'urllib3') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
