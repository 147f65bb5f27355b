"""The style guide shows every component, only where it is switched on."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Context, Engine
from django.test import Client

from mlops_portal.lib.csp import EMPTY_STYLE
from tests.portal.test_templates import inline_code

COMPONENTS = Path(settings.BASE_DIR) / "templates" / "components"
# Drawn by base.html for people who are signed in.
ELSEWHERE = {"user_menu"}
ERRORS = ["400.html", "403.html", "403_form.html", "404.html", "413.html", "500.html", "503.html"]


@pytest.fixture
def page(client: Client, settings) -> str:
    settings.PORTAL_STYLEGUIDE = True
    response = client.get("/styleguide/")
    assert response.status_code == 200
    return response.content.decode()


def test_styleguide_is_absent_unless_switched_on(client, settings):
    settings.PORTAL_STYLEGUIDE = False
    assert client.get("/styleguide/").status_code == 404


def test_styleguide_shows_every_component(client, settings):
    settings.PORTAL_STYLEGUIDE = True
    response = client.get("/styleguide/")
    drawn = {template.name for template in response.templates}
    wanted = {f"components/{path.name}" for path in COMPONENTS.glob("*.html") if path.stem not in ELSEWHERE}
    assert wanted - drawn == set()


def test_styleguide_shows_both_themes(page):
    assert re.findall(r'<section class="page__in" data-theme="(\w+)"', page) == ["light", "dark"]


def test_styleguide_has_no_inline_code_and_no_id_twice(page):
    page = re.sub(r'<script id="[\w-]+" type="application/json">.*?</script>', "", page)
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert inline_code(page) == []
    assert sorted(ids) == sorted(set(ids))


def test_only_pages_with_charts_allow_the_empty_style(client, settings):
    settings.PORTAL_STYLEGUIDE = True
    assert EMPTY_STYLE in client.get("/styleguide/")["Content-Security-Policy"]
    settings.PORTAL_STYLEGUIDE = False
    assert EMPTY_STYLE not in client.get("/styleguide/")["Content-Security-Policy"]


@pytest.mark.parametrize("name", ERRORS)
def test_error_pages_render_without_a_request(name):
    drawn = Engine.get_default().get_template(name).render(Context())
    assert drawn.count("<h1>") == 1
    assert "<title>" in drawn


def test_pages_load_eight_things_at_most(page):
    """PERFORMANCE P18: the page itself, its sheets, scripts and sign; Plotly once more on pages with charts."""
    loaded = re.findall(r'<(?:link|script)[^>]*\s(?:href|src)="(/static/[^"]+)"', page)
    assert len(loaded) == len(set(loaded))
    assert len([name for name in loaded if "plotly" not in name and "charts" not in name]) + 1 <= 8
