"""Spans of time in words."""

from __future__ import annotations

from datetime import timedelta


def interval_words(minutes: int) -> str:
    """60 as "every hour", 90 as "every 90 minutes"."""
    if minutes % 1440 == 0:
        return "every day" if minutes == 1440 else f"every {minutes // 1440} days"
    if minutes % 60 == 0:
        return "every hour" if minutes == 60 else f"every {minutes // 60} hours"
    return f"every {minutes} minutes"


def span_words(span: timedelta) -> str:
    """A span in its largest unit that is there twice: 90 minutes, 47 hours, 2 days."""
    minutes = max(int(span.total_seconds()) // 60, 0)
    for size, word in ((1440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {word}"
    return "1 minute" if minutes == 1 else f"{minutes} minutes"
