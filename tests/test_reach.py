"""Which addresses may be reached: a table of what attackers write, and properties of the address rule."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.reach import NotFetched, Reach, is_public

# The ranges of IANA's special-purpose registries that are not globally reachable, and the ways of IPv6 into IPv4.
PRIVATE = """
0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16
198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32
::/128 ::1/128 ::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:db8::/32 2002::/16 3fff::/20 fc00::/7 fe80::/10 fec0::/10 ff00::/8
""".split()


def inside(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> st.SearchStrategy[ipaddress.IPv4Address]:
    return st.integers(0, network.num_addresses - 1).map(lambda offset: network[offset])


private = st.sampled_from(PRIVATE).map(ipaddress.ip_network).flatmap(inside)
private_v4 = st.sampled_from([n for n in PRIVATE if ":" not in n]).map(ipaddress.ip_network).flatmap(inside)


@given(private)
def test_no_special_range_is_public(address):
    assert not is_public(address)


@given(private_v4)
def test_no_ipv6_form_hides_a_private_ipv4_address(address):
    number = int(address)
    for high in (0xFFFF << 32, 0x64FF9B << 96, 0):  # mapped, NAT64, "compatible"
        assert not is_public(ipaddress.IPv6Address(high | number))
    assert not is_public(ipaddress.IPv6Address(0x2002 << 112 | number << 80))  # 6to4


@given(st.integers(1, 223).filter(lambda first: first not in (10, 100, 127, 169, 172, 192, 198, 203)), st.integers(0, 2**24 - 1))
def test_ordinary_addresses_are_public(first, rest):
    address = ipaddress.IPv4Address(first << 24 | rest)
    assert is_public(address)
    assert is_public(ipaddress.IPv6Address(0xFFFF << 32 | int(address)))


@pytest.mark.parametrize("address", ["8.8.8.8", "100.63.255.255", "100.128.0.0", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_ones(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://0/",
        "http://0.0.0.0/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://100.64.0.1/",
        "http://192.168.1.1/",
        "http://[::1]/",
        "http://[::]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[fe80::1]/",
        "http://[fd00::1]/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
    ],
)
def test_the_default_leads_to_no_private_address(url):
    """With the system's own resolver: forms such as 127.1 are its business, what comes of them is checked."""
    reach = Reach()
    with pytest.raises(NotFetched) as refused:
        reach.addresses(reach.place(url))
    assert (refused.value.stage, "not an address of the public internet" in str(refused.value)) == ("address", True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("file:///etc/passwd", "only http:// and https://"),
        ("ftp://example.org/a", "only http:// and https://"),
        ("gopher://example.org/", "only http:// and https://"),
        ("//example.org/", "only http:// and https://"),
        ("javascript:alert(1)", "address"),
        ("http://", "only http:// and https://"),
        ("http://[fe80::1%25eth0]/", "only http:// and https://"),
        ("http://user:secret@example.org/", "carries a user name or password"),
        ("http://example.org:22/", "refused on port 22"),
        ("http://example.org:0/", "refused on port 0"),
        ("http://example.org:99999/", "no web address"),
        ("http://[::1/", "no web address"),
    ],
)
def test_what_is_no_public_web_address(url, said):
    with pytest.raises(NotFetched) as refused:
        Reach().place(url)
    assert refused.value.stage == "address"
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


def test_one_private_address_among_public_ones_refuses_the_host():
    reach = Reach(resolve=lambda host, port: ["8.8.8.8", "10.0.0.1"])
    with pytest.raises(NotFetched, match=r"leads to 10\.0\.0\.1"):
        reach.addresses(reach.place("https://example.org/"))


@pytest.mark.parametrize("found", [[], ["nonsense"], ["fe80::1%eth0"]])
def test_what_a_resolver_should_not_say(found):
    reach = Reach(resolve=lambda host, port: found)
    with pytest.raises(NotFetched):
        reach.addresses(reach.place("https://example.org/"))


@pytest.mark.parametrize("error", [OSError("no such host"), UnicodeError("label empty")])
def test_a_name_that_does_not_resolve_is_named(error):
    def fails(_host, _port):
        raise error

    reach = Reach(resolve=fails)
    with pytest.raises(NotFetched, match=r"the name example\.org does not resolve") as refused:
        reach.addresses(reach.place("https://example.org/"))
    assert refused.value.stage == "connect"


def test_a_place_is_normalised_and_keeps_what_is_sent():
    place = Reach().place("HTTPS://WWW.Пример.рф:443/путь a?q=ü#part")
    assert (place.scheme, place.host, place.port) == ("https", "www.xn--e1afmkfd.xn--p1ai", 443)
    assert place.target == "/%D0%BF%D1%83%D1%82%D1%8C%20a?q=%C3%BC"
    assert (place.authority, place.household) == ("www.xn--e1afmkfd.xn--p1ai", "xn--e1afmkfd.xn--p1ai")
    assert "#" not in place.url
    assert Reach().place("http://[2606:4700::1111]/").authority == "[2606:4700::1111]"
