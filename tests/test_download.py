"""One exchange with a real server that misbehaves: every way in which it may go on for ever, lie or flood has its bound."""

from __future__ import annotations

import gzip
import ssl
import threading
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from ingest.download import BLOCK, USER_AGENT, Budget, Limits, Wire, unpacked
from ingest.reach import NotFetched, Reach
from tests.bad_server import HTML_PAGE, REACH, any_port, cut_after, dripping, page, serving, silent

QUICK = Limits(connect_seconds=60, silence_seconds=60, seconds=120)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"


@pytest.fixture
def bad():
    with serving() as server:
        yield server


def got(url: str, limits: Limits = QUICK, reach: Reach = REACH) -> tuple[int, bytes]:
    wire = Wire(reach, limits)
    with wire.get(reach.place(url), {}, Budget(limits.seconds)) as reply:
        return reply.status, b"".join(reply.blocks())


def failure(url: str, limits: Limits = QUICK, reach: Reach = REACH) -> NotFetched:
    with pytest.raises(NotFetched) as caught:
        got(url, limits, reach)
    return caught.value


def test_an_honest_page_comes_whole_and_we_say_who_we_are(bad):
    bad.pages["/a"] = page()
    assert got(bad.url()) == (200, HTML_PAGE)
    (headers,) = bad.headers("/a")
    assert headers["user-agent"] == USER_AGENT
    assert headers["host"] == f"docs.example:{bad.port}"
    version = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]["version"]
    assert USER_AGENT.startswith(f"Wakhan/{version} ")


def test_chunks_are_read_and_their_early_end_is_noticed(bad):
    bad.pages["/whole"] = lambda handler: handler.wfile.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
    bad.pages["/cut"] = lambda handler: handler.wfile.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc")
    assert got(bad.url("/whole")) == (200, b"abc")
    assert "broke off" in str(failure(bad.url("/cut")))


def test_a_body_that_ends_before_its_length_is_a_failure_that_may_pass(bad):
    bad.pages["/a"] = cut_after(HTML_PAGE, 100)
    caught = failure(bad.url())
    assert (caught.stage, caught.passing) == ("answer", True)
    assert "docs.example broke off" in str(caught)


def test_what_comes_after_the_announced_length_is_not_taken(bad):
    bad.pages["/a"] = page(b"abcdef", Content_Length="3")
    assert got(bad.url()) == (200, b"abc")


@pytest.mark.parametrize("length", ["-5", "3, 4", "many"])
def test_a_length_that_makes_no_sense_gives_no_traceback(bad, length):
    bad.pages["/a"] = page(b"abc", Content_Length=length)
    try:
        assert got(bad.url()) == (200, b"abc")
    except NotFetched as caught:
        assert caught.stage == "answer"


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 banana\r\n\r\n", b"\0" * 2000, HEAD + b"X: " + b"x" * 70000]
)
def test_what_is_no_http_is_named(bad, answer):
    bad.pages["/a"] = lambda handler: handler.wfile.write(answer)
    caught = failure(bad.url())
    assert (caught.stage, str(caught).isprintable()) == ("answer", True)  # what reaches the operator's terminal is text


