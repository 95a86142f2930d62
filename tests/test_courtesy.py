"""Towards hosts: one at a time, with pauses, as robots.txt allows, back when told to, and no further than a few redirects."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.utils import formatdate
from types import SimpleNamespace

import pytest
import trustme

from ingest.courtesy import Courtesy, Manners
from ingest.download import Budget, Limits, Wire
from ingest.reach import NotFetched, Reach, is_public, resolve
from tests.bad_server import HTML_PAGE, REACH, BadServer, any_port, cut_after, in_turn, page, redirect, serving, silent, status

LIMITS = Limits(connect_seconds=60, silence_seconds=60, seconds=120)
QUICK = Manners(pause=0.0, longest_wait=60.0, busy_wait=0.0)


@pytest.fixture(autouse=True)
def _standing_still(monkeypatch):
    """The clock that turns and pauses are counted by: what is to be waited is then told to the second."""
    monkeypatch.setattr("ingest.courtesy.time", SimpleNamespace(monotonic=lambda: 1000.0))


@pytest.fixture
def bad() -> Iterator[BadServer]:
    with serving() as server:
        yield server


class Patient(threading.Event):
    """Notes how long it was to wait, and does not."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[int] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(round(timeout or 0))
        return False


def courtesy(manners: Manners = QUICK, reach: Reach = REACH, limits: Limits = LIMITS) -> tuple[Courtesy, Patient]:
    wire = Wire(reach, limits)
    wire.stopped = patient = Patient()
    return Courtesy(wire, manners), patient


def visited(made: Courtesy, url: str) -> tuple[int, str, bytes]:
    def ask() -> tuple[int, str, bytes]:
        with made.visit(url, lambda _: {}, Budget(LIMITS.seconds)) as reply:
            return reply.status, reply.url, b"".join(reply.blocks())

    return made.patiently(ask)


def failure(url: str, made: Courtesy | None = None) -> NotFetched:
    with pytest.raises(NotFetched) as caught:
        visited(made or courtesy()[0], url)
    return caught.value


# ---- redirects ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed(bad, code):
    bad.pages |= {"/a": redirect("../b?x=1", code), "/b?x=1": page()}
    assert visited(courtesy()[0], bad.url()) == (200, bad.url("/b?x=1"), HTML_PAGE)


def test_a_redirect_in_utf8_is_understood(bad):
    bad.pages |= {"/a": lambda handler: handler.wfile.write("HTTP/1.1 302 F\r\nLocation: /خبر\r\n\r\n".encode())}
    bad.pages |= {"/%D8%AE%D8%A8%D8%B1": page()}
    assert visited(courtesy()[0], bad.url())[0] == 200


def test_a_loop_ends_after_five_redirects(bad):
    bad.pages["/a"] = redirect("/a")
    caught = failure(bad.url())
    assert (caught.stage, "more than 5 redirects" in str(caught)) == ("answer", True)
    assert bad.paths() == ["/a"] * 6


@pytest.mark.parametrize(
    "target",
    [
        "http://10.0.0.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest/",
        "http://inside.example/",
        "http://0x7f.1/",
        "http://127.0.0.1/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(bad, target):
    """The tests' server stands for a public host here, by its name; everything else is judged by the default rule."""
    asked: list[str] = []

    def answers(host: str, port: int) -> list[str]:
        asked.append(host)
        return {"docs.example": ["127.0.0.1"], "inside.example": ["192.168.0.7"]}.get(host) or resolve(host, port)

    reach = Reach(address=lambda address: asked[-1] == "docs.example" or is_public(address), port=any_port, resolve=answers)
    bad.pages["/a"] = redirect(target)
    caught = failure(bad.url(), courtesy(reach=reach)[0])
    assert "not an address of the public internet" in str(caught)
    assert bad.paths() == ["/a"]


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("file:///etc/passwd", "only http:// and https://"),
        ("ftp://docs.example/", "only http:// and https://"),
        ("http://user:secret@docs.example/", "carries a user name"),
        ("http://[half", "redirects where nothing is fetched"),
    ],
)
def test_a_redirect_to_what_is_no_web_address_is_refused(bad, target, said):
    bad.pages["/a"] = redirect(target)
    caught = failure(bad.url())
    assert caught.stage == "address"
    assert said in str(caught) and "docs.example redirects where nothing is fetched" in str(caught)


