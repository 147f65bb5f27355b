"""Which addresses the portal may open for people who are not the owners of its network. Pure: it never resolves or connects.

Two questions: may this URL be used at all (`check_url`, when it is saved and at every request), and may this very address
be connected to (`check_address`, with what the name resolved to, right before the socket is opened). Open without any
setting: https on 443 or 8443 to public addresses. PORTAL_EGRESS_ALLOW opens more, entry by entry.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import httpx2

from integrations.connectors.failures import Failure, SourceError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SETTING = "PORTAL_EGRESS_ALLOW"
LONGEST_URL = 2_000
OPEN_PORTS = frozenset({443, 8443})
_PORTS = {"http": 80, "https": 443}

_THIS_MACHINE = "a loopback address (the portal's own machine)"

# `ipaddress.is_global` is not used: versions of Python disagree, and some call NAT64, 6to4 and 168.63.129.16 global.
_NEVER = (
    ("169.254.0.0/16", "a link-local address, where clouds keep the keys of a machine"),
    ("fe80::/10", "a link-local address"),
    ("100.100.100.200/32", "a cloud's metadata address"),
    ("168.63.129.16/32", "a cloud's metadata address"),
    ("192.0.0.192/32", "a cloud's metadata address"),
    ("fd00:ec2::/32", "a cloud's metadata address"),
    ("fd20:ce::254/128", "a cloud's metadata address"),
    ("0.0.0.0/8", "no address of a server"),
    ("::/128", "no address of a server"),
    ("224.0.0.0/4", "a multicast address"),
    ("ff00::/8", "a multicast address"),
    ("255.255.255.255/32", "a broadcast address"),
    # Forms that carry an IPv4 address inside and so slip past a list of IPv4 addresses; nobody needs them.
    ("::ffff:0:0/96", "an IPv4 address in disguise"),
    ("::ffff:0:0:0/96", "an IPv4 address in disguise"),
    ("64:ff9b::/96", "an IPv4 address in disguise (NAT64)"),
    ("64:ff9b:1::/48", "an IPv4 address in disguise (NAT64)"),
    ("2002::/16", "an IPv4 address in disguise (6to4)"),
    ("2001::/32", "an IPv4 address in disguise (Teredo)"),
)
# Closed unless the setting opens them. Order matters: the first that matches gives the words.
_CLOSED = (
    ("127.0.0.0/8", _THIS_MACHINE),
    ("::1/128", _THIS_MACHINE),
    ("10.0.0.0/8", "a private address"),
    ("172.16.0.0/12", "a private address"),
    ("192.168.0.0/16", "a private address"),
    ("100.64.0.0/10", "a carrier's shared address"),
    ("192.0.0.0/24", "a reserved address"),
    ("192.0.2.0/24", "a reserved address"),
    ("192.88.99.0/24", "a reserved address"),
    ("198.18.0.0/15", "a reserved address"),
    ("198.51.100.0/24", "a reserved address"),
    ("203.0.113.0/24", "a reserved address"),
    ("240.0.0.0/4", "a reserved address"),
    ("fc00::/7", "a private address"),
    ("2001::/23", "a reserved address"),
    ("2001:db8::/32", "a reserved address"),
    ("3fff::/20", "a reserved address"),
)
_NEVER_NETWORKS = tuple((ipaddress.ip_network(net), words) for net, words in _NEVER)
_CLOSED_NETWORKS = tuple((ipaddress.ip_network(net), words) for net, words in _CLOSED)
_PUBLIC_V6 = ipaddress.ip_network("2000::/3")
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data", "metadata.goog"})

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_END = re.compile(r"(\d+|0x[0-9a-f]*)")
_URL_CHARACTERS = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")


class Origin(NamedTuple):
    """Scheme, host (lower case, no brackets) and port of a checked URL."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class InvalidEgressEntry(ValueError):
    """An entry of PORTAL_EGRESS_ALLOW is not `scheme://host-or-CIDR:port`."""


