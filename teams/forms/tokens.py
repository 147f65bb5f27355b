"""Forms that make API tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from teams.models import Team
from teams.permissions import MATRIX, SCOPES
from teams.services.tokens import DEFAULT_DAYS, LONGEST_DAYS


def scope_choices() -> list[tuple[str, str]]:
    """Each scope with what it opens, in the words of the matrix."""
    opens: dict[str, list[str]] = {scope: [] for scope in SCOPES}
    for row in MATRIX.values():
        if row.scope in opens:
            opens[row.scope].append(row.what)
    return [(scope, f"{scope}: {'; '.join(what)}") for scope, what in opens.items()]


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
        help_text="It reaches these and no others.",
        queryset=Team.objects.none(),
        to_field_name="slug",
    )
    field_order = ("name", "source", "teams", "scopes", "days")

    def __init__(self, *args: Any, teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["teams"].queryset = teams  # type: ignore[attr-defined]
