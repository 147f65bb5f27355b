"""Whether the key ring still opens what is stored: a portal that was moved without its keys says so at its start."""

from __future__ import annotations

from integrations.models import Connection
from integrations.services.credentials import secrets_of
from mlops_portal.lib.secrets import CannotDecrypt

NAMED = 3


def lost_credentials() -> list[str]:
    """The names of connections whose credential does not open with the keys of this start."""
    lost: list[str] = []
    for connection in Connection.objects.open().exclude(secret="").order_by("name").iterator():
        try:
            secrets_of(connection)
        except CannotDecrypt:
            lost.append(connection.name)
    return lost


def warning(lost: list[str], keys_from: str) -> str:
    """One line: what does not open, what is safe, what to do."""
    rest = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    what = (
        "credential of 1 connection does" if len(lost) == 1 else f"credentials of {len(lost)} connections do"
    )
    return (
        f"WRONG KEY RING: the {what} not open with {keys_from} ({', '.join(lost[:NAMED])}{rest}). "
        "Answers, scores and signals are safe; only collecting from there stands still. "
        "Put the old keys back and start again, or enter each credential anew on its page."
    )
