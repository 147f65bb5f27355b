"""The address policy, by table. Nothing here connects or resolves."""

from __future__ import annotations

import pytest

from integrations.connectors.egress import EgressPolicy, InvalidEgressEntry, Origin
from integrations.connectors.failures import Failure, SourceError

CLOSED = EgressPolicy()

# URL -> what the refusal must say. None of these may be tried with the setting empty.
REFUSED_URLS = {
    # Schemes and shape
    "http://mlflow.example.org": "plain http",
    "ftp://mlflow.example.org": "Only https",
    "file:///etc/passwd": "Only https",
    "gopher://127.0.0.1:6379/_INFO": "Only https",
    "//mlflow.example.org": "Only https",
    "mlflow.example.org": "Only https",
    "": "characters",
    "https://": "host name",
    "https:///path": "host name",
    "https://mlflow.example.org#@127.0.0.1/": "fragment",
    "https://mlflow.example.org/" + "a" * 2_000: "longer than",
    # Ports
    "https://mlflow.example.org:22": "on port 22",
    "https://mlflow.example.org:6379": "on port 6379",
    "https://mlflow.example.org:0": "Port 0",
    "https://mlflow.example.org:99999": "Port 99999",
    # User names: the part before @ is what people read, the part after it is where the request goes
    "https://mlflow.example.org@127.0.0.1/": "user name",
    "https://user:secret@mlflow.example.org/": "user name",
    "https://127.0.0.1:443@mlflow.example.org/": "user name",
    "https://@mlflow.example.org/": "user name",
    # Characters that two parsers read differently
    "https://mlflow.example.org\\@127.0.0.1/": "characters",
    "https:\\\\127.0.0.1/": "characters",
    "https://mlflow.example.org\t.evil.example/": "characters",
    "https://mlflow.example.org\n": "characters",
    "https://mlflow.example.org /": "characters",
    "https://\x00mlflow.example.org": "characters",
    "https://①②⑦.⓪.⓪.①/": "characters",
    "https://\u0661\u0662\u0667.\u0660.\u0660.\u0661/": "characters",
    "https://mlflow。example.org/": "characters",
    "https://exämple.org/": "characters",
    "https://127.0.0.1%2f@example.org/": "user name",
    "https://%31%32%37.0.0.1/": "host name",
    # This machine
    "https://127.0.0.1/": "loopback",
    "https://127.8.9.1/": "loopback",
    "https://localhost/": "loopback",
    "https://LOCALHOST/": "loopback",
    "https://mlflow.localhost/": "loopback",
    "https://localhost./": "host name",
    "https://127.0.0.1./": "host name",
    "https://[::1]/": "loopback",
    "https://[0:0:0:0:0:0:0:1]/": "loopback",
    # IPv4 in other clothes: decimal, octal, hexadecimal, short
    "https://2130706433/": "usual form",
    "https://0x7f000001/": "usual form",
    "https://0x7f.0.0.1/": "usual form",
    "https://0177.0.0.1/": "no address that can be read",
    "https://127.1/": "usual form",
    "https://127.0.0.0x1/": "usual form",
    "https://00000177.0.0.1/": "no address that can be read",
    "https://256.256.256.256/": "no address that can be read",
    "https://0/": "usual form",
    "https://[::ffff:127.0.0.1]/": "in disguise",
    "https://[::ffff:7f00:1]/": "in disguise",
    "https://[64:ff9b::a9fe:a9fe]/": "in disguise (NAT64)",
    "https://[64:ff9b:1::1]/": "in disguise (NAT64)",
    "https://[2002:7f00:1::]/": "in disguise (6to4)",
    "https://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/": "in disguise (Teredo)",
    # Private and reserved networks
    "https://10.0.0.1/": "private",
    "https://172.16.0.1/": "private",
    "https://172.31.255.255/": "private",
    "https://192.168.1.1/": "private",
    "https://100.64.0.1/": "carrier",
    "https://192.0.0.8/": "reserved",
    "https://198.18.0.1/": "reserved",
    "https://203.0.113.7/": "reserved",
    "https://240.0.0.1/": "reserved",
    "https://[fd12:3456::1]/": "private",
    "https://[fec0::1]/": "reserved",
    "https://[2001:db8::1]/": "reserved",
    "https://[3fff::1]/": "reserved",
    "https://[::7f00:1]/": "reserved",
    # Metadata services and addresses of no server
    "https://169.254.169.254/latest/meta-data/": "never opened",
    "https://169.254.170.2/": "never opened",
    "https://100.100.100.200/": "never opened",
    "https://168.63.129.16/": "never opened",
    "https://[fd00:ec2::254]/": "never opened",
    "https://metadata.google.internal/": "never opened",
    "https://[fe80::1]/": "never opened",
    "https://[fe80::1%25eth0]/": "",
    "https://0.0.0.0/": "never opened",
    "https://[::]/": "never opened",
    "https://224.0.0.1/": "never opened",
    "https://255.255.255.255/": "never opened",
    "https://[ff02::1]/": "never opened",
}

