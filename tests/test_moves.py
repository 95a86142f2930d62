"""Files that changed their place: which they are, and what a document keeps when its file moves."""

import shutil

from hypothesis import given
from hypothesis import strategies as st

from ingest.moves import moved
from tests.test_reindex import Bench, bench, counts  # noqa: F401 (a fixture)

PLACES = st.dictionaries(st.sampled_from([f"c/{folder}/{name}" for folder in "xyz" for name in "ab"]), st.sampled_from("1234"))


def between(before: dict[str, str], after: dict[str, str], *, same: bool = False) -> dict[str, str]:
    vacated = {uri: content for uri, content in before.items() if after.get(uri) != content}
    arrived = {uri: content for uri, content in after.items() if before.get(uri) != content}
    return moved(vacated, arrived, set(before) - set(after), lambda old, new: same)


@given(PLACES, PLACES)
def test_a_file_moves_once_to_where_its_content_is(before, after):
    moves = between(before, after)
    assert len(set(moves.values())) == len(moves)
    for old, new in moves.items():
        assert before[old] == after[new] and old != new
        assert before.get(new) != after[new]  # it was not there before
        assert old not in after or old in moves.values()  # its place is empty, or another file moved there


@given(PLACES)
def test_a_renamed_folder_moves_all_of_its_files_by_name(before):
    after = {uri.replace("c/", "c/new/"): content for uri, content in before.items()}
    assert between(before, after) == {uri: uri.replace("c/", "c/new/") for uri in before}


def test_swapped_rotated_and_copied_aside():
    assert between({"a": "1", "b": "2"}, {"a": "2", "b": "1"}) == {"a": "b", "b": "a"}
    assert between({"a": "1", "b": "2"}, {"b": "1", "c": "2"}) == {"a": "b", "b": "c"}
    assert between({"a": "1"}, {"a": "new", "copy": "1"}) == {}  # put aside and then edited
    assert between({"a": "1"}, {"a": "new", "kept": "1"}, same=True) == {"a": "kept"}  # renamed, and its place used again
    assert between({"a": "1"}, {"a": "1", "copy": "1"}) == {}
    assert between({"a": "1", "b": "1"}, {"b": "1"}) == {}
    assert between({"a": "1", "b": "1"}, {"c": "1"}) == {"a": "c"}
    assert between({"x/a": "1"}, {"b": "1", "y/a": "1"}) == {"x/a": "y/a"}  # the one that kept its name


def ids(bench: Bench) -> dict[str, str]:  # noqa: F811
    return {item.uri: item.id for item in bench.library().documents().items}


def texts(bench: Bench) -> dict[str, str]:  # noqa: F811
    library = bench.library()
    return {item.uri: library.document(item.id).text for item in library.documents().items}


def test_a_moved_document_keeps_its_id_passages_and_vectors(bench):  # noqa: F811
    bench.write("sub/c.txt", "A third document about wheat.")
    bench.run()
    before = ids(bench)
    passages = {p.id for p in bench.library().passages(before["docs/a.txt"])}
    (bench.docs / "sub").rename(bench.docs / "archive")
    (bench.docs / "a.txt").rename(bench.docs / "archive" / "a.txt")
    batches = len(bench.encoder.batches)
    report = bench.run()
    assert (report.moved, counts(report)) == (3, (0, 0, 0, 0, 0))
    assert len(bench.encoder.batches) == batches and report.reasons == {}
    after = ids(bench)
    assert after == {uri.replace("docs/sub/", "docs/").replace("docs/", "docs/archive/"): one for uri, one in before.items()}
    assert {p.id for p in bench.library().passages(after["docs/archive/a.txt"])} == passages
    assert counts(again := bench.run()) == (0, 0, 3, 0, 0) and again.moved == 0


def test_an_old_place_used_again_and_two_files_swapped(bench):  # noqa: F811
    bench.run()
    first = ids(bench)["docs/a.txt"]
    (bench.docs / "a.txt").rename(bench.docs / "kept.txt")
    bench.write("a.txt", "Another document took the place.")
    report = bench.run()
    assert (report.moved, report.added) == (1, 1)
    now = ids(bench)
    assert now["docs/kept.txt"] == first != now["docs/a.txt"]
    kept, new = texts(bench)["docs/kept.txt"], texts(bench)["docs/a.txt"]
    for old, place in (("kept.txt", "t"), ("a.txt", "kept.txt"), ("t", "a.txt")):
        (bench.docs / old).rename(bench.docs / place)
    report = bench.run()
    assert (report.moved, counts(report)) == (2, (0, 0, 1, 0, 0))
    assert (texts(bench)["docs/a.txt"], texts(bench)["docs/kept.txt"]) == (kept, new)
    assert ids(bench) == now | {"docs/a.txt": now["docs/kept.txt"], "docs/kept.txt": now["docs/a.txt"]}


def test_a_move_over_another_file_and_with_another_sidecar(bench):  # noqa: F811
    bench.write("b.txt", "What is overwritten.")
    bench.run()
    first = ids(bench)["docs/a.txt"]
    (bench.docs / "a.txt").replace(bench.docs / "b.txt")
    bench.write("b.txt.meta.toml", 'kind = "agreement"\n')
    report = bench.run()
    assert (report.moved, report.removed, report.embedded) == (1, 1, 0)
    assert ids(bench)["docs/b.txt"] == first
    assert bench.library().document(first).metadata.kind == "agreement"


def test_between_two_collections_and_files_of_many_documents(bench, tmp_path):  # noqa: F811
    bench.write("items.jsonl", '{"id": "one", "text": "First text of all."}\n{"id": "two", "text": "Second text."}')
    other = tmp_path / "other"
    other.mkdir()
    bench.run(bench.docs, other)
    one = ids(bench)["docs/items.jsonl#one"]
    shutil.move(bench.docs / "items.jsonl", other / "items.jsonl")
    report = bench.run(bench.docs, other)
    assert (report.moved, report.removed, report.added) == (2, 0, 0)
    assert ids(bench)["other/items.jsonl#one"] == one
    assert bench.library().document(one).uri == "other/items.jsonl#one"
