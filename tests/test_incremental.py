"""What a re-index does again and why: metadata, versions, another model, times that are trusted, folders that are gone."""

import os
import time

import pytest

import ingest.versions
from ingest.reindex import Options, dry_run
from kb.records import Planned
from tests.test_reindex import Bench, bench, counts  # noqa: F401 (a fixture)

LONG = "\n\n".join(f"Paragraph {n} tells of trade. " + f"Word{n} " * 150 for n in range(5))


def aged(bench: Bench) -> None:  # noqa: F811
    """Times of last change that are long past, each its own."""
    for number, path in enumerate(sorted(bench.docs.rglob("*"))):
        os.utime(path, (1_600_000_000 + number,) * 2)


def test_a_changed_document_embeds_the_passages_whose_text_changed(bench):  # noqa: F811
    bench.write("long.txt", LONG)
    bench.run()
    bench.write("long.txt", LONG.replace("Word2", "Wort2", 1))
    report = bench.run()
    assert (report.updated, report.embedded, report.reasons) == (1, 1, {"content": 1})


def test_a_changed_sidecar_embeds_nothing_and_its_title_is_found_by_words(bench):  # noqa: F811
    bench.write("long.txt", LONG)
    bench.run()
    bench.write("long.txt.meta.toml", 'title = "Wheat exports"\nkind = "official"\n')
    report = bench.run()
    assert (report.updated, report.embedded, report.reasons) == (1, 0, {"metadata": 1})
    library = bench.library()
    assert library.search("wheat exports").items[0].passage.context.startswith("Wheat exports")


def test_a_full_run_embeds_with_the_new_title(bench, tmp_path):  # noqa: F811
    bench.write("long.txt", LONG)
    passages = bench.run().passages
    bench.write("long.txt.meta.toml", 'title = "Wheat exports"\n')
    bench.run()
    report = bench.run(full=True)
    assert report.embedded == passages - 2  # all of it; the other two documents have one passage each
    (tmp_path / "clean").mkdir()
    clean = Bench(tmp_path / "clean")
    for path in bench.docs.rglob("*.*"):
        clean.write(str(path.relative_to(bench.docs)), path.read_text(encoding="utf-8"))
    clean.run()
    assert clean.library().info().digest == bench.library().info().digest


@pytest.mark.parametrize(("name", "reason"), [("READER_VERSION", "reader"), ("SEGMENTER_VERSION", "segmenter")])
def test_another_version_is_a_reason_that_can_wait(bench, monkeypatch, name, reason):  # noqa: F811
    bench.run()
    monkeypatch.setattr(ingest.versions, name, 99)
    later = bench.run(stale_later=True)
    assert (later.reasons, later.postponed, counts(later)) == ({}, {reason: 2}, (0, 0, 2, 0, 0))
    planned = dry_run(bench.settings, [bench.docs], Options(), bench.identify).planned
    assert {(item.action, item.reason) for item in planned} == {("changed", reason)}
    now = bench.run()
    assert (now.reasons, now.updated, now.embedded) == ({reason: 2}, 2, 0)


def test_another_model_can_wait_and_then_nothing_new_is_published(bench):  # noqa: F811
    bench.run()
    bench.encoder.digest = "another"
    bench.write("c.txt", "A third document.")
    later = bench.run(stale_later=True)
    assert (later.postponed, later.added, later.embedded, later.generation) == ({"model": 2}, 1, 0, 1)
    assert dry_run(bench.settings, [bench.docs], Options(), bench.identify).reasons == {"model": 3}
    now = bench.run()
    assert (now.reasons, now.embedded, now.generation, now.unchanged) == ({"model": 3}, 3, 2, 3)


