"""ACCESSIBILITY on every page: axe in both themes, and what axe cannot see."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.e2e.axe import COLOURS, SHAPES, WHOLE, violations
from tests.e2e.pages import ROWS, Row
from tests.e2e.visitors import HEIGHT, Visitors, look

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def first_stop(page: Page) -> dict[str, Any]:
    """What the first Tab reaches: its text, and whether a ring is drawn round it inside the window."""
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    return dict(
        page.evaluate(
            """() => {
              const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
              return { text: at.textContent.trim(), ring: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                       seen: box.top >= 0 && box.left >= 0 && box.bottom <= innerHeight };
            }"""
        )
    )


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_page(row: Row, visitors: Visitors) -> None:
    """One visit, all checks: a visit costs more than they do."""
    with visitors.at(row) as (page, witness):
        found = {"light": violations(page, WHOLE)}
        look(page, 1280, HEIGHT, "dark")
        found["dark"] = violations(page, COLOURS)
        heads = page.locator("h1").count()
        title = page.title()
        # A page that takes the focus (errors, conflicts) has said where it wants the reader.
        is_attended = page.locator("[data-focus]").count() > 0
        stop = first_stop(page) if row.do is None and not is_attended else None
        page.evaluate("document.activeElement.blur()")
        look(page, 320, HEIGHT, "light")
        overflow = {"320 px": page.evaluate(OVERFLOW)}
        found["narrow"] = violations(page, SHAPES)
        look(page, 640, HEIGHT, "light")
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        overflow["200 % text at 640 px"] = page.evaluate(OVERFLOW)
    assert found == {"light": [], "dark": [], "narrow": []}
    # The style guide shows the page head of each theme below its own.
    assert heads == (3 if row.name == "styleguide" else 1)
    assert title.endswith(" - MLOps Portal")
    assert len(title) > len(" - MLOps Portal")
    assert stop in (None, {"text": "Skip to content", "ring": True, "seen": True})
    assert overflow == {"320 px": 0, "200 % text at 640 px": 0}
    assert witness.problems == []
