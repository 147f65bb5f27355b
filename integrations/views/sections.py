"""The three pages about connections as a whole, and the way between them."""

from __future__ import annotations

from django.urls import reverse

from mlops_portal.lib.parts import Step

LIST, HEALTH, RULES = "connection-list", "health-list", "rule-list"
_NAMES = ((LIST, "All connections"), (HEALTH, "Health"), (RULES, "Rules"))


def sections(here: str) -> tuple[Step, ...]:
    """Links to the pages; the one that is open is marked."""
    return tuple(
        Step(label, reverse(f"integrations:{name}"), is_current=name == here) for name, label in _NAMES
    )
