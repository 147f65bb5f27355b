"""A page that nobody photographs and no accessibility check visits is a page that nobody looks at."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from django.urls import get_resolver

from tests.e2e.pages import NO_PAGE, ROWS


def routes(resolver: Any, namespace: str = "") -> Iterator[str]:
    """The name of every route, with its name space; nameless ones (allauth keeps some old addresses) left out."""
    for pattern in resolver.url_patterns:
        if hasattr(pattern, "url_patterns"):
            yield from routes(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif pattern.name:
            yield f"{namespace}{pattern.name}"


ROUTES = set(routes(get_resolver("tests.e2e.urls")))


def test_every_route_has_a_row_or_a_reason():
    looked_at = {row.route for row in ROWS}
    unseen = {route for route in ROUTES - looked_at if not any(fnmatch(route, known) for known in NO_PAGE)}
    assert unseen == set()


def test_rows_and_reasons_name_routes_that_exist():
    assert {row.route for row in ROWS} - ROUTES == set()
    assert [known for known in NO_PAGE if not any(fnmatch(route, known) for route in ROUTES)] == []


def test_pictures_have_names_of_their_own():
    names = [row.name for row in ROWS]
    assert sorted(names) == sorted(set(names))
