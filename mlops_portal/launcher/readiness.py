"""Whether the web process answers."""

from __future__ import annotations

import http.client

from mlops_portal.launcher.address import Address

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
