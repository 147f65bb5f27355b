"""Chromium as these tests drive it, and a witness of everything that goes wrong in a page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

INSTALL = "needs Chromium: apt-get install chromium"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Whatever a page names, only this machine answers.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}
LOCAL_SCHEMES = {"data", "blob", "about"}
# Plotly's full bundle tries two things that the policy forbids and our charts do not need (STACK 4): a style element of its
# map code, and style attributes on images of Plotly's own heatmaps. A violation counts as known only when it comes out of
# plotly's file and is of one of these kinds.
KNOWN_VIOLATIONS = (("style-src-elem", "plotly"), ("style-src-attr", "plotly"))


def find_chromium() -> str | None:
    """The path of an installed Chromium; None when there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def chromium(path: str) -> Iterator[Browser]:
    """A browser, closed with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@dataclass
class Witness:
    """What went wrong in the pages of a context. A test that provokes something says so with `expect` first."""

    problems: list[str] = field(default_factory=list)
    expected: list[re.Pattern[str]] = field(default_factory=list)
    violations: list[dict[str, str]] = field(default_factory=list)

    def expect(self, pattern: str) -> None:
        """From here on, problems that match are what the test is about."""
        self.expected.append(re.compile(pattern))

    def report(self, problem: str) -> None:
        if not any(pattern.search(problem) for pattern in self.expected):
            self.problems.append(problem)

    def violation(self, told: dict[str, str]) -> None:
        self.violations.append(told)
        if not any(told["directive"] == kind and name in told["file"] for kind, name in KNOWN_VIOLATIONS):
            self.report(f"policy violated: {told}")


_TELL_VIOLATIONS = """document.addEventListener('securitypolicyviolation', (event) => window.tellViolation({
  directive: event.effectiveDirective, file: event.sourceFile ?? '', blocked: event.blockedURI, sample: event.sample}));"""


def watch(context: BrowserContext) -> Witness:
    """A witness of every page that the context has from now on."""
    witness = Witness()
    context.expose_binding("tellViolation", lambda _source, told: witness.violation(told))
    context.add_init_script(_TELL_VIOLATIONS)
    context.on("console", lambda message: _console(witness, message))
    context.on("weberror", lambda error: witness.report(f"page error: {error.error}"))
    context.on("request", lambda request: _request(witness, request))
    context.on("requestfailed", lambda request: _failed(witness, request))
    context.on("response", lambda response: _response(witness, response))
    return witness


def _console(witness: Witness, message: Any) -> None:
    if message.type not in ("error", "warning"):
        return
    # Said again, with more detail, by the listeners of responses and violations.
    if message.text.startswith("Failed to load resource") or "Content Security Policy" in message.text:
        return
    witness.report(f"console {message.type}: {message.text} ({message.location.get('url', '')})")


def _request(witness: Witness, request: Any) -> None:
    parts = urlsplit(request.url)
    if parts.scheme not in LOCAL_SCHEMES and parts.hostname not in LOOPBACK:
        witness.report(f"request beyond this machine: {request.url}")


def _failed(witness: Witness, request: Any) -> None:
    # A page that is left cancels what it still loads.
    if request.failure != "net::ERR_ABORTED":
        witness.report(f"request failed: {request.method} {request.url}: {request.failure}")


def _response(witness: Witness, response: Any) -> None:
    if response.status >= 400:
        witness.report(f"status {response.status}: {response.request.method} {response.url}")


def settle(page: Page) -> None:
    """Wait until everything is loaded and drawn twice, so that a picture is the same each time."""
    page.wait_for_load_state("load")
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
