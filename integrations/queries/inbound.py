"""Webhooks of connections: whose door a key opens, with which secrets, and what was delivered lately."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from integrations.connectors.hooks import HOOKS
from integrations.models import Connection, InboundDelivery, InboundHook, Source
from integrations.queries.credentials import key_ring
from mlops_portal.lib.secrets import CannotDecrypt, Place

SHOWN = 20
# The limit of SECURITY C15. Beyond it a delivery still is a hint, but leaves no row.
LISTED_A_MINUTE = 120
NOTED = {
    InboundDelivery.Outcome.DUE: "The connection was made due.",
    InboundDelivery.Outcome.LATER: "Due within a minute: it is read at most once a minute for this.",
    InboundDelivery.Outcome.COVERED: "A collection was due already and covers it.",
    InboundDelivery.Outcome.PING: "A test of the address. It arrived.",
}


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    received_at: datetime
    what: str
    place: str
    words: str


@dataclass(frozen=True, slots=True)
class HookLine:
    """How the webhook of a connection stands, without anything secret."""

    set_at: datetime
    set_by: str
    key: str
    previous_ends_at: datetime | None
    last_at: datetime | None
    # Why the stored secret does not open under the key ring as it is now; "" when it does.
    problem: str


def has_hook(kind: str) -> bool:
    return kind in HOOKS


def open_hook(kind: str, key: str) -> InboundHook | None:
    """The webhook behind an address, with its connection; None for an address that leads nowhere (any more)."""
    return (
        InboundHook.objects.select_related("connection")
        .filter(key=key, connection__kind=kind, connection__removed_at__isnull=True)
        .first()
    )


def place_of(hook: InboundHook, field: str) -> Place:
    return Place("webhook", hook.pk, field)


def hook_secrets(hook: InboundHook, at: datetime) -> tuple[str, ...]:
    """The secrets that open the door at `at`, the current one first. Raises CannotDecrypt."""
    ring = key_ring()
    found = [ring.open(hook.secret, place_of(hook, "secret"))]
    if hook.previous_ends_at is not None and hook.previous_ends_at > at:
        found.append(ring.open(hook.previous_secret, place_of(hook, "previous_secret")))
    return tuple(found)


def is_crowded(hook: InboundHook, at: datetime) -> bool:
    """Whether the last minute brought as many deliveries as are listed."""
    recent = InboundDelivery.objects.filter(hook=hook, received_at__gt=at - timedelta(minutes=1))
    return recent.count() >= LISTED_A_MINUTE


def is_mapped(connection: Connection, places: tuple[str, ...]) -> bool:
    """Whether a team mapped one of these places, or a group above it, in whatever option. Compares as hosts do: without case."""
    wanted: set[str] = set()
    for place in places:
        parts = place.casefold().split("/")
        wanted |= {"/".join(parts[: end + 1]) for end in range(len(parts))}
    sources = Source.objects.open().filter(connection=connection).values_list("options", flat=True)
    return any(name in wanted for options in sources for name in _names_in(options))


def _names_in(options: dict[str, object]) -> Iterator[str]:
    """The first word of every line of every answer: `owner/name app,training` is about owner/name."""
    for value in options.values():
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        for line in lines:
            word = next(iter(str(line).split()), "")
            path = urlsplit(word).path if "://" in word else word
            yield path.strip("/").removesuffix(".git").casefold()


def hook_line(connection: Connection) -> HookLine | None:
    """How the webhook of a connection stands; None where none is set up. Two queries."""
    hook = InboundHook.objects.select_related("secret_set_by").filter(connection=connection).first()
    if hook is None:
        return None
    newest = InboundDelivery.objects.filter(hook=hook).order_by("-received_at", "-pk").first()
    return HookLine(
        set_at=hook.secret_set_at,
        set_by=str(hook.secret_set_by or "the portal itself"),
        key=hook.key,
        previous_ends_at=hook.previous_ends_at,
        last_at=newest.received_at if newest is not None else None,
        problem=_problem(hook),
    )


def _problem(hook: InboundHook) -> str:
    try:
        key_ring().open(hook.secret, place_of(hook, "secret"))
    except CannotDecrypt as error:
        return str(error)
    return ""


def delivery_rows(connection: Connection) -> tuple[DeliveryRow, ...]:
    """The newest deliveries in words. One query."""
    newest = InboundDelivery.objects.filter(hook__connection=connection).order_by("-received_at", "-pk")
    return tuple(
        DeliveryRow(
            received_at=row.received_at,
            what=" ".join(part for part in (row.event or "An event without a name", row.action) if part),
            place=row.place,
            words=outcome_words(row.outcome),
        )
        for row in newest[:SHOWN]
    )


def outcome_words(outcome: str) -> str:
    """What came of a delivery, in a sentence."""
    known = InboundDelivery.Outcome(outcome)
    return NOTED.get(known) or f"{known.label}."
