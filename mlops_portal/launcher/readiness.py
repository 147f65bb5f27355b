"""Whether the web process answers. `python -m mlops_portal.launcher.readiness` is the health check of a container."""

from __future__ import annotations

import http.client
import sys

from mlops_portal import env
from mlops_portal.launcher.address import DEFAULT_HOST, DEFAULT_PORT, Address

TIMEOUT = 2.0


def answers(address: Address, host_header: str) -> bool:
    """True when GET /readyz says 200. Reaches no further than the address that the launcher itself listens on."""
    connection = http.client.HTTPConnection(address.reachable_host, address.port, timeout=TIMEOUT)
    try:
        connection.request("GET", "/readyz", headers={"Host": host_header})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def named_host(hosts: list[str]) -> str:
    """One of the hosts that the portal answers to, for its Host header. A pattern of Django's is no name, but has some."""
    return next((host.lstrip(".") for host in hosts if host != "*"), "localhost")


def main() -> int:
    """0 when the portal on PORT of this machine answers under one of PORTAL_HOSTS."""
    host = named_host(env.words("PORTAL_HOSTS", DEFAULT_HOST))
    return 0 if answers(Address(DEFAULT_HOST, env.number("PORT", DEFAULT_PORT)), host) else 1


if __name__ == "__main__":
    sys.exit(main())
