"""Dates in the words of the portal, for code that makes text outside templates."""

from __future__ import annotations

from datetime import date


def day_words(day: date) -> str:
    """30 Sep 2026."""
    return f"{day.day} {day:%b %Y}"
