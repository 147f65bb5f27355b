"""The accounts in GitHub's JSON: who they are, and whether they are people. Pure."""

from __future__ import annotations

from integrations.connectors.common.payload import Row, text


def login(account: Row) -> str:
    return text(account, "login").lower()


def is_person(account: Row) -> bool:
    """True for a person's account. Apps are of type Bot; an old bot account may show only in its name."""
    # Servers before 2013 tell no type: then there were no apps.
    return (
        bool(login(account))
        and text(account, "type") in ("User", "")
        and not login(account).endswith("[bot]")
    )