def test_a_trusted_time_spares_the_opening_and_an_untrusted_one_does_not(bench):  # noqa: F811
    aged(bench)
    bench.run()
    path, status = bench.docs / "a.txt", os.stat(bench.docs / "a.txt")
    path.write_text(path.read_text().replace("2021", "2022"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as if nothing had happened
    assert counts(bench.run(trust_mtime=True)) == (0, 0, 2, 0, 0)
    assert counts(bench.run()) == (0, 1, 1, 0, 0)
    path.write_text("Shorter.")
    assert counts(bench.run(trust_mtime=True)) == (0, 1, 1, 0, 0)
    bench.write("a.txt.meta.toml", 'title = "Told beside"\n')
    assert bench.run(trust_mtime=True).reasons == {"metadata": 1}


def test_a_file_written_just_now_is_opened_again(bench):  # noqa: F811
    path = bench.docs / "a.txt"
    just_now = time.time_ns() + 3600 * 10**9  # for as long as this test may take
    os.utime(path, ns=(just_now, just_now))
    bench.run()
    path.write_text(path.read_text().replace("2021", "2022"))
    os.utime(path, ns=(just_now, just_now))  # a second change within the clock's grain
    assert counts(bench.run(trust_mtime=True)) == (0, 1, 1, 0, 0)


def many(bench: Bench, folder: str = "many", number: int = 12) -> None:  # noqa: F811
    bench.write(f"{folder}/all.jsonl", "\n".join(f'{{"id": "{n}", "text": "Document {n} of them."}}' for n in range(3)))
    for n in range(number):
        bench.write(f"{folder}/{n}.txt", f"Text {n}.")


def test_a_folder_that_is_empty_half_gone_or_unmounted_keeps_its_documents(bench, tmp_path):  # noqa: F811
    many(bench)
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("Gas flows south.", encoding="utf-8")
    documents = bench.run(bench.docs, other).documents
    aside = tmp_path / "aside"
    bench.docs.rename(aside)
    for make in (lambda: None, bench.docs.mkdir, lambda: bench.write("late.txt", "The only file left.")):
        make()
        report = bench.run(bench.docs, other)
        assert (report.removed, report.unchanged, report.documents) == (0, documents, documents)
        assert [(f.uri, f.stage) for f in report.failures] == [("docs", "compare")]
        assert "--allow-removals" in report.failures[0].reason
    assert dry_run(bench.settings, [bench.docs], Options()).failures[0].stage == "compare"
    (bench.docs / "late.txt").unlink()
    bench.docs.rmdir()
    assert bench.run(bench.docs, allow_removals=True).removed == documents - 1
    aside.rename(bench.docs)
    assert bench.run(bench.docs).added == documents - 1


def test_an_emptied_mount_point_within_a_folder_keeps_its_documents(bench):  # noqa: F811
    many(bench)
    many(bench, "more", 20)
    bench.run()
    for path in (bench.docs / "many").iterdir():
        path.unlink()
    report = bench.run()
    assert (report.removed, len(report.failures)) == (0, 1) and "docs/many is a folder without" in report.failures[0].reason
    (bench.docs / "many").rmdir()
    assert bench.run().removed == 15  # less than half, and the folder itself is gone


def test_a_folder_that_fails_while_it_is_listed_keeps_its_documents(bench, monkeypatch):  # noqa: F811
    bench.run()
    scandir = os.scandir

    def failing(path):
        if str(path).endswith("sub"):
            raise OSError(5, "Input/output error")
        return scandir(path)

    monkeypatch.setattr("ingest.discovery.os.scandir", failing)
    report = bench.run()
    assert (report.removed, report.unchanged) == (0, 2)
    assert [(f.uri, "Input/output" in f.reason) for f in report.failures] == [("docs/sub", True)]


def test_a_dry_run_lists_all_five(bench):  # noqa: F811
    bench.write("c.txt", "A third.")
    bench.write("d.txt", "A fourth.")
    bench.run()
    bench.write("a.txt", "Changed.")
    bench.write("sub/b.md.meta.toml", 'kind = "official"\n')
    (bench.docs / "c.txt").unlink()
    (bench.docs / "d.txt").rename(bench.docs / "e.txt")
    bench.write("new.txt", "New.")
    report = dry_run(bench.settings, [bench.docs], Options(dry_run=True), bench.identify)
    assert report.planned == (
        Planned("docs/a.txt", "changed", "content"),
        Planned("docs/c.txt", "removed"),
        Planned("docs/e.txt", "moved", "metadata", "docs/d.txt"),
        Planned("docs/new.txt", "added"),
        Planned("docs/sub/b.md", "changed", "metadata"),
    )
    assert (report.added, report.updated, report.moved, report.removed, report.unchanged) == (1, 2, 1, 1, 0)
    done = bench.run()
    assert (done.added, done.updated, done.moved, done.removed, done.unchanged) == (1, 2, 1, 1, 0)


def test_only_a_named_part_is_looked_at(bench, monkeypatch):  # noqa: F811
    bench.run()
    looked_at = []
    scandir = os.scandir
    monkeypatch.setattr("ingest.discovery.os.scandir", lambda path: looked_at.append(str(path)) or scandir(path))
    (bench.docs / "far").mkdir()
    assert counts(bench.run(bench.docs / "sub")) == (0, 0, 1, 0, 0)
    assert str(bench.docs / "far") not in looked_at
    assert counts(bench.run(bench.docs / "a.txt")) == (0, 0, 1, 0, 0)
