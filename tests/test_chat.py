"""The client of model servers against scripted ones: what is sent, what is read, and every way in which a server can fail."""

import json
import os
import socket
import time

import pytest

from kb.chat import ChatServer, GenerationFailed, Limits, Message, Reply, read_key
from kb.errors import BadRequest
from tests import scripted_model as play

MESSAGES = [Message("system", "Rules."), Message("user", "Вопрос?")]
QUICK = Limits(seconds=120, pause_seconds=0.001)


@pytest.fixture
def model():
    with play.serving() as serving:
        yield serving


def ask(model, limits=QUICK, key=""):
    return ChatServer(model.url, "a-model", key, limits).complete(MESSAGES)


def failure(model, limits=QUICK, key=""):
    with pytest.raises(GenerationFailed) as failed:
        ask(model, limits, key)
    return failed.value


def test_what_is_sent_and_that_pieces_are_joined(model):
    model.play(play.says("Линия имеет длину 1387 км. [1]"))
    assert ask(model, key="sk-1") == Reply("Линия имеет длину 1387 км. [1]")
    ((path, headers, body),) = model.asked
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == "Bearer sk-1"
    assert body["messages"] == [{"role": "system", "content": "Rules."}, {"role": "user", "content": "Вопрос?"}]
    assert (body["model"], body["stream"], body["temperature"], body["max_tokens"]) == ("a-model", True, 0, QUICK.tokens)


def test_without_a_key_none_is_sent(model):
    model.play(play.says("Yes."))
    ask(model)
    assert "authorization" not in model.asked[0][1]


@pytest.mark.parametrize(
    "blocks",
    [
        (b": ping\r\n\r\n", play.piece("Yes").replace(b"\n", b"\r\n"), play.piece(".", "stop"), play.DONE),
        (b"event: message\nid: 1\n", play.piece("Yes."), b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n', play.DONE),
        (play.piece("Yes.", "stop"),),  # no [DONE]
        (play.piece("Yes.") + play.DONE + b"data: nonsense after the end\n\n",),
        tuple(bytes([byte]) for byte in play.piece("Yes.", "stop") + play.DONE),
        (b'data: {"choices": [{"delta": {"reasoning_content": "hm", "content": null}}]}\n\n', play.piece("Yes.", "stop")),
        (b'data: {"choices": [{"delta": {"content": "Yes."}, "finish_reason": "stop"}]}',),  # no end of line
    ],
)
def test_streams_as_servers_write_them(model, blocks):
    model.play(play.streams(*blocks))
    assert ask(model) == Reply("Yes.")


def test_a_server_that_does_not_stream_is_read_too(model):
    sent = {"choices": [{"message": {"role": "assistant", "content": "Yes."}, "finish_reason": "stop"}]}
    model.play(play.answer(json.dumps(sent).encode()))
    assert ask(model) == Reply("Yes.")


def test_a_reply_without_room_for_its_end_says_so(model):
    model.play(play.says("It is 1,387", "length"))
    assert ask(model) == Reply("It is 1,387", cut=True)


@pytest.mark.parametrize(
    "first", [play.status(500), play.status(429), play.status(503, Retry_After="0"), play.cut_off(play.piece("Y"))]
)
def test_what_passes_is_tried_again(model, first):
    model.play(first, play.says("Yes."))
    assert ask(model) == Reply("Yes.")
    assert len(model.asked) == 2


def test_tries_are_bounded(model):
    model.play(play.status(503))
    assert str(failure(model)) == "the model server answered 503 Service Unavailable"
    assert len(model.asked) == QUICK.attempts


def test_a_wait_longer_than_the_time_left_is_not_waited_for(model):
    model.play(play.status(429, Retry_After="3600"))
    assert failure(model).wait == 3600
    assert len(model.asked) == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 302, 204])