def test_a_redirect_to_another_port_is_refused_by_default(bad):
    reach = Reach(address=REACH.address, port=lambda port: port in (80, 443, bad.port), resolve=REACH.resolve)
    bad.pages["/a"] = redirect("http://docs.example:6379/")
    assert "refused on port 6379" in str(failure(bad.url(), courtesy(reach=reach)[0]))


def test_https_is_not_left_again(bad):
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("docs.example").configure_cert(tls)

    def context() -> ssl.SSLContext:
        made = ssl.create_default_context()
        authority.configure_trust(made)
        return made

    made, _ = courtesy(reach=replace(REACH, tls=context))
    with serving(tls) as safe:
        bad.pages |= {"/a": redirect(safe.url("/a", scheme="https")), "/b": page()}
        safe.pages |= {"/a": page(), "/down": redirect(bad.url("/b"))}
        assert visited(made, bad.url("/a"))[0] == 200  # up is fine
        assert "redirects from https to http://docs.example" in str(failure(safe.url("/down", scheme="https"), made))
    assert bad.paths() == ["/a"]


# ---- robots.txt -----------------------------------------------------------------------------------------------------------


def test_robots_are_asked_once_and_obeyed(bad):
    rules = b"User-agent: *\nDisallow: /secret\nDisallow: /*.pdf$\nAllow: /secret/open\n\nUser-agent: Other\nDisallow: /\n"
    bad.pages |= {"/robots.txt": page(rules, Content_Type="text/plain"), "/a": page(), "/secret/open": page()}
    made, _ = courtesy()
    assert visited(made, bad.url("/a"))[0] == visited(made, bad.url("/secret/open"))[0] == 200
    for path in ("/secret/x", "/report.pdf"):
        caught = failure(bad.url(path), made)
        assert (caught.stage, "forbids it" in str(caught)) == ("robots", True)
    assert [path for path, _ in bad.asked] == ["/robots.txt", "/a", "/secret/open"]


def test_robots_may_name_us(bad):
    bad.pages |= {"/robots.txt": page(b"User-agent: wakhan\nDisallow: /\n\nUser-agent: *\nAllow: /\n"), "/a": page()}
    assert failure(bad.url()).stage == "robots"
    assert bad.paths() == []


def test_the_robots_of_a_redirects_host_are_asked_too(bad):
    bad.pages |= {
        "/robots.txt": lambda handler: (
            page(b"User-agent: *\nDisallow: /b")(handler) if handler.headers["Host"].startswith("other") else status(404)(handler)
        ),
        "/a": redirect(bad.url("/b", host="other.example")),
        "/b": page(),
    }
    caught = failure(bad.url())
    assert "the robots.txt of other.example forbids it" in str(caught)
    assert bad.paths() == ["/a"]


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_no_robots_is_no_rule(bad, code):
    bad.pages |= {"/robots.txt": status(code), "/a": page()}
    assert visited(courtesy()[0], bad.url())[0] == 200


@pytest.mark.parametrize("answer", [status(500), status(503), status(429), redirect("/robots.txt"), cut_after(b"x" * 99, 5)])
def test_robots_in_trouble_mean_not_now(bad, answer):
    bad.pages |= {"/robots.txt": answer, "/a": page()}
    made, _ = courtesy()
    caught = failure(bad.url(), made)
    assert (caught.stage, caught.passing) == ("robots", False)
    assert "could not be asked" in str(caught)
    before = len(bad.asked)
    assert failure(bad.url("/b"), made).stage == "robots"
    assert (bad.paths(), len(bad.asked)) == ([], before)  # and nobody asks again in this run


def test_robots_that_say_nothing_mean_not_now(bad):
    bad.pages |= {"/robots.txt": silent(bad), "/a": page()}
    made, _ = courtesy(limits=replace(LIMITS, silence_seconds=0.2))
    assert failure(bad.url(), made).stage == "robots"


def test_endless_robots_are_read_to_a_limit(bad):
    start = b"User-agent: *\nDisallow: /secret\n"
    bad.pages |= {"/robots.txt": page(start + b"# more\n" * (1 << 20)), "/a": page()}
    made, _ = courtesy()
    assert visited(made, bad.url())[0] == 200
    assert failure(bad.url("/secret"), made).stage == "robots"


# ---- turns ----------------------------------------------------------------------------------------------------------------


