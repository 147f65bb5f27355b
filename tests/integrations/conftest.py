"""A fake system on loopback, opened in the address policy, with its connectors in place of the portal's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integrations.fakes import KINDS, FakeSystem, running

# Two rings that share no key.
RING = {"k1": bytes(range(32))}
OTHER_RING = {"k9": bytes(range(32, 64))}


@pytest.fixture
def fake_kinds(settings: Any) -> None:
    settings.PORTAL_CONNECTORS = KINDS
    settings.PORTAL_KEYS = RING


@pytest.fixture
def fake(settings: Any, fake_kinds: None) -> Iterator[FakeSystem]:
    with running() as system:
        settings.PORTAL_EGRESS_ALLOW = system.origin
        yield system