ALLOWED_URLS = {
    "https://api.github.com": Origin("https", "api.github.com", 443),
    "https://API.GitHub.com/": Origin("https", "api.github.com", 443),
    "https://mlflow.example.org:8443/prefix/": Origin("https", "mlflow.example.org", 8443),
    "https://xn--exmple-cua.org/": Origin("https", "xn--exmple-cua.org", 443),
    "https://140.82.121.6/": Origin("https", "140.82.121.6", 443),
    "https://[2606:50c0:8000::154]/": Origin("https", "2606:50c0:8000::154", 443),
    "https://intranet/": Origin("https", "intranet", 443),  # a name: its addresses decide
    "https://127.0.0.1.nip.io/": Origin("https", "127.0.0.1.nip.io", 443),  # the same
}

# What a harmless name may resolve to (rebinding, a CNAME to the inside, IPv6 only), and whether a socket may be opened.
ADDRESSES = {
    "140.82.121.6": "",
    "2606:50c0:8000::154": "",
    "127.0.0.1": "loopback",
    "::1": "loopback",
    "10.1.2.3": "private",
    "192.168.0.10": "private",
    "fd12::1": "private",
    "100.64.0.1": "carrier",
    "169.254.169.254": "never opened",
    "168.63.129.16": "never opened",
    "100.100.100.200": "never opened",
    "fd00:ec2::254": "never opened",
    "::ffff:127.0.0.1": "never opened",
    "64:ff9b::a9fe:a9fe": "never opened",
    "2002:7f00:1::": "never opened",
    "fe80::1": "never opened",
    "fe80::1%eth0": "no plain address",
    "0.0.0.0": "never opened",
    "192.0.0.8": "reserved",
    "3fff::1": "reserved",
    "not an address": "no plain address",
}


