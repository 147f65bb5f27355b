"""What a person reads on a page: the words of one part of it, without tags and without what is hidden."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

VOID = {"br", "input", "meta", "link", "img", "hr"}


class _Part(HTMLParser):
    """Collects the words inside the first element that carries `key`=`value`, and every link in it."""

    def __init__(self, key: str, value: str) -> None:
        super().__init__()
        self.wanted = (key, value)
        self.depth = 0
        self.is_done = False
        self.pieces: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.is_done:
            return
        if self.depth or self.wanted in attrs:
            if tag not in VOID:
                self.depth += 1
            self.pieces.append(" ")
            if tag == "a":
                self.links.append(dict(attrs).get("href") or "")

    def handle_endtag(self, tag: str) -> None:
        if self.depth and tag not in VOID:
            self.depth -= 1
            self.pieces.append(" ")
            self.is_done = self.depth == 0

    def handle_data(self, data: str) -> None:
        if self.depth and not self.is_done:
            self.pieces.append(data)


def _part(response: Any, key: str, value: str) -> _Part:
    parser = _Part(key, value)
    # Drawings are no words, and their tags close themselves.
    parser.feed(re.sub(r"<svg.*?</svg>", "", response.content.decode(), flags=re.DOTALL))
    return parser


def _words(pieces: list[str]) -> str:
    joined = " ".join("".join(pieces).split())
    return re.sub(r" ([.,:;?])", r"\1", joined)


def section(response: Any, label: str) -> str:
    """The words of the part that is labelled by the heading with this id; empty where there is none."""
    return _words(_part(response, "aria-labelledby", label).pieces)


def main(response: Any) -> str:
    """The words between head and foot."""
    return _words(_part(response, "id", "main").pieces)


def head(response: Any) -> str:
    """The words of the page's head: breadcrumb, title, action, lead."""
    return _words(_part(response, "class", "head").pieces)


def links(response: Any, label: str) -> list[str]:
    """Where the links of a labelled part lead."""
    return _part(response, "aria-labelledby", label).links