def test_a_host_is_asked_one_at_a_time_with_and_without_www(bad):
    lock, there, most = threading.Lock(), list[str](), list[int]()

    def counted(handler):
        with lock:
            there.append(handler.path)
            most.append(len(there))
        time.sleep(0.02)  # long enough for another to come, if one may
        with lock:
            there.remove(handler.path)  # before the answer: who has that may ask for the next
        page()(handler)

    bad.pages |= {f"/{n}": counted for n in range(8)} | {"/robots.txt": counted}
    made, _ = courtesy()
    urls = [bad.url(f"/{n}", host="www.docs.example" if n % 2 else "docs.example") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        assert {result[0] for result in pool.map(lambda url: visited(made, url), urls)} == {200}
    assert most == [1] * 10  # two of them for rules
    assert len(bad.paths()) == 8


def test_another_host_is_not_kept_waiting(bad):
    bad.pages |= {"/slow": silent(bad), "/a": page()}
    made, _ = courtesy()
    thread = threading.Thread(target=lambda: failure(bad.url("/slow"), made))
    thread.start()
    while "/slow" not in bad.paths():
        threading.Event().wait(0.01)
    assert visited(made, bad.url("/a", host="other.example"))[0] == 200
    bad.released.set()
    thread.join()


def test_there_is_a_pause_between_requests_to_a_host(bad):
    bad.pages["/a"] = page()
    made, patient = courtesy(Manners(pause=2.0))
    for host in ("docs.example", "docs.example", "other.example"):
        visited(made, bad.url(host=host))
    assert patient.waits == [2, 2, 2]  # after each robots.txt, and before the second document


def test_a_crawl_delay_is_kept_between_documents(bad):
    bad.pages |= {"/robots.txt": page(b"User-agent: *\nCrawl-delay: 20"), "/a": redirect("/b"), "/b": page()}
    made, patient = courtesy()
    visited(made, bad.url())
    visited(made, bad.url())
    assert patient.waits == [20]  # the redirect belongs to the same document


def test_a_crawl_delay_beyond_the_runs_patience_leaves_the_rest_for_later(bad):
    bad.pages |= {"/robots.txt": page(b"User-agent: *\nCrawl-delay: 3600"), "/a": page()}
    made, patient = courtesy()
    assert visited(made, bad.url())[0] == 200
    caught = failure(bad.url(), made)
    assert (caught.stage, caught.passing) == ("wait", False)
    assert "wants no request until 20" in str(caught)
    assert (bad.paths(), patient.waits) == (["/a"], [])


@pytest.mark.parametrize("delay", [b"nan", b"inf", b"-5", b"1e300x", b"soon"])
def test_a_crawl_delay_that_makes_no_sense_is_none(bad, delay):
    bad.pages |= {"/robots.txt": page(b"User-agent: *\nCrawl-delay: " + delay), "/a": page()}
    made, patient = courtesy()
    assert [visited(made, bad.url())[0] for _ in range(2)] == [200, 200]
    assert patient.waits == []


# ---- busy hosts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [429, 503])
def test_a_busy_host_is_asked_again_when_it_says(bad, code):
    bad.pages["/a"] = in_turn(status(code, Retry_After="7"), status(code, Retry_After="9"), page())
    made, patient = courtesy()
    assert visited(made, bad.url())[0] == 200
    assert patient.waits == [7, 9]


def test_a_date_is_understood_too(bad):
    bad.pages["/a"] = in_turn(status(429, Retry_After=formatdate(usegmt=True)), page())
    assert visited(courtesy()[0], bad.url())[0] == 200


def test_a_host_that_stays_busy_is_left_alone_after_three_times(bad):
    bad.pages["/a"] = status(429, Retry_After="1")
    caught = failure(bad.url())
    assert "docs.example answered 429 Too Many Requests; come back at 20" in str(caught)
    assert bad.paths() == ["/a"] * 3


@pytest.mark.parametrize("named", ["3600", "99999999999999999999", "9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a_long_wait_is_not_taken_but_named(bad, named):
    bad.pages |= {"/a": status(429, Retry_After=named), "/b": page()}
    made, patient = courtesy()
    caught = failure(bad.url(), made)
    if len(named) < 4300:  # Python reads no longer numbers: such a time is none
        assert "come back at 20" in str(caught)
        assert bad.paths() == ["/a"]
        assert failure(bad.url("/b"), made).stage == "wait"  # the host's other documents wait as well
        assert bad.paths() == ["/a"]
    assert patient.waits == []


def test_a_time_that_cannot_be_read_is_our_own(bad):
    bad.pages["/a"] = in_turn(status(503, Retry_After="soon"), page())
    made, patient = courtesy(Manners(pause=0.0, busy_wait=4.0))
    assert visited(made, bad.url())[0] == 200
    assert patient.waits == [4]
