"""The header that a credential makes. Pure."""

from __future__ import annotations

import base64
from collections.abc import Mapping


def authorization(options: Mapping[str, str]) -> dict[str, str]:
    """The header of a token, else of user name and password, else none."""
    token = options.get("token", "").strip()
    if token:
        return {"Authorization": f"Bearer {token}"}
    username = options.get("username", "").strip()
    if username:
        pair = f"{username}:{options.get('password', '')}".encode()
        return {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    return {}
