"""What every test gets: no sockets but loopback and the databases, a quick password hasher."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

LOOPBACK_NAMES = {"localhost", ""}
NEEDS_SOMETHING = ("service", "e2e")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what reads or writes the tests' own database; `dev.py services-test` runs it a second time, on PostgreSQL."""
    for item in items:
        wants = getattr(item, "fixturenames", ())
        if item.get_closest_marker("django_db") or "db" in wants or "transactional_db" in wants:
            item.add_marker("stored")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """In CI everything is there, so a browser or service test that skips itself has failed."""
    outcome: Any = yield
    report = outcome.get_result()
    is_ci = os.environ.get("CI") == "true"
    if is_ci and report.skipped and any(item.get_closest_marker(name) for name in NEEDS_SOMETHING):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which CI=true does not allow: {report.longrepr}"


def _is_loopback(host: Any) -> bool:
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def sockets_stay_here() -> Iterator[None]:
    """A test that reaches out fails. AF_UNIX and loopback are this machine's own services."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise AssertionError(f"A test tried to reach {address!r}; tests talk to this machine only.")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[assignment, method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


@pytest.fixture(autouse=True, scope="session")
def quick_passwords() -> Iterator[None]:
    """Argon2 costs 43 times the rest of a test that signs in."""
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


@pytest.fixture(autouse=True)
def no_egress_allowed(settings: Any) -> None:
    """Whatever the developer's environment opens, a test opens for itself."""
    settings.PORTAL_EGRESS_ALLOW = ""


assert not settings.PRODUCTION, "Tests run with PORTAL_PRODUCTION unset."


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The test database with the shipped maturity model active, loaded once: every real installation has one."""
    with django_db_blocker.unblock():
        _ensure_model()


@pytest.fixture
def maturity_model(db: None) -> Any:
    """The shipped maturity model, active (again, where a test with real transactions has emptied the database)."""
    return _ensure_model()


def _ensure_model() -> Any:
    from assessments.queries import catalog  # noqa: PLC0415 -- models need the app registry
    from assessments.services.catalog import ensure_shipped_model  # noqa: PLC0415 -- as above

    # Row ids are cached per process; an emptied database gives others. The parsed file stays.
    catalog._rows.cache_clear()
    return ensure_shipped_model(at=datetime(2026, 1, 1, tzinfo=UTC))
