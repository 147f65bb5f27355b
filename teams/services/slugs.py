"""Addresses from names."""

from __future__ import annotations

from itertools import count
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

_LONGEST = 80
# They would be read as pages: /teams/new/.
_TAKEN_BY_PAGES = frozenset({"new"})


def free_slug(name: str, rows: QuerySet[Any], fallback: str) -> str:
    """The slug of `name`, with a number behind it when a row or a page has it already."""
    stem = slugify(name)[: _LONGEST - 8] or fallback
    taken = set(rows.filter(slug__startswith=stem).values_list("slug", flat=True)) | _TAKEN_BY_PAGES
    if stem not in taken:
        return stem
    return next(slug for number in count(2) if (slug := f"{stem}-{number}") not in taken)
