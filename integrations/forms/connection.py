"""The form of a connection, built from what its connector asks for."""

from __future__ import annotations

from typing import Any

from django import forms

from integrations.connectors.base import Connector
from integrations.forms.fields import TickedValue, field_of
from integrations.models import Connection
from integrations.models.connection import DEFAULT_INTERVAL_MINUTES
from integrations.queries.kinds import is_secret

INTERVALS = ((60, "Every hour"), (360, "Every 6 hours"), (1440, "Every day"))
# Options stand beside the form's own fields; a connector may well call one of them "name".
PREFIX = "option-"


class ConnectionForm(forms.Form):
    """`allow` appears only where an address was refused that this person can open here."""

    name = forms.CharField(
        label="Name",
        max_length=80,
    )
    base_url = forms.CharField(
        label="Address", max_length=2000, widget=forms.TextInput(attrs={"inputmode": "url"})
    )
    interval_minutes = forms.TypedChoiceField(label="Read it", choices=INTERVALS, coerce=int)
    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        kind: type[Connector],
        connection: Connection | None = None,
        allow: str = "",
        **kwargs: Any,
    ) -> None:
        self.kind = kind
        self.connection = connection
        kwargs["initial"] = {**_initial(kind, connection), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = f"What people call this system, such as: {kind.label} of the lab."
        self.fields["base_url"].help_text = _about_address(kind, connection)
        self._add_interval()
        has_secret = connection is not None and bool(connection.secret)
        for option in kind.connection_options:
            # A standing connection is not held up by a credential: it has a page of its own.
            is_required = option.is_required and not (connection is not None and is_secret(option))
            field = field_of(option, is_required=is_required)
            if is_secret(option) and has_secret:
                field.help_text = f"{option.help} Stored already; leave this empty to keep it."
            self.fields[PREFIX + option.name] = field
        if allow:
            self.offer(allow)

    def _add_interval(self) -> None:
        """An interval that the API or a command set stays on show."""
        minutes = self.initial["interval_minutes"]
        if minutes not in dict(INTERVALS):
            field = self.fields["interval_minutes"]
            field.choices = [*INTERVALS, (minutes, f"Every {minutes} minutes")]  # type: ignore[attr-defined]

    def offer(self, entry: str) -> None:
        """Adds the box that opens `entry` for the portal. It counts for this entry only: the address may have changed."""
        self.fields["allow"] = forms.CharField(
            label=f"Allow this portal to read {entry}",
            help_text="What this opens is said above. It is written to the log.",
            widget=TickedValue(entry),
            required=False,
        )
        self.order_fields(["name", "base_url", "allow"])

    @property
    def allow(self) -> str:
        """The entry whose box was ticked, else ""."""
        entry: str = self.cleaned_data.get("allow", "")
        return entry

    @property
    def answers(self) -> dict[str, Any]:
        """The answers to the connector's options, secrets among them; for a service, at once, and nowhere else."""
        return {
            option.name: self.cleaned_data[PREFIX + option.name]
            for option in self.kind.connection_options
            if PREFIX + option.name in self.cleaned_data
        }


def _about_address(kind: type[Connector], connection: Connection | None) -> str:
    if connection is not None and connection.secret:
        return "Another scheme, host or port clears the credential: it was entered for this one."
    return kind.base_url_help


def _initial(kind: type[Connector], connection: Connection | None) -> dict[str, Any]:
    if connection is None:
        defaults = {
            PREFIX + option.name: option.default
            for option in kind.connection_options
            if not is_secret(option)
        }
        return {
            "name": kind.label,
            "base_url": kind.default_base_url,
            "interval_minutes": DEFAULT_INTERVAL_MINUTES,
            **defaults,
        }
    return {
        "name": connection.name,
        "base_url": connection.base_url,
        "interval_minutes": connection.interval_minutes,
        "row_version": connection.row_version,
        **{PREFIX + name: value for name, value in connection.options.items()},
    }


class CredentialForm(forms.Form):
    """The secret options of a connector and nothing else. What is stored is never shown; an empty field keeps it."""

    def __init__(self, *args: Any, kind: type[Connector], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.options = tuple(option for option in kind.connection_options if is_secret(option))
        for option in self.options:
            self.fields[PREFIX + option.name] = field_of(option, is_required=False)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.options and not any(data.values()):
            self.add_error(PREFIX + self.options[0].name, "Enter what is to be stored.")
        return data

    @property
    def secrets(self) -> dict[str, str]:
        """What was entered; for the service, at once, and nowhere else."""
        given = ((option.name, self.cleaned_data[PREFIX + option.name]) for option in self.options)
        return {name: value for name, value in given if value}


class PauseForm(forms.Form):
    reason = forms.CharField(
        label="Why",
        help_text="People of its teams see this, such as: moving to a new server.",
        max_length=300,
    )
