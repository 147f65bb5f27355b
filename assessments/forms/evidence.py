"""Evidence by hand: a link or a note."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from assessments.catalog.schema import Capability, MaturityModelFile
from assessments.models import Evidence


class EvidenceForm(forms.Form):
    """Fields of one piece of evidence for criteria of one capability."""

    title = forms.CharField(
        max_length=200, label="What it is", help_text='A few words, such as "Release workflow".'
    )
    form = forms.ChoiceField(
        choices=Evidence.Form.choices,
        label="Link or note",
        widget=forms.RadioSelect,
        initial=Evidence.Form.LINK,
    )
    url = forms.URLField(
        max_length=2000,
        required=False,
        label="Address",
        assume_scheme="https",
        help_text="The portal opens it only where it leads into a connected system, to see whether it is still there.",
    )
    text = forms.CharField(
        max_length=8000, required=False, label="Note", widget=forms.Textarea(attrs={"rows": 4})
    )
    kind = forms.ChoiceField(label="Kind", help_text="The kind decides how long it stays valid.")
    collected_on = forms.DateField(
        label="Seen on",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="The day on which somebody looked; its validity begins then.",
    )
    criteria = forms.MultipleChoiceField(
        label="What it proves",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one."},
    )

    def __init__(
        self, data: Any = None, *, model: MaturityModelFile, capability: Capability, today: date, chosen: str
    ) -> None:
        super().__init__(
            data, initial={"criteria": [chosen], "collected_on": today, "form": Evidence.Form.LINK}
        )
        suits = {kind for c in capability.criteria if c.id == chosen for kind in c.evidence}
        kinds = sorted(model.evidence_kinds, key=lambda kind: kind.id not in suits)
        self.today = today
        self._choices("kind", [(k.id, f"{k.meaning} ({k.valid_days} days)") for k in kinds])
        self._choices("criteria", [(c.id, f"Level {c.level}: {c.text}") for c in capability.criteria])

    def _choices(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean_collected_on(self) -> date:
        collected_on: date = self.cleaned_data["collected_on"]
        if collected_on > self.today:
            raise forms.ValidationError("Evidence cannot be collected in the future.")
        return collected_on

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        form = cleaned.get("form")
        if form == Evidence.Form.LINK and not cleaned.get("url") and "url" not in self.errors:
            self.add_error("url", "A link needs its address.")
        if form == Evidence.Form.NOTE and not cleaned.get("text", "").strip():
            self.add_error("text", "A note needs its text.")
        return cleaned
