"""What heatmap and progress can be narrowed to. Everything lives in the address, so a view can be sent to somebody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from teams.models import Team, Unit

VIEWS = (("dimensions", "5 dimensions"), ("capabilities", "21 capabilities"))
SHOWS = (
    ("both", "Level, verified small"),
    ("level", "Level"),
    ("verified", "Verified only"),
    ("potential", "Up to"),
)
WEEKS = ((13, "3 months"), (26, "6 months"), (52, "1 year"), (260, "5 years"))


class HeatmapFilter(forms.Form):
    """`unit` only among those the person may see; a foreign one is a wrong choice, not a leak."""

    unit = forms.ModelChoiceField(
        Unit.objects.none(), required=False, to_field_name="slug", empty_label="All units", label="Unit"
    )
    columns = forms.ChoiceField(choices=VIEWS, required=False, label="Columns")
    show = forms.ChoiceField(choices=SHOWS, required=False, label="Show")

    def __init__(self, *args: Any, units: QuerySet[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]

    def clean_columns(self) -> str:
        return self.cleaned_data["columns"] or "dimensions"

    def clean_show(self) -> str:
        return self.cleaned_data["show"] or "both"


class ProgressFilter(forms.Form):
    unit = forms.ModelChoiceField(
        Unit.objects.none(),
        required=False,
        to_field_name="slug",
        empty_label="Whole organisation",
        label="Unit",
    )
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, to_field_name="slug", empty_label="All its teams", label="Team"
    )
    weeks = forms.TypedChoiceField(choices=WEEKS, coerce=int, required=False, label="Period")

    def __init__(self, *args: Any, units: QuerySet[Unit], teams: QuerySet[Team], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units  # type: ignore[attr-defined]
        self.fields["team"].queryset = teams  # type: ignore[attr-defined]

    def clean_weeks(self) -> int:
        return self.cleaned_data["weeks"] or 52
