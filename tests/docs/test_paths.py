"""What README and docs point to exists, and they name no place that only one machine has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "NOTICE"],
    key=str,
)
FOLDERS = tuple(
    f"{name}/"
    for name in (
        "mlops_portal",
        "teams",
        "assessments",
        "integrations",
        "insights",
        "templates",
        "static",
        "tests",
        "docs",
        "bench",
        "clients",
        "requirements",
        ".ci",
    )
)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
SPAN = re.compile(r"`([^`\s]+)`")
# Loopback, the example domains of RFC 2606, and the pages that are cited.
HOSTS = {
    "127.0.0.1:8000",
    "10.0.0.5:5000",
    "10.1.0.0",
    "portal.example.org",
    "learn.microsoft.com",
    "creativecommons.org",
}


PICTURES = "docs/screenshots/"


def name_of(page):
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page):
    found = [one or other for one, other in LINK.findall(page.read_text(encoding="utf-8"))]
    local = [
        link.split("#")[0] for link in found if "://" not in link and not link.startswith(("#", PICTURES))
    ]

    assert [link for link in local if not (page.parent / link).exists()] == []


@pytest.mark.e2e
def test_the_pictures_of_readme_are_there():
    shown = set(re.findall(rf'"({PICTURES}[^"]+)"', (ROOT / "README.md").read_text(encoding="utf-8")))
    taken = {str(path.relative_to(ROOT)) for path in (ROOT / PICTURES).glob("*.png")}
    if not taken:
        pytest.skip("No pictures yet; `python3 dev.py screenshots --readme` takes them (needs Chromium).")

    assert shown <= taken


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_path_that_is_named_exists(page):
    spans = SPAN.findall(page.read_text(encoding="utf-8"))
    paths = [span for span in spans if span.startswith(FOLDERS) and not set("<*{") & set(span)]

    assert [path for path in paths if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_names_a_machine(page):
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"(?<![\w.])/(?:home|root|work|Users|opt)/\w+", text) == []
    assert set(re.findall(r"https?://([\w.:-]+)", text)) - HOSTS == set()


def test_the_how_tos_name_paths():
    """The test above must have something to say no to."""
    named = {
        page.name: [s for s in SPAN.findall(page.read_text(encoding="utf-8")) if s.startswith(FOLDERS)]
        for page in (ROOT / "docs" / "how-to").glob("*.md")
    }

    assert sorted(named) == [
        "add-a-chart.md",
        "add-a-connector.md",
        "add-a-maturity-model.md",
        "add-an-api-resource.md",
        "push-from-ci.md",
        "set-up-a-webhook.md",
    ]
    assert [name for name, paths in named.items() if len(paths) < 3] == []