@pytest.mark.parametrize(
    ("piece", "head"),
    [
        (b"x", HEAD + b"\r\n"),  # a body, byte by byte, without a length
        (b"x", HEAD + b"Content-Length: 1000000\r\n\r\n"),
        (b"1\r\nx\r\n", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        (b"x", HEAD + b"X-Long: "),  # a head that never ends
        (b"HTTP/1.1 100 Continue\r\n\r\n", b""),  # and one that never begins
    ],
    ids=["endless", "slow", "chunks", "head", "continue"],
)
def test_no_exchange_takes_longer_than_its_time(bad, piece, head):
    """Each byte comes in time, so no socket's own timeout would end it."""
    bad.pages["/a"] = dripping(bad, piece, head)
    caught = failure(bad.url(), replace(QUICK, seconds=0.4))
    assert (caught.stage, caught.passing) == ("answer", False)
    assert "took longer than the 0.4 s" in str(caught)


def test_silence_ends_it_earlier(bad):
    bad.pages["/a"] = silent(bad, HEAD + b"Content-Length: 10\r\n\r\nabc")
    assert "sent nothing for 0.2 s" in str(failure(bad.url(), replace(QUICK, silence_seconds=0.2)))
    bad.pages["/a"] = silent(bad)
    assert "sent nothing for 0.2 s" in str(failure(bad.url(), replace(QUICK, silence_seconds=0.2)))


def test_a_budget_that_is_spent_asks_nobody(bad):
    wire = Wire(REACH, QUICK)
    with pytest.raises(NotFetched, match="took longer"), wire.get(REACH.place(bad.url()), {}, Budget(0.0)):
        pass
    assert bad.asked == []


def test_an_exchange_is_paid_for(bad):
    bad.pages["/a"] = page()
    budget = Budget(120.0)
    with Wire(REACH, QUICK).get(REACH.place(bad.url()), {}, budget) as reply:
        b"".join(reply.blocks())
    assert budget.seconds < 120.0


def test_stopping_ends_what_goes_on(bad):
    bad.pages["/a"] = silent(bad, HEAD + b"Content-Length: 10\r\n\r\nabc")
    wire = Wire(REACH, Limits())
    failures: list[NotFetched] = []

    def run() -> None:
        try:
            with wire.get(REACH.place(bad.url()), {}, Budget(300.0)) as reply:
                b"".join(reply.blocks())
        except NotFetched as caught:
            failures.append(caught)

    thread = threading.Thread(target=run)
    thread.start()
    while not bad.asked:
        time.sleep(0.01)
    wire.stop()
    thread.join()
    assert len(failures) == 1
    with pytest.raises(NotFetched, match="the run was ended"), wire.get(REACH.place(bad.url()), {}, Budget(300.0)):
        pass


def test_nobody_there_is_a_failure_to_connect(bad):
    reach = replace(REACH, resolve=lambda host, port: ["127.0.0.1"])
    unused = 1  # nothing listens on tcpmux here
    caught = failure(f"http://docs.example:{unused}/", reach=reach)
    assert (caught.stage, caught.passing) == ("connect", False)
    assert "Connection refused" in str(caught)


def test_a_second_address_is_tried(bad):
    bad.pages["/a"] = page()
    reach = replace(REACH, resolve=lambda host, port: ["127.77.0.1", "127.0.0.1"])  # nothing listens on the first
    assert got(bad.url(), reach=reach)[0] == 200


def test_the_default_refuses_the_tests_server_before_a_byte_is_sent(bad):
    for url in (bad.url(host="127.0.0.1"), bad.url(host="localhost"), bad.url(host="[::ffff:127.0.0.1]")):
        assert failure(url, reach=Reach(port=any_port)).stage == "address"
    assert bad.asked == []


def test_a_name_is_resolved_once_for_the_check_and_the_connection(bad):
    """DNS rebinding: the second answer would lead elsewhere, but nobody asks for it."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]
    bad.pages["/a"] = page()
    reach = replace(REACH, resolve=lambda host, port: answers.pop(0))
    assert got(bad.url("/a", host="rebinding.example"), reach=reach)[0] == 200
    assert len(answers) == 1
    assert "10.0.0.1" in str(failure(bad.url("/a", host="rebinding.example"), reach=reach))
    assert len(bad.asked) == 1


def test_environment_proxies_are_not_used(bad, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    bad.pages["/a"] = page()
    assert got(bad.url())[0] == 200


# ---- TLS ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def trusting(authority: trustme.CA) -> Reach:
    def context() -> ssl.SSLContext:
        made = ssl.create_default_context()
        authority.configure_trust(made)
        return made

    return replace(REACH, tls=context)


def served_by(authority: trustme.CA, name: str, seen: list[str | None]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    context.sni_callback = lambda _socket, asked, _context: seen.append(asked)
    return context


def test_tls_goes_to_the_checked_address_under_the_hosts_name(authority):
    seen: list[str | None] = []
    with serving(served_by(authority, "docs.example", seen)) as bad:
        bad.pages["/a"] = page()
        assert got(bad.url(scheme="https"), reach=trusting(authority)) == (200, HTML_PAGE)
        assert seen == ["docs.example"]
        assert bad.headers("/a")[0]["host"] == f"docs.example:{bad.port}"


def test_a_certificate_for_another_name_is_refused(authority):
    with serving(served_by(authority, "other.example", [])) as bad:
        bad.pages["/a"] = page()
        caught = failure(bad.url(scheme="https"), reach=trusting(authority))
        assert caught.stage == "connect"
        assert "certificate is not valid for 'docs.example'" in str(caught)
        assert bad.asked == []


def test_a_certificate_of_nobody_that_we_know_is_refused(authority):
    with serving(served_by(authority, "docs.example", [])) as bad:
        assert "unable to get local issuer certificate" in str(failure(bad.url(scheme="https")))
        assert bad.asked == []


# ---- packing --------------------------------------------------------------------------------------------------------------


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=3000), min_size=1, max_size=3), st.integers(1, 200), st.integers(0, 30))
def test_gzip_comes_out_as_it_went_in_however_it_is_cut(members, size, padding):
    packed = b"".join(map(gzip.compress, members)) + bytes(padding)
    assert b"".join(unpacked(pieces(packed, size), "gzip", 1 << 20)) == b"".join(members)


@given(st.binary(min_size=1, max_size=2000), st.data())
def test_gzip_that_was_cut_is_a_failure(content, data):
    packed = gzip.compress(content)
    kept = data.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(NotFetched, match="end too early"):
        list(unpacked([packed[:kept]], "gzip", 1 << 20))


def test_a_bomb_is_stopped_at_the_limit():
    bomb = gzip.compress(bytes(50 << 20))  # 50 MB in 50 KB
    blocks, total = unpacked([bomb], "gzip", 1 << 20), 0
    with pytest.raises(NotFetched, match="more than the 1,048,576 bytes"):
        for block in blocks:
            assert len(block) <= BLOCK
            total += len(block)
    assert total <= 1 << 20


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_other_packings_are_refused(encoding):
    with pytest.raises(NotFetched, match="which was not asked for"):
        list(unpacked([b"x"], encoding, 100))


def test_broken_gzip_is_a_failure():
    with pytest.raises(NotFetched, match="its gzip data are broken"):
        list(unpacked([b"this is no gzip"], "gzip", 100))
