"""What the sign-in page offers beside its form. The page is allauth's view, so it asks by tags."""

from __future__ import annotations

from django import template

from teams.access import demo_is_open
from teams.queries.people import DemoPerson, demo_people, has_administrator
from teams.queries.rights import remembered_rights

register = template.Library()


@register.simple_tag(name="demo_people", takes_context=True)
def demo_people_tag(context: template.Context) -> list[DemoPerson]:
    """Demo people to sign in as; empty outside the demo and for other machines."""
    return demo_people() if demo_is_open(context["request"]) else []


@register.simple_tag(takes_context=True)
def demo_can_go(context: template.Context) -> bool:
    """Whether this is the demo and the reader may remove it."""
    request = context["request"]
    return demo_is_open(request) and remembered_rights(request.user).can("org.settings")


@register.simple_tag
def setup_is_offered() -> bool:
    """Whether nobody administers the organisation yet."""
    return not has_administrator()