def test_what_does_not_pass_is_not_tried_again_and_tells_no_secret(model, code):
    model.play(play.status(code, Location="http://127.0.0.1:1/other"))
    said = failure(model, key="sk-secret")
    assert str(code) in str(said) and "sk-secret" not in f"{said!r}{said}"
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        ((b"data: {broken\n\n",), "no JSON"),
        ((b"data: " + b"[" * 60_000 + b"\n\n",), "no JSON"),
        ((b'data: ["not", "an object"]\n\n',), "reported an error"),
        ((b'data: {"error": {"message": "sk-secret"}}\n\n',), "reported an error"),
        ((b'data: {"choices": ["text"]}\n\n',), "not the form"),
        ((play.piece("It is", None),), "broke off"),
        ((play.piece("It is", "content_filter"), play.DONE), "another reason"),
        ((play.piece("", "stop"), play.DONE), "wrote nothing"),
        ((play.piece(None, "length"), play.DONE), "before its tokens ran out"),
        ((b"data: " + b"x" * 70_000,), "a line"),
        ((*([play.piece("x " * 500)] * 9), play.DONE), "more than 8,000 characters"),
        ((*([b": " + b"x" * 60_000 + b"\n"] * 20), play.DONE), "more than 1,048,576 bytes"),
    ],
)
def test_streams_that_make_no_sense(model, blocks, reason):
    model.play(play.streams(*blocks))
    said = failure(model)
    assert reason in str(said) and "sk-secret" not in str(said)


def test_a_page_instead_of_an_answer(model):
    model.play(play.answer(b"<html>sign in</html>", Content_Type="text/html"))
    assert "neither an event stream nor JSON" in str(failure(model))


@pytest.mark.parametrize("how", ["hangs", "drips text", "drips comments", "drips its head"])
def test_the_time_holds_wherever_the_server_is_slow(model, how):
    head = b"HTTP/1.1 200 OK\r\n"
    slow = {
        "hangs": play.hangs(model),
        "drips text": play.drips(model, play.piece("a")),
        "drips comments": play.drips(model, b": still here\n"),
        "drips its head": play.drips(model, b"X-A: b\r\n", head, pause=0.2),
    }
    model.play(slow[how])
    assert str(failure(model, Limits(seconds=0.5, pause_seconds=0.001))) == "the model server took longer than 0.5 s"


def test_time_that_is_up_before_there_is_a_connection_is_told_as_such(model, monkeypatch):
    """The socket's own timeout, which has the same length, may end before the thread that keeps the time has its turn."""

    def never(_connection):
        time.sleep(0.1)
        raise TimeoutError

    monkeypatch.setattr("urllib3.connection.HTTPConnection.connect", never)
    monkeypatch.setattr("kb.chat._Watch._ring", lambda _watch: None)
    assert str(failure(model, Limits(seconds=0.1, pause_seconds=0.001))) == "the model server took longer than 0.1 s"


def test_a_server_that_is_not_there():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = ChatServer(f"http://127.0.0.1:{taken.getsockname()[1]}/v1", "m", limits=QUICK)
        with pytest.raises(GenerationFailed, match="cannot be reached"):
            server.complete(MESSAGES)


def test_a_server_without_tls_behind_https(model):
    model.play(play.says("Yes."))
    server = ChatServer(model.url.replace("http:", "https:"), "m", "sk-secret", QUICK)
    with pytest.raises(GenerationFailed):
        server.complete(MESSAGES)
    assert model.asked == []


def test_proxies_of_the_environment_are_not_used(model, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    model.play(play.says("Yes."))
    assert ask(model) == Reply("Yes.")


def test_the_key_is_in_no_repr():
    assert "sk-secret" not in repr(ChatServer("http://127.0.0.1/v1", "m", "sk-secret"))


def key_file(tmp_path, content, mode=0o600):
    path = tmp_path / "key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_key_is_read_from_its_file(tmp_path):
    assert read_key(key_file(tmp_path, b"sk-123\n")) == "sk-123"
    assert read_key(key_file(tmp_path, b"sk-123\r\n", 0o400)) == "sk-123"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602, 0o604])
def test_a_key_that_others_may_read_is_refused(tmp_path, mode):
    path = key_file(tmp_path, b"sk-123", mode)
    with pytest.raises(BadRequest, match="chmod 600") as refused:
        read_key(path)
    assert "sk-123" not in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"\n", b"sk-1\nsk-2\n", b"sk 1", "sk-ключ".encode(), b"sk-1\x00", b"k" * 5000])
def test_a_file_that_holds_no_key(tmp_path, content):
    with pytest.raises(BadRequest, match="the key alone"):
        read_key(key_file(tmp_path, content))


def test_no_file_at_all(tmp_path):
    with pytest.raises(BadRequest, match="cannot be read: No such file"):
        read_key(tmp_path / "none")
    with pytest.raises(BadRequest, match=r"is no file|cannot be read"):
        read_key(tmp_path)
    os.mkfifo(tmp_path / "fifo", 0o600)
    with pytest.raises(BadRequest, match="is no file"):
        read_key(tmp_path / "fifo")
