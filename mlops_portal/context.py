"""What every page needs: the navigation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from teams.models import User
from teams.queries.rights import remembered_rights

# (label, address, action that opens it; empty: everybody). The order is the same on every page (WCAG 3.2.3).
_ITEMS = (
    ("Home", "home", ""),
    ("Teams", "assessments:team-list", "team.view"),
    ("Heatmap", "insights:heatmap", "heatmap.view"),
    ("Progress", "insights:progress", "progress.view"),
    ("Maturity model", "assessments:model-list", "maturity_model.view"),
    ("Connections", "integrations:connection-list", "connection.view"),
    ("Organisation", "teams:organisation", "org.list"),
    ("People", "teams:person-list", "team.edit_members"),
    ("Log", "teams:event-list", "event.view"),
)


@dataclass(frozen=True, slots=True)
class NavItem:
    label: str
    url: str
    is_current: bool


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`nav_items` of a signed-in person, by their rights (one query, shared with the view); empty for others."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"nav_items": []}
    rights = remembered_rights(user)
    links = [
        (label, url)
        for label, name, action in _ITEMS
        if (url := _address(name)) and (not action or rights.can(action))
    ]
    # The longest address that fits: the log lies below the organisation, and only one of them is this page's.
    here = max((url for _, url in links if _is_current(request.path, url)), key=len, default="")
    return {"nav_items": [NavItem(label, url, is_current=url == here) for label, url in links]}


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:  # a page that this build does not have
        return ""


def _is_current(path: str, url: str) -> bool:
    return path == url if url == "/" else path.startswith(url)
