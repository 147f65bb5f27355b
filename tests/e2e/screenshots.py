"""`make screenshots`: every page as the person who sees it, light and dark, wide and narrow, into var/screenshots/.

With --readme only the few pictures that README shows, into docs/screenshots/. Other words choose pages by the begin of their
name: `python3 dev.py screenshots heatmap progress`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.e2e.browser import INSTALL, chromium, find_chromium
from tests.e2e.pages import ROWS, Row
from tests.e2e.serving import ROOT
from tests.e2e.visitors import HEIGHT, Visitors, look

FOLDER = ROOT / "var" / "screenshots"
README_FOLDER = ROOT / "docs" / "screenshots"
README_SIZE = (1280, 720)
LOOKS = tuple((width, theme) for width in (1280, 320) for theme in ("light", "dark"))


def main(arguments: Sequence[str]) -> int:
    """0 when every picture was taken; 1 when there is no browser or a page went wrong, which is said."""
    parser = argparse.ArgumentParser(prog="dev.py screenshots", description=__doc__)
    parser.add_argument("names", nargs="*", help="begin of the pages' names; all pages when none is given")
    parser.add_argument("--readme", action="store_true", help="only what README shows, into docs/screenshots")
    chosen = parser.parse_args(arguments)
    path = find_chromium()
    if path is None:
        sys.stderr.write(f"Taking pictures {INSTALL}\n")
        return 1
    rows = [row for row in ROWS if row.name.startswith(tuple(chosen.names) or "")]
    with (
        tempfile.TemporaryDirectory(prefix="portal-pictures-") as folder,
        chromium(path) as browser,
        Visitors(browser, Path(folder)) as visitors,
    ):
        if chosen.readme:
            wrong = [line for row in rows if row.in_readme for line in photograph_for_readme(visitors, row)]
        else:
            wrong = [line for row in rows for line in photograph(visitors, row)]
    told = [*wrong, f"Pictures are in {README_FOLDER if chosen.readme else FOLDER}"]
    sys.stdout.write("\n".join(told) + "\n")
    return 1 if wrong else 0


def photograph(visitors: Visitors, row: Row) -> list[str]:
    """The whole page in every look, a file each; what went wrong in it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with visitors.at(row) as (page, witness):
        # What is out of sight waits unpainted, and a picture of the whole page would show it blank.
        page.evaluate(
            "for (const part of document.querySelectorAll('tbody')) part.style.contentVisibility = 'visible'"
        )
        for width, theme in LOOKS:
            look(page, width, HEIGHT, theme)
            page.screenshot(path=FOLDER / f"{row.name}-{theme}-{width}.png", full_page=True)
    return [f"{row.name}: {problem}" for problem in witness.problems]


def photograph_for_readme(visitors: Visitors, row: Row) -> list[str]:
    """The first screen as small files; what went wrong."""
    README_FOLDER.mkdir(parents=True, exist_ok=True)
    with visitors.at(row) as (page, witness):
        for name in row.in_readme:
            look(page, *README_SIZE, name.rpartition("-")[2])
            page.screenshot(path=README_FOLDER / f"{name}.png")
    return [f"{row.name}: {problem}" for problem in witness.problems]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
