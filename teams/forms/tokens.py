"""Forms that make API tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from teams.models import Team
from teams.permissions import SCOPES
from teams.services.tokens import DEFAULT_DAYS, LONGEST_DAYS

# What each scope opens, for whoever ticks it; the matrix says the same in the words of engineers.
SCOPE_WORDS = {
    "actions:read": "See next steps",
    "actions:write": "Add and change next steps",
    "assessments:read": "See answers that are not published yet",
    "assessments:submit": "Send an assessment to review and take it back",
    "assessments:write": "Start an assessment and answer it",
    "audit:read": "Read and download the log",
    "comments:write": "Comment",
    "connections:read": "See connections and how they are",
    "connections:write": "Map teams to repositories and experiments",
    "evidence:read": "Download evidence",
    "evidence:write": "Add and remove evidence",
    "measurements:read": "See what was measured of a team",
    "measurements:write": "Send measurements",
    "model:read": "Read the maturity model",
    "org:read": "See units, teams and their people",
    "org:write": "Change units, teams and their people",
    "results:export": "Download heatmap and progress",
    "results:read": "See published levels, heatmap and progress",
    "results:read_notes": "Read published notes",
    "sync:run": "Test and read connections",
    "targets:write": "Set targets",
    "users:write": "Deactivate people",
    "webhooks:manage": "Set up outgoing webhooks",
    "webhooks:read": "See what outgoing webhooks sent",
}


def scope_choices() -> list[tuple[str, str]]:
    """Each scope with what it opens."""
    return [(scope, f"{SCOPE_WORDS[scope]} ({scope})") for scope in SCOPES]


class TokenForm(forms.Form):
    name = forms.CharField(
        label="Name", help_text="Where it will be used, such as: nightly report.", max_length=120
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do", choices=scope_choices, widget=forms.CheckboxSelectMultiple
    )
    days = forms.IntegerField(
        label="Days until it expires", min_value=1, max_value=LONGEST_DAYS, initial=DEFAULT_DAYS
    )


class ServiceTokenForm(TokenForm):
    source = forms.SlugField(
        label="System",
        help_text="The name that its measurements carry, such as: jenkins-main.",
        max_length=80,
    )
    teams = forms.ModelMultipleChoiceField(
        label="Teams",
        help_text="It reaches these and no others. Hold Ctrl or Command to choose several.",
        queryset=Team.objects.none(),
        to_field_name="slug",
    )
    field_order = ("name", "source", "teams", "scopes", "days")

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = teams  # type: ignore[attr-defined]
