"""A server under readers while generations are published and collected: no answer fails, and none mixes two generations."""

import http.client
import json
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from tests.crash_bench import OLD, QUESTIONS, ROOT, Runner, settings_of, state_of, write_files

READERS = 16
PUBLISHES = 3
SERVER = """
    import sys
    from pathlib import Path
    import waitress
    from kb.library import Library
    from tests.crash_bench import identify, settings_of
    from tests.fakes import FakeEncoder
    from web import create_app
    settings = settings_of(Path(sys.argv[1]), Path(sys.argv[2]))
    library = Library(settings, FakeEncoder, identify(settings))
    server = waitress.create_server(create_app(library, settings, limited=False), host="127.0.0.1", port=0, threads=8, ident=None)
    library.ready()
    print(server.effective_port, flush=True)
    server.run()
"""


def variant(number):
    """Every document says something else in every generation, at other lengths."""
    return {
        name: text
        if name.endswith(".jsonl")
        else text.replace("1,387 km", f"1,{number}87 km")
        .replace("573 km", f"{number}73 km")
        .replace("14 metres", f"{number}4 metres")
        + f"\n\nThis is version {number} of it{', again' * number}."
        for name, text in OLD.items()
    }


class Readers:
    """Threads that ask the ten questions over HTTP until they are told to stop."""

    def __init__(self, port):
        self.port, self.stop = port, threading.Event()
        self.answers, self.failed, self.lock = [], [], threading.Lock()
        self.threads = [threading.Thread(target=self.read, args=(number,)) for number in range(READERS)]
        for thread in self.threads:
            thread.start()

    def read(self, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        while not self.stop.is_set():
            question = QUESTIONS[number % len(QUESTIONS)]
            number += 1
            try:
                connection.request(
                    "POST", "/api/v1/ask", json.dumps({"question": question}), {"Content-Type": "application/json"}
                )
                response = connection.getresponse()
                body = json.loads(response.read())
                with self.lock:
                    (self.answers if response.status == 200 else self.failed).append((question, body))
            except (OSError, ValueError, http.client.HTTPException) as error:
                with self.lock:
                    self.failed.append((question, repr(error)))
                connection.close()
        connection.close()

    def count(self):
        with self.lock:
            return len(self.answers)

    def wait_for(self, more):
        wanted = self.count() + more
        while self.count() < wanted and not self.failed:
            time.sleep(0.01)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def place(tmp_path):
    home, docs = tmp_path / "home", tmp_path / "docs"
    runner = Runner()
    write_files(docs, variant(0))
    assert runner.run(home, docs)["status"] == 0
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SERVER), str(home), str(docs)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    yield home, docs, runner, int(server.stdout.readline())
    server.terminate()
    server.communicate()
    runner.close()


def said(answer):
    """What an answer says, without times and numbers of generations."""
    return {name: value for name, value in answer.items() if name not in ("index", "timings_ms")}


def test_readers_see_one_generation_each_and_none_fails(place):
    home, docs, runner, port = place
    expected, generations = {}, {}

    def expect():
        state = state_of(settings_of(home, docs))
        expected[state.digest] = dict(zip(QUESTIONS, map(json.loads, state.answers), strict=True))

    expect()
    readers = Readers(port)
    try:
        for number in range(1, PUBLISHES + 1):
            readers.wait_for(READERS)
            write_files(docs, variant(number))
            assert runner.run(home, docs)["status"] == 0
            assert runner.run(home, docs, "gc")["status"] == 0  # keeps one: what is still read stays by its lease alone
            expect()
        readers.wait_for(2 * READERS)
    finally:
        readers.end()
    assert readers.failed == []
    mixed = []
    for question, answer in readers.answers:
        index = answer["index"]
        generations.setdefault(index["generation"], set()).add(index["digest"])
        if said(answer) != said(expected[index["digest"]][question]):
            mixed.append((question, answer))
    assert mixed == []
    assert len(expected) == PUBLISHES + 1
    assert {1, PUBLISHES + 1} <= set(generations) and all(len(digests) == 1 for digests in generations.values())
