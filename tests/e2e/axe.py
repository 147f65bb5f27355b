"""axe-core on a page, as ACCESSIBILITY B1 configures it."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

WHOLE: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {
        # Off unless named (ACCESSIBILITY B1).
        name: {"enabled": True}
        for name in (
            "target-size",
            "table-fake-caption",
            "label-content-name-mismatch",
            "p-as-heading",
            "css-orientation-lock",
        )
    },
}
# What another theme or width can break; the rest of the page is the same.
COLOURS: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
SHAPES: dict[str, Any] = {"runOnly": {"type": "rule", "values": ["target-size", "color-contrast"]}}
_RUN = """async (options) => (await axe.run(document, options)).violations.map(
  (one) => [one.id, one.nodes.map((node) => node.html.slice(0, 160))])"""


def violations(page: Page, options: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """(rule, the elements that break it)."""
    # Half a megabyte, so once per page.
    if page.evaluate("typeof axe === 'undefined'"):
        page.evaluate(AXE_SCRIPT)
    found: list[list[Any]] = page.evaluate(_RUN, {**options, "resultTypes": ["violations"]})
    return [(rule, elements) for rule, elements in found]
