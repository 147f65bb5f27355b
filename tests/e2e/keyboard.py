"""Pressing keys as somebody does who has nothing else."""

from __future__ import annotations

from playwright.sync_api import Page

MOST = 120


class NotReached(AssertionError):
    """The keys led nowhere."""


def press_until(page: Page, key: str, condition: str) -> int:
    """Press a key until the condition (JavaScript, about document.activeElement) holds; how often. Raises NotReached."""
    for times in range(MOST):
        if page.evaluate(condition):
            return times
        page.keyboard.press(key)
    at = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    raise NotReached(f"{MOST} times {key} did not lead to: {condition}. The focus is on {at}")
