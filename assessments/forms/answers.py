"""What the page of a ladder sends: one small form for each criterion, all inside one HTML form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from assessments.models import Answer

CLEAR = "clear"


class AnswerForm(forms.Form):
    """The fields of one criterion. `take` is a button's word and goes before the radio; `was` is what the page showed."""

    answer = forms.ChoiceField(choices=[("", ""), *Answer.Value.choices], required=False)
    take = forms.ChoiceField(choices=[("", ""), *Answer.Value.choices, (CLEAR, CLEAR)], required=False)
    was = forms.ChoiceField(choices=[("", ""), *Answer.Value.choices], required=False)
    reason = forms.CharField(max_length=1000, required=False)
    note = forms.CharField(max_length=4000, required=False)
    version = forms.IntegerField(min_value=1, required=False)

    def __init__(self, data: Mapping[str, Any], *, key: str) -> None:
        self.key = key
        super().__init__(data)

    def add_prefix(self, field_name: str) -> str:
        """answer-<key>: what the page's components name their fields."""
        return f"{field_name}-{self.key}"

    @property
    def value(self) -> str:
        """What is to be saved: the button's word, else the chosen radio; empty for none."""
        return str(self.cleaned_data["take"] or self.cleaned_data["answer"])

    @property
    def carries_text(self) -> bool:
        """Whether the request holds note and reason at all; buttons of the conflict panel send the answer alone."""
        return self.add_prefix("note") in self.data

    @property
    def is_sent(self) -> bool:
        """Whether the request speaks of this criterion at all: a page sends its note with each, a button its word."""
        return self.carries_text or self.value != ""

    def is_untouched(self, stored: Answer | None) -> bool:
        """Whether this says nothing new: the same as stored, or as the page showed before somebody else saved.

        A button says something also where it repeats what stands: "still true" confirms it today.
        """
        if self.cleaned_data["take"]:
            return False
        value, note = self.value, self.cleaned_data["note"]
        if stored is None:
            return value == ""
        if value == "" or (
            self.cleaned_data["version"] != stored.row_version and value == self.cleaned_data["was"]
        ):
            return bool(note == stored.note)
        reason = self.cleaned_data["reason"].strip() if value == Answer.Value.NA else ""
        return bool((value, reason, note) == (stored.value, stored.reason, stored.note))
