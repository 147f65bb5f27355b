"""Every template of the tree, now and later: it compiles, carries no inline code, and is used by somebody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template import Engine

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
APPS = ("mlops_portal", "teams", "assessments", "integrations", "insights")
# What the strict policy blocks: it would fail in the browser only. A comment of Django never reaches the page.
INLINE = {
    "an inline handler": re.compile(r"<[^>]*\son\w+\s*=", re.IGNORECASE),
    "an inline style": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a script with a body": re.compile(r"<script\b[^>]*>\s*[^<\s]", re.IGNORECASE),
    "a javascript: address": re.compile(r"[\"']javascript:", re.IGNORECASE),
}
COMMENT = re.compile(r"{% comment %}.*?{% endcomment %}|{#.*?#}", re.DOTALL)


def inline_code(source: str) -> list[str]:
    """What of INLINE the source has."""
    sent = COMMENT.sub("", source)
    return [what for what, pattern in INLINE.items() if pattern.search(sent)]


def references(sources: list[str]) -> set[str]:
    """Every template name that stands quoted in one of the sources, without the name of a partial after "#"."""
    quoted = re.compile(r"[\"']([\w./-]+\.html)(?:#[\w-]+)?[\"']")
    return {name for source in sources for name in quoted.findall(source)}


@pytest.mark.parametrize("name", NAMES)
def test_template_compiles(name):
    assert Engine.get_default().get_template(name).name == name


@pytest.mark.parametrize(("path", "name"), list(zip(TEMPLATES, NAMES, strict=True)), ids=NAMES)
def test_template_has_no_inline_code(path, name):
    assert inline_code(path.read_text()) == [], name


def test_fragments_and_components_are_used():
    """A fragment nobody names is dead, or a copy of what a page shows. Tags of ours name the components."""
    templates = [COMMENT.sub("", path.read_text()) for path in TEMPLATES]
    python = [path.read_text() for app in APPS for path in (ROOT / app).rglob("*.py")]
    used = references(templates + python)
    shared = [name for name in NAMES if Path(name).name.startswith("_") or name.startswith("components/")]
    assert shared != []
    assert [name for name in shared if name not in used] == []


def test_components_start_with_how_to_use_them():
    components = [path for path in TEMPLATES if path.parent.name == "components"]
    bare = [path.name for path in components if "{% comment %}" not in path.read_text()[:120]]
    assert bare == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('<a href="#" onclick="go()">', ["an inline handler"]),
        ('<p\n style="color:red">', ["an inline style"]),
        ("<script>go()</script>", ["a script with a body"]),
        ('<script src="a.js" defer></script>', []),
        ('<p data-style="x">on time = 3</p>', []),
        ("{# <p style=''> #}<p>", []),
    ],
)
def test_inline_code_is_found(source, found):
    assert inline_code(source) == found


def test_references_see_partials():
    assert references(["render(request, 'teams/_row.html#cell')"]) == {"teams/_row.html"}
