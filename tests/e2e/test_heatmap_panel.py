"""The heatmap's panel for somebody whose session ended meanwhile: the way to sign in, and back to the same picture."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import INTEGRATOR, Row
from tests.e2e.visitors import Visitors

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
ADDRESS = "/heatmap/?columns=capabilities"


def test_signed_out_person_is_offered_the_sign_in_page_and_comes_back_here(visitors: Visitors) -> None:
    with visitors.at(Row("heatmap-signed-out", "insights:heatmap", ADDRESS, INTEGRATOR)) as (page, _):
        page.context.clear_cookies()
        page.locator("table.heat td[class^=l]").first.click()
        panel = page.locator("#cell-panel")
        expect(panel.locator("h2")).to_have_text("You are signed out")
        link = panel.get_by_role("link", name="Sign in")
        target = urlsplit(link.get_attribute("href") or "")

    assert target.path == "/account/login/"
    assert parse_qs(target.query) == {"next": [ADDRESS]}
