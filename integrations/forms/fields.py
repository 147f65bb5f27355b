"""Form fields made from a connector's options, with what a test found offered as choices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from integrations.connectors.base import Option, OptionKind

# More boxes than this are no choice any more; then names are typed.
MOST_BOXES = 30
MAX_LINES = 200


class SuggestingInput(forms.TextInput):
    """A text field with a datalist: what was found is offered, anything can be typed."""

    def __init__(self, suggestions: Sequence[str]) -> None:
        super().__init__()
        self.suggestions = suggestions

    def render(
        self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None
    ) -> SafeString:
        key = f"{(attrs or {}).get('id', name)}-found"
        field = super().render(name, value, {**(attrs or {}), "list": key}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((one,) for one in self.suggestions))
        return format_html('{}<datalist id="{}">{}</datalist>', field, key, options)


class TickedValue(forms.CheckboxInput):
    """A box whose value is that very text when it is ticked, and "" when it is not, or when the page offered another."""

    def __init__(self, value: str) -> None:
        super().__init__(attrs={"value": value}, check_test=lambda given: given == value)
        self.value = value

    def value_from_datadict(self, data: Any, files: Any, name: str) -> str:  # type: ignore[override] # a text, no truth value
        return self.value if data.get(name) == self.value else ""


class LinesField(forms.CharField):
    """One entry a line; a list of strings."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}))
        super().__init__(**kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        text = super().clean(value) or ""
        lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        if len(lines) > MAX_LINES:
            raise forms.ValidationError(f"These are {len(lines)} lines; {MAX_LINES} is the most.")
        return lines


class SecretField(forms.CharField):
    """Goes in, never comes out: no value is ever rendered."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "widget",
            forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"}),
        )
        kwargs.setdefault("max_length", 4000)
        super().__init__(**kwargs)


def field_of(option: Option, *, found: Sequence[str] = (), is_required: bool | None = None) -> forms.Field:
    """The field that asks for an option."""
    required = option.is_required if is_required is None else is_required
    base: dict[str, Any] = {"label": option.label, "help_text": option.help, "required": required}
    match option.kind:
        case OptionKind.SECRET:
            return SecretField(**base)
        case OptionKind.LIST | OptionKind.ROLES:
            return LinesField(**base)
        case OptionKind.CHOICE:
            choices = [(choice, choice) for choice in option.choices]
            empty = [] if option.default or required else [("", "Not set")]
            return forms.ChoiceField(choices=[*empty, *choices], **base)
        case OptionKind.TEXT:
            widget = SuggestingInput(found) if found else forms.TextInput()
            return forms.CharField(max_length=500, widget=widget, **base)


def boxes_of(option: Option, found: Sequence[str]) -> forms.MultipleChoiceField | None:
    """Boxes to tick beside a LIST whose entries were found; None where there are none or too many."""
    if option.kind is not OptionKind.LIST or not 0 < len(found) <= MOST_BOXES:
        return None
    return forms.MultipleChoiceField(
        label=f"{option.label}: found with this credential",
        choices=[(one, one) for one in found],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