@dataclass(frozen=True, slots=True)
class _Entry:
    scheme: str
    port: int
    host: str = ""
    network: Network | None = None

    def may_open(self, origin: Origin) -> bool:
        """Whether this entry can open the URL; for a name under a network entry the address decides later."""
        if (self.scheme, self.port) != (origin.scheme, origin.port):
            return False
        if self.network is None:
            return self._names(origin.host)
        literal = _literal(origin.host)
        return literal is None or self.opens_address(origin, literal)

    def opens_address(self, origin: Origin, address: Address) -> bool:
        if (self.scheme, self.port) != (origin.scheme, origin.port):
            return False
        if self.network is None:
            return self._names(origin.host)
        # "localhost" is ::1 as well as 127.0.0.1; whoever allowed one of the three names meant this machine.
        is_loopback = address.is_loopback and str(self.network.network_address) in _LOOPBACK
        return (is_loopback and origin.host in _LOOPBACK) or address in self.network

    def _names(self, host: str) -> bool:
        return host == self.host or (self.host in _LOOPBACK and host in _LOOPBACK)


class EgressPolicy:
    """What may be opened. Raises InvalidEgressEntry for an entry that it cannot read: a typo must not open or close silently."""

    def __init__(self, allow: Iterable[str] = ()) -> None:
        self.allow = tuple(allow)
        self._entries = tuple(_entry(text) for text in self.allow)

    @classmethod
    def from_text(cls, text: str) -> EgressPolicy:
        """The policy of a setting's text: entries separated by commas or white space."""
        return cls(re.split(r"[,\s]+", text.strip())) if text.strip() else cls()

    def with_entries(self, entries: Iterable[str]) -> EgressPolicy:
        """This policy and more: what an administrator allowed on a form, beside the setting."""
        return EgressPolicy((*self.allow, *entries))

    def check_url(self, url: str) -> Origin:
        """The origin of an address that may be tried. Raises SourceError(BLOCKED) with what is wrong and what would open it."""
        origin = _origin(url)
        if origin.host in _METADATA_NAMES:
            raise _blocked(f"{origin.host} is a cloud's metadata service; it holds keys and is never opened.")
        literal = _literal(origin.host)
        if literal is not None:
            self._refuse_never(literal)
        if any(entry.may_open(origin) for entry in self._entries):
            return origin
        if words := _why_closed(origin, literal):
            raise _closed(origin, words)
        return origin

    def check_address(self, scheme: str, host: str, port: int, ip: str) -> None:
        """Raises SourceError(BLOCKED) unless this address, which `host` resolved to, may be connected to."""
        origin = Origin(scheme, host, port)
        address = _literal(ip)
        if address is None:
            raise _blocked(f"{host} resolved to something that is no plain address; it is not opened.")
        self._refuse_never(address)
        if any(entry.opens_address(origin, address) for entry in self._entries):
            return
        if words := _closed_words(address):
            raise _closed(origin, words)
        if scheme != "https" or port not in OPEN_PORTS:
            raise _closed(origin, "at an address that no entry of the setting covers")

    def _refuse_never(self, address: Address) -> None:
        for network, words in _NEVER_NETWORKS:
            if address in network:
                raise _blocked(f"This leads to {words}; it is never opened, whatever {SETTING} says.")


def _closed_words(address: Address) -> str:
    for network, words in _CLOSED_NETWORKS:
        if address in network:
            return words
    if address.version == 6 and address not in _PUBLIC_V6:
        return "a reserved address"
    return ""


def _why_closed(origin: Origin, literal: Address | None) -> str:
    """What about the URL alone needs the setting; "" for https on a usual port to a name or a public address."""
    found = []
    if literal is not None and (words := _closed_words(literal)):
        found.append(words)
    elif origin.host == "localhost" or origin.host.endswith(".localhost"):
        found.append(_THIS_MACHINE)
    if origin.scheme == "http":
        found.append("plain http")
    elif origin.port not in OPEN_PORTS:
        found.append(f"on port {origin.port}, which is not one of 443 and 8443")
    return ", ".join(found)


