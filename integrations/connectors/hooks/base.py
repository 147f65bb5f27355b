"""What a webhook of any system is to the portal: a signed hint that something happened somewhere. Pure.

A delivery is never a source. Nothing of it is measured, so a forged or replayed one costs at most one early collection.
"""

from __future__ import annotations

import hashlib
import hmac
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from integrations.connectors import strict_json

# The form of a secret after Standard Webhooks.
SIGNING_PREFIX = "whsec_"
LONGEST_ID = 100
LONGEST_NAME = 80
LONGEST_PLACE = 300


class Unreadable(ValueError):
    """A delivery whose body is not what its sender documents."""


class Meaning(StrEnum):
    """PING: the sender tries the address. NEWS: worth a look at the system. UNWANTED: nothing that is measured."""

    PING = "ping"
    NEWS = "news"
    UNWANTED = "unwanted"


@dataclass(frozen=True, slots=True)
class Event:
    """What a delivery is about. `places` are the names that a team may know the repository by: its path, its id."""

    name: str
    action: str
    places: tuple[str, ...]
    meaning: Meaning


class Hook(ABC):
    """One sender: how it signs, how it names a delivery, what its events mean."""

    kind: ClassVar[str]
    # As its pages call it, and the way to the form there.
    label: ClassVar[str]
    where: ClassVar[str]
    # What its form calls the field of the secret.
    secret_field: ClassVar[str]
    # Whether it can make a signing token of its own, which people then bring here.
    makes_tokens: ClassVar[bool] = False
    # The events to tick there, in its own words.
    events: ClassVar[tuple[str, ...]]

    @abstractmethod
    def is_signed(self, headers: Mapping[str, str], body: bytes, secret: str, at: datetime) -> bool:
        """Whether whoever sent `body` knows the secret. Compares in constant time."""

    @abstractmethod
    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """What a repetition of this very delivery carries again."""

    @abstractmethod
    def event_name(self, headers: Mapping[str, str]) -> str:
        """What the sender calls the event, "" where it does not say."""

    @abstractmethod
    def event(self, headers: Mapping[str, str], body: bytes) -> Event:
        """What happened. Raises Unreadable."""


def header(headers: Mapping[str, str], name: str, longest: int = LONGEST_NAME) -> str:
    """A header of the sender, cut and without characters that no log should hold; "" where it is missing."""
    return printable(headers.get(name, ""))[:longest]


def printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


def is_same(given: str, wanted: str) -> bool:
    """Equality that takes as long for a near miss as for a far one."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def digest(body: bytes) -> str:
    """A name for a delivery that has none of its own."""
    return hashlib.sha256(body).hexdigest()[:32]


def record(body: bytes) -> dict[str, Any]:
    """The JSON object in the body. Raises Unreadable."""
    try:
        found = strict_json.decode(body)
    except ValueError as error:
        raise Unreadable(f"The body is not JSON that can be used: {error}.") from None
    if not isinstance(found, dict):
        raise Unreadable("The body is not a JSON object.")
    return found


def within(value: Any, key: str) -> Any:
    """`value[key]`, None wherever that leads nowhere: senders leave out what their documents promise."""
    return value.get(key) if isinstance(value, dict) else None


def names(*values: Any) -> tuple[str, ...]:
    """The texts and whole numbers among the values, as text."""
    return tuple(
        printable(str(value))[:LONGEST_PLACE]
        for value in values
        if isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    )
