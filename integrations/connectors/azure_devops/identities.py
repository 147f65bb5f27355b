"""Who an account is. Pure.

A descriptor begins with the kind of the account: aad and msa are people, svc, s2s and aadsp services, vssgp and aadgp groups.
"""

from __future__ import annotations

from integrations.connectors.common.payload import Row, text

_NO_PEOPLE = ("svc.", "s2s.", "aadsp.", "vssgp.", "aadgp.", "agp.", "scp.")
_SERVICE = ("build\\", "microsoft.visualstudio.services", "agentpool\\", "releasemanagement\\")


def who(account: Row) -> str:
    """What stands for an account: its number, which says nothing of a name. Empty where there is none."""
    return text(account, "id").lower()


def is_person(account: Row) -> bool:
    """Whether it is a person's account. Servers before 2018 send no descriptor; a service shows in its name there."""
    descriptor = text(account, "descriptor").lower()
    if not who(account) or account.get("isContainer") is True:
        return False
    name = text(account, "uniqueName").lower()
    return not descriptor.startswith(_NO_PEOPLE) and not name.startswith(_SERVICE)
