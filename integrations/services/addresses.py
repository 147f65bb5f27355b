"""Which addresses connections may have: the setting, and on an embedded portal what an administrator allowed on a form."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import transaction

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import SourceError
from integrations.models import AllowedHost
from teams.models import User
from teams.services.events import record_event
from teams.services.refusal import Refused, check_right

# Opening an address is the organisation's decision, not that of who keeps its connections.
RIGHT = "org.settings"


class AddressRefused(Refused):
    """The address policy says no. `allow` is the entry that would open it, "" where nothing does."""

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class NotOnThisPortal(Refused):
    """In production the setting alone opens addresses."""


def egress_policy() -> EgressPolicy:
    """The policy as it stands now: PORTAL_EGRESS_ALLOW, and embedded also the allowed hosts."""
    policy = EgressPolicy.from_text(settings.PORTAL_EGRESS_ALLOW)
    if settings.PRODUCTION:
        return policy
    return policy.with_entries(AllowedHost.objects.order_by("pk").values_list("origin", flat=True))


def check_address(base_url: str) -> str:
    """The origin of an address that may be used, as scheme://host:port. Raises AddressRefused."""
    try:
        return str(egress_policy().check_url(base_url))
    except SourceError as error:
        raise AddressRefused(error.message, error.allow) from None


def openable_entry(base_url: str) -> str:
    """The entry that an administrator can allow here for this address; "" in production and for what is never opened."""
    if settings.PRODUCTION:
        return ""
    try:
        return str(egress_policy().check_url(base_url))
    except SourceError as error:
        return error.allow


def allow_host(*, entry: str, by: User, at: datetime) -> AllowedHost:
    """The stored entry, made or there before. Raises NotAllowed, NotOnThisPortal, AddressRefused (metadata addresses, nonsense)."""
    check_right(by, RIGHT)
    if settings.PRODUCTION:
        raise NotOnThisPortal(
            f"This portal opens addresses by its setting only. Add {entry} to PORTAL_EGRESS_ALLOW."
        )
    if entry.rstrip("/").count("/") != 2:
        # One host on one port: a form opens no networks.
        raise AddressRefused(f"{entry!r} is not scheme://host:port.", "")
    try:
        origin = str(EgressPolicy([entry]).check_url(entry))
    except SourceError as error:
        raise AddressRefused(error.message, "") from None
    except ValueError:
        raise AddressRefused(f"{entry!r} is not scheme://host:port.", "") from None
    with transaction.atomic():
        allowed, is_new = AllowedHost.objects.get_or_create(
            origin=origin, defaults={"allowed_by": by, "allowed_at": at}
        )
        if is_new:
            record_event(at=at, by=by, action="connection.allow_host", obj=allowed, after={"origin": origin})
    return allowed