def _closed(origin: Origin, words: str) -> SourceError:
    """The refusal of something that the setting can open: what, what opening it means, and where."""
    opened = f"every connection of this portal may then send requests to {origin.host} on port {origin.port}"
    if origin.scheme == "http":
        opened += ", its credential readable on the way"
    return SourceError(
        Failure.BLOCKED,
        f"Refused: {origin} is {words}. If you allow it, {opened}. To allow it, add {origin} to {SETTING}.",
        allow=str(origin),
    )


def _blocked(message: str) -> SourceError:
    return SourceError(Failure.BLOCKED, message)


def _origin(url: str) -> Origin:
    """The origin, read by the parser that the HTTP library itself uses: two parsers can be made to disagree."""
    if len(url) > LONGEST_URL:
        raise _blocked(f"The address is longer than {LONGEST_URL} characters.")
    if not _URL_CHARACTERS.fullmatch(url):
        raise _blocked(
            "The address holds characters that do not belong in one (white space, backslashes, letters beyond ASCII): "
            "write an international name in its xn-- form."
        )
    try:
        parsed = httpx2.URL(url)
        port = parsed.port
    except (httpx2.InvalidURL, ValueError):
        raise _blocked("This is no address that can be read, like https://system.example.org.") from None
    if parsed.scheme not in _PORTS:
        raise _blocked("Only https addresses can be read (http where the setting allows it).")
    if "#" in url:
        raise _blocked("The address holds a fragment (#...); leave it out.")
    if parsed.userinfo or "@" in url.partition("://")[2].partition("/")[0]:
        raise _blocked("The address holds a user name or password: enter credentials in their own fields.")
    if port is not None and not 0 < port < 65536:
        raise _blocked(f"Port {port} is no port of a server.")
    # `host` would decode xn-- names; what is compared and connected to is the encoded name.
    return Origin(parsed.scheme, _host(parsed.raw_host.decode("ascii")), port or _PORTS[parsed.scheme])


def _host(host: str) -> str:
    """The name or plain IP address. Raises for anything that some resolver reads as an address in another way than we do."""
    host = host.lower()
    literal = _literal(host)
    if literal is not None:
        return str(literal)
    labels = host.split(".")
    if not host or len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _blocked("The host name cannot be read: letters, digits, hyphens and single dots only.")
    if _NUMERIC_END.fullmatch(labels[-1]):
        raise _blocked("Write an IP address in its usual form, as in 192.0.2.10.")
    return host


def _literal(host: str) -> Address | None:
    if "%" in host:  # a zone id names one of our own network interfaces
        return None
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _entry(text: str) -> _Entry:
    """Reads `scheme://host-or-CIDR[:port]`. A network must not have host bits set: 10.1.2.3/8 is a mistake, not a wish."""
    scheme, separator, rest = text.strip().partition("://")
    match = re.fullmatch(r"(\[[0-9a-fA-F:.]+(?:/\d+)?\]|[^:\[\]@?#]+)(?::(\d{1,5}))?/?", rest)
    if not separator or scheme not in _PORTS or match is None:
        raise InvalidEgressEntry(f"{SETTING}: {text!r} is not scheme://host-or-CIDR:port")
    host, port = match[1].strip("[]").lower(), int(match[2] or _PORTS[scheme])
    if not 0 < port < 65536:
        raise InvalidEgressEntry(f"{SETTING}: {text!r} names a port that does not exist")
    try:
        return _Entry(scheme, port, network=ipaddress.ip_network(host))
    except ValueError:
        pass
    try:
        if "/" in host or _host(host) != host:
            raise InvalidEgressEntry(f"{SETTING}: {text!r} names no network (is a host bit set?)")
    except SourceError as error:
        raise InvalidEgressEntry(f"{SETTING}: {text!r}: {error.message}") from None
    return _Entry(scheme, port, host=host)