def refusal(policy: EgressPolicy, url: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        policy.check_url(url)
    assert caught.value.kind is Failure.BLOCKED
    assert not caught.value.can_retry
    return caught.value


@pytest.mark.parametrize(("url", "words"), REFUSED_URLS.items())
def test_url_refused(url: str, words: str) -> None:
    assert words in refusal(CLOSED, url).message


@pytest.mark.parametrize(("url", "origin"), ALLOWED_URLS.items())
def test_url_allowed(url: str, origin: Origin) -> None:
    assert CLOSED.check_url(url) == origin


@pytest.mark.parametrize(("ip", "words"), ADDRESSES.items())
def test_address_of_a_harmless_name(ip: str, words: str) -> None:
    if not words:
        CLOSED.check_address("https", "mlflow.example.org", 443, ip)
        return
    with pytest.raises(SourceError, match=words) as caught:
        CLOSED.check_address("https", "mlflow.example.org", 443, ip)
    assert ip not in caught.value.message, "an address inside somebody's network is nobody's business"


def test_there_are_enough_vectors() -> None:
    assert len(REFUSED_URLS) + len(ADDRESSES) >= 40


def test_refusal_says_what_it_is_what_opening_means_and_the_setting() -> None:
    error = refusal(CLOSED, "http://localhost:5000/mlflow")

    assert error.message == (
        "Refused: http://localhost:5000 is a loopback address (the portal's own machine), plain http. If you allow it, "
        "every connection of this portal may then send requests to localhost on port 5000, its credential readable on the "
        "way. To allow it, add http://localhost:5000 to PORTAL_EGRESS_ALLOW."
    )
    assert error.allow == "http://localhost:5000"


@pytest.mark.parametrize("url", [url for url in REFUSED_URLS if url.startswith(("http://", "https://"))])
def test_what_a_refusal_offers_to_allow_does_open_it(url: str) -> None:
    offered = refusal(CLOSED, url).allow
    if offered:
        assert str(EgressPolicy.from_text(offered).check_url(url)) == offered
    else:
        with pytest.raises(SourceError):
            EgressPolicy(("https://0.0.0.0/0:443", "https://[::/0]:443")).check_url(url)


@pytest.mark.parametrize(
    ("entry", "url", "ip"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000", "127.0.0.1"),
        ("http://127.0.0.1:5000", "http://localhost:5000", "::1"),
        ("http://localhost:5000", "http://127.0.0.1:5000/x", "127.0.0.1"),
        ("http://[::1]:5000", "http://[::1]:5000", "::1"),
        ("https://10.0.0.0/8:443", "https://mlflow.example.org", "10.9.8.7"),
        ("http://10.0.0.0/8:5000", "http://mlflow.example.org:5000", "10.9.8.7"),
        ("https://[fd00::/8]:8443", "https://mlflow.example.org:8443", "fd12::1"),
        ("http://mlflow.example.org", "http://mlflow.example.org", "192.168.3.4"),
        ("https://ci.example.org:9443", "https://CI.example.org:9443", "140.82.121.6"),
    ],
)
def test_entry_opens(entry: str, url: str, ip: str) -> None:
    policy = EgressPolicy.from_text(f"https://other.example.org:1234, {entry}")

    policy.check_address(*policy.check_url(url), ip)


@pytest.mark.parametrize(
    ("entry", "url", "ip"),
    [
        ("http://127.0.0.1:5000", "http://127.0.0.1:5001", "127.0.0.1"),
        ("http://127.0.0.1:5000", "https://127.0.0.1:5000", "127.0.0.1"),
        ("http://127.0.0.1:5000", "http://127.0.0.2:5000", "127.0.0.2"),
        ("http://127.0.0.1:5000", "http://evil.example.org:5000", "10.0.0.1"),
        ("http://10.0.0.0/8:5000", "http://mlflow.example.org:5000", "140.82.121.6"),
        ("http://10.0.0.0/8:5000", "http://mlflow.example.org:5000", "127.0.0.1"),
        ("https://mlflow.example.org:443", "https://notmlflow.example.org", "10.0.0.1"),
        ("http://mlflow.example.org:80", "http://mlflow.example.org", "169.254.169.254"),
        ("https://169.254.0.0/16:443", "https://169.254.169.254", "169.254.169.254"),
        ("http://0.0.0.0/0:80", "http://169.254.169.254", "169.254.169.254"),
        ("http://metadata.google.internal:80", "http://metadata.google.internal", "140.82.121.6"),
    ],
)
def test_entry_does_not_open(entry: str, url: str, ip: str) -> None:
    policy = EgressPolicy.from_text(entry)

    with pytest.raises(SourceError) as caught:
        policy.check_address(*policy.check_url(url), ip)
    assert caught.value.kind is Failure.BLOCKED


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:5000",
        "ftp://mlflow.example.org",
        "http://",
        "http://*:5000",
        "http://10.1.2.3/8:5000",
        "http://user@mlflow.example.org",
        "http://mlflow.example.org:70000",
        "http://mlflow.example.org/path",
        "http://127.1:5000",
    ],
)
def test_entry_that_cannot_be_read_stops_the_start(text: str) -> None:
    with pytest.raises(InvalidEgressEntry, match="PORTAL_EGRESS_ALLOW"):
        EgressPolicy.from_text(text)


def test_entries_of_a_form_come_on_top_of_the_setting() -> None:
    policy = EgressPolicy.from_text("http://127.0.0.1:5000").with_entries(["http://127.0.0.1:5001"])

    assert policy.allow == ("http://127.0.0.1:5000", "http://127.0.0.1:5001")
    assert policy.check_url("http://127.0.0.1:5001").port == 5001
