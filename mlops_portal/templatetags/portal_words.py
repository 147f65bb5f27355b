"""Filters that put values into words, for templates; they come with `{% load portal %}`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django import template
from django.http import QueryDict
from django.utils import timezone
from django.utils.html import format_html

register = template.Library()

# The shipped catalogue's names; a test compares. A page of another maturity model gives the name itself.
LEVEL_NAMES = (
    "No MLOps",
    "DevOps, no MLOps",
    "Automated training",
    "Automated model deployment",
    "Full MLOps automated operations",
)


@register.filter
def date_words(value: date | datetime | None) -> str:
    """30 Sep 2026, in the reader's time zone; a moment keeps its day only. Nothing for None."""
    if not value:
        return ""
    day = timezone.localtime(value) if isinstance(value, datetime) and timezone.is_aware(value) else value
    return f"{day.day} {day:%b %Y}"


@register.filter
def moment_words(value: datetime | None) -> str:
    """30 Sep 2026, 14:02. Nothing for None."""
    if not value:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{date_words(local)}, {local:%H:%M}"


@register.filter
def clock(value: datetime | None) -> str:
    """14:02. Nothing for None."""
    return f"{timezone.localtime(value) if timezone.is_aware(value) else value:%H:%M}" if value else ""


@register.filter
def when(value: Any) -> Any:
    """A `<time>` for a day or a moment; anything else comes back as it is."""
    if isinstance(value, datetime):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), moment_words(value))
    if isinstance(value, date):
        return format_html('<time datetime="{}">{}</time>', value.isoformat(), date_words(value))
    return value


@register.filter
def percent(value: float | None) -> str:
    """0.45 as "45 %"; a share that is not whole never reads 0 or 100."""
    if value is None:
        return "unknown"
    shown = round(value * 100)
    if shown == 0 and value > 0:
        return "under 1 %"
    if shown == 100 and value < 1:
        return "over 99 %"
    return f"{shown} %"


@register.filter
def level_name(value: int | None) -> str:
    """The name of a level of the shipped maturity model; "not assessed" for None."""
    return "not assessed" if value is None else LEVEL_NAMES[int(value)]


@register.filter
def signed(value: int | None) -> str:
    """+1, 0, -1: a change always says its direction. Nothing for None."""
    return "" if value is None else f"{value:+d}" if value else "0"


@register.filter
def cell(value: Any) -> Any:
    """A table's value: dates in words, "No data" for None (no cell is empty)."""
    return "No data" if value is None or value == "" else when(value)


@register.filter
def query_without(query: QueryDict | None, key: str) -> str:
    """The query string less one key, ready to have another appended: "unit=a&" or nothing."""
    if not query:
        return ""
    kept = query.copy()
    kept.pop(key, None)
    return f"{kept.urlencode()}&" if kept else ""
