"""Path patterns: one star within a folder, two stars across folders. Pure.

A pattern without a slash is matched against the file's name in any folder; one that begins with a slash is meant at the root.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MAX_LENGTH = 100
MAX_STARS = 5


def refusal(pattern: str) -> str:
    """Why a pattern written by a person is not used; empty when it is. Many stars make matching slow beyond reason."""
    if len(pattern) > MAX_LENGTH or pattern.count("*") - pattern.count("**") > MAX_STARS:
        return (
            f"The pattern “{pattern[:40]}” is too long or has more than {MAX_STARS} stars; it was not used."
        )
    return ""


class Globs:
    """A set of patterns, compiled once."""

    def __init__(self, patterns: Iterable[str]) -> None:
        parts = [_translate(pattern) for pattern in patterns]
        self._pattern = re.compile("|".join(parts)) if parts else None

    def matches(self, path: str) -> bool:
        return self._pattern is not None and self._pattern.fullmatch(path) is not None


def _translate(pattern: str) -> str:
    pattern = pattern[1:] if pattern.startswith("/") else pattern if "/" in pattern else f"**/{pattern}"
    out = ""
    for piece in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        match piece:
            case "**/":
                out += "(?:.*/)?"
            case "**":
                out += ".*"
            case "*":
                out += "[^/]*"
            case "?":
                out += "[^/]"
            case _:
                out += re.escape(piece)
    return out
