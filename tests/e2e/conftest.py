"""A browser, the portals that pages are looked at in, and a page of the test's own portal; each fails on any error in a page."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from teams.models import User
from tests.e2e.browser import INSTALL, Witness, chromium, find_chromium, watch
from tests.e2e.visitors import PATIENCE, Visitors
from tests.factories import sign_in


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip(f"A browser test {INSTALL}")
    # Playwright's loop runs in this thread; Django would take the test's own queries for queries inside the loop.
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with chromium(path) as running:
        yield running
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def visitors(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitors]:
    """Portals with the clock of tests/e2e/serving.py: only looked at, so one of each serves all tests."""
    with Visitors(browser, tmp_path_factory.mktemp("portals")) as made:
        yield made


class Browsing:
    """Browser contexts of one test on the test's own portal. `open` gives a page, signed in as somebody or as nobody."""

    def __init__(self, browser: Browser, url: str) -> None:
        self._browser = browser
        self._witnesses: list[Witness] = []
        self._contexts: list[BrowserContext] = []
        self.url = url

    def open(self, user: User | None = None, **options: Any) -> Page:
        """A page in a context of its own: another person, or the same one in another browser."""
        context = self._browser.new_context(base_url=self.url, reduced_motion="reduce", **options)
        context.set_default_timeout(PATIENCE)
        self._contexts.append(context)
        self._witnesses.append(watch(context))
        if user is not None:
            cookie = sign_in(Client(), user).cookies[settings.SESSION_COOKIE_NAME]
            context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.url}])
        return context.new_page()

    def expect(self, pattern: str) -> None:
        """From here on, problems that match are what the test is about."""
        for witness in self._witnesses:
            witness.expect(pattern)

    def close(self) -> list[str]:
        for context in self._contexts:
            context.close()
        return [problem for witness in self._witnesses for problem in witness.problems]


@pytest.fixture
def browsing(browser: Browser, live_server: Any, maturity_model: Any) -> Iterator[Browsing]:
    """Pages of the test's own portal. The test fails when anything went wrong in one of them."""
    made = Browsing(browser, live_server.url)
    yield made
    assert made.close() == []


@pytest.fixture
def open_page(browsing: Browsing) -> Callable[..., Page]:
    return browsing.open
