"""The style sheets: small, in layers, colours and sizes in tokens.css alone, every pair of colours readable."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.portal.colours import EYES, contrast, difference, lab

CSS = Path(settings.BASE_DIR) / "static" / "css"
TOKENS = (CSS / "tokens.css").read_text()
LIMIT = 30_000
QUERY = re.compile(r"@(?:media|container)[^{]*")
SIZE = re.compile(r"(?<![\w-])\d*\.?\d+(?:px|rem|em|ch|ex|vw|vh|vmin|vmax|cm|mm|in|pt|pc)\b")
COLOUR = re.compile(r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color-mix|color)a?\(")
PHYSICAL = re.compile(
    r"[{;\s](?:margin|padding|border)-(?:left|right|top|bottom)|[{;\s](?:left|right|top|bottom|width|height)\s*:"
)


def without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


def others() -> dict[str, str]:
    return {
        path.name: without_comments(path.read_text())
        for path in sorted(CSS.glob("*.css"))
        if path.name != "tokens.css"
    }


def palette(*, dark: bool) -> dict[str, str]:
    """Each colour token as it is in one theme."""
    both = dict(re.findall(r"--([\w-]+): var\(--light, (#\w{6})\) var\(--dark, #\w{6}\)", TOKENS))
    if dark:
        both = dict(re.findall(r"--([\w-]+): var\(--light, #\w{6}\) var\(--dark, (#\w{6})\)", TOKENS))
    return both | dict(re.findall(r"--([\w-]+): (#\w{6});", TOKENS))


def test_styles_stay_small():
    assert sum(len(path.read_bytes()) for path in CSS.glob("*.css")) < LIMIT


def test_only_tokens_name_colours_and_sizes():
    found = {
        name: SIZE.findall(QUERY.sub("", text)) + COLOUR.findall(text) for name, text in others().items()
    }
    assert found == {name: [] for name in found}


def test_queries_use_the_named_widths():
    named = set(re.findall(r"--at-[\w-]+: ([\w.]+);", TOKENS))
    used = {
        size for text in others().values() for query in QUERY.findall(text) for size in SIZE.findall(query)
    }
    assert used == named


def test_properties_follow_the_direction_of_writing():
    found = {name: PHYSICAL.findall(QUERY.sub("", text)) for name, text in others().items()}
    assert found == {name: [] for name in found}


def test_every_token_that_is_used_exists_and_is_used():
    sheets = "\n".join([TOKENS, *others().values()])
    charts = "".join(path.read_text() for path in (CSS.parent / "js").glob("*.js"))
    defined = set(re.findall(r"--([\w-]+):", TOKENS))
    used = set(re.findall(r"var\(--([\w-]+)", sheets))
    assert used - defined == set()
    spoken = {name for name in defined if f'"--{name}"' in charts or name.startswith("at-")}
    assert defined - used - spoken == set()


TEXT = [
    *[
        (text, ground, 4.5)
        for text in ("text", "text-soft", "accent", "alert", "warn")
        for ground in ("bg", "bg-sunk", "bg-raised")
    ],
    *[(text, "bg-hover", 4.5) for text in ("text", "text-soft")],
    *[(f"l{level}-text", f"l{level}", 5.4) for level in range(5)],
    ("accent-text", "accent", 4.5),
    ("accent-text", "accent-hover", 4.5),
    ("text", "accent-soft", 4.5),
    ("alert", "alert-soft", 4.5),
    ("alert-hover", "alert-soft", 4.5),
    ("warn", "warn-soft", 4.5),
    ("text", "warn-soft", 4.5),
    ("text", "alert-soft", 4.5),
    ("accent", "warn-soft", 4.5),
    ("accent", "alert-soft", 4.5),
    ("solid-text", "solid", 4.5),
    ("fill-text", "fill", 4.5),
    ("text", "hatch-line", 4.5),
    *[("border-strong", ground, 3.0) for ground in ("bg", "bg-sunk", "bg-raised")],
    *[("l-edge", ground, 3.0) for ground in ("bg", "bg-raised")],
]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground", "least"), TEXT)
def test_pairs_of_colours_are_readable(text, ground, least, dark):
    colours = palette(dark=dark)
    assert contrast(colours[text], colours[ground]) >= least


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("level", range(5))
def test_focus_ring_is_seen_on_every_level(level, dark):
    colours = palette(dark=dark)
    assert max(contrast(colours[ring], colours[f"l{level}"]) for ring in ("ring-out", "ring-in")) >= 3


# Pairs of the published test data of CIEDE2000 (Sharma, Wu and Dalal 2005).
@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
        ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ],
)
def test_difference_agrees_with_the_published_pairs(one, two, expected):
    assert difference(one, two) == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize("eye", list(EYES))
def test_levels_are_told_apart(eye):
    """ACCESSIBILITY B3. Both themes have the same five fills, in opposite order."""
    light, dark = ([palette(dark=dark)[f"l{level}"] for level in range(5)] for dark in (False, True))
    seen = [lab(colour, eye) for colour in light]
    assert light == dark[::-1]
    assert min(difference(one, two) for one, two in itertools.combinations(seen, 2)) >= (
        10 if eye == "grey" else 15
    )
