"""Whether a request was made on this very machine."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest
from django.http.request import split_domain_port

# A proxy adds one of these: then the connection is local, the person is not.
_FORWARDED = ("HTTP_FORWARDED", "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_REAL_IP")


def connects_from_loopback(request: HttpRequest) -> bool:
    """Whether the other end of the connection is this machine: the person, or a proxy that speaks for somebody."""
    return _is_loopback(request.META.get("REMOTE_ADDR", ""))


def is_on_this_machine(request: HttpRequest) -> bool:
    """Whether the person sits here: a local connection, not forwarded, to a loopback name."""
    if not connects_from_loopback(request) or any(request.META.get(name) for name in _FORWARDED):
        return False
    host, _ = split_domain_port(request.get_host())
    return host == "localhost" or _is_loopback(host.strip("[]"))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
