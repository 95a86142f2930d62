"""Which addresses the fetcher may reach: public hosts over http and https, checked before every connection.

A list of sources is text that anyone may send an operator, and a redirect is the word of a stranger: neither may lead into the
operator's own network. A name is resolved once, all its addresses are checked, and the connection goes to one that was checked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from urllib3.exceptions import LocationParseError
from urllib3.util import parse_url

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_DEFAULT_PORTS = {"http": 80, "https": 443}
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # an IPv6-only network's way to IPv4: the last 32 bits are where it leads
# What `is_global` of some Python that we run on lets through: relays into IPv4 (6to4, Teredo) and newer documentation ranges.
_NOT_PUBLIC = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "2001::/32", "2002::/16", "3fff::/20")))


class NotFetched(Exception):
    """Why a document was not fetched, as a sentence for the operator.

    `stage`: address, robots, wait, connect, answer, content or store. `passing`: asking again soon may do.
    """

    def __init__(self, stage: str, reason: str, *, passing: bool = False) -> None:
        super().__init__(reason)
        self.stage = stage
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Place:
    """A checked http or https address: `host` without brackets, `target` the path and query as they are sent."""

    url: str
    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def household(self) -> str:
        """Hosts that are asked one request at a time together: with and without www it is one server almost always."""
        return self.host.removeprefix("www.")


def is_public(address: IPAddress) -> bool:
    """Whether an address is of the public internet: no loopback, private, shared (100.64/10), link-local, multicast,
    reserved or documentation range, nor an IPv6 form that leads to such an IPv4 address."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address not in _GLOBAL_UNICAST:
            return False
    special = (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback or address.is_link_local
    )
    return address.is_global and not special and not any(address in network for network in _NOT_PUBLIC)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system's resolver gives them. Raises OSError or UnicodeError."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True, slots=True)
class Reach:
    """What may be reached, and how. The defaults are all that the commands use; the tests, whose server is on the loopback,
    pass their own. Ports other than the web's two are refused since no public document needs them, while a redirect to them
    would make the fetcher knock at other services' doors."""

    address: Callable[[IPAddress], bool] = is_public
    port: Callable[[int], bool] = frozenset(_DEFAULT_PORTS.values()).__contains__
    resolve: Callable[[str, int], Sequence[str]] = resolve
    tls: Callable[[], ssl.SSLContext] = ssl.create_default_context  # the system's roots; certificates and names are verified

    def place(self, url: str) -> Place:
        """The address, normalised. Raises NotFetched (stage "address") for one that may not be asked whatever it resolves to."""
        try:
            parts = parse_url(url)
        except LocationParseError as error:
            raise NotFetched("address", f"{url[:200]!r} is no web address; correct it.") from error
        host = (parts.host or "").removeprefix("[").removesuffix("]").rstrip(".")
        if parts.scheme not in _DEFAULT_PORTS or not host or "%" in host:
            raise NotFetched("address", f"{url[:200]!r} is refused: only http:// and https:// addresses with a host are fetched.")
        if parts.auth is not None:
            raise NotFetched("address", f"the address of {host} carries a user name or password; take it out.")
        port = parts.port if parts.port is not None else _DEFAULT_PORTS[parts.scheme]
        if not self.port(port):
            raise NotFetched("address", f"{host} is refused on port {port}: public documents are fetched from ports 80 and 443.")
        return Place(parts._replace(fragment=None).url, parts.scheme, host, port, parts.request_uri)

    def addresses(self, place: Place) -> tuple[str, ...]:
        """The host's addresses, all of them checked: one that is not public refuses the host, since a name that is public and
        private at once is the mark of an attack. Raises NotFetched (stage "address", or "connect" if there are none)."""
        try:
            found = tuple(dict.fromkeys(self.resolve(place.host, place.port)))
        except (OSError, UnicodeError) as error:
            cause = getattr(error, "strerror", None) or error
            raise NotFetched("connect", f"the name {place.host} does not resolve ({cause}); check it and the network.") from error
        for address in found:
            try:
                public = self.address(ipaddress.ip_address(address))
            except ValueError:
                public = False
            if not public:
                raise NotFetched(
                    "address", f"{place.host} is refused: it leads to {address}, which is not an address of the public internet."
                )
        if not found:
            raise NotFetched("connect", f"the name {place.host} has no address; check it and the network.")
        return found
