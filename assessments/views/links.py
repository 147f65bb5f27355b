"""Links that several pages share: where a page lies, and addresses of other apps that a build may lack."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from mlops_portal.lib.parts import Link
from teams.models import Team


def address(name: str, *args: str) -> str:
    """The address of a page of any app; empty where this build does not have it."""
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def team_crumbs(team: Team, *further: Link) -> tuple[Link, ...]:
    """Teams, the team, and what lies between it and the page."""
    return (
        Link("Teams", reverse("assessments:team-list")),
        Link(team.name, reverse("assessments:team-detail", args=[team.slug])),
        *further,
    )
