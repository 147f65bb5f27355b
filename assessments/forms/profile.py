"""What a team works on: the flags that allow "does not apply"."""

from __future__ import annotations

from typing import Any

from django import forms

from assessments.catalog.schema import MaturityModelFile
from teams.models import Team


class ProfileForm(forms.Form):
    """The profile flags of a team; unknown flags are refused."""

    flags = forms.MultipleChoiceField(
        required=False,
        label="What holds for this team",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, data: Any = None, *, team: Team, model: MaturityModelFile) -> None:
        super().__init__(data, initial={"flags": team.flags})
        field = self.fields["flags"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(flag.id, flag.meaning) for flag in model.profile_flags]
