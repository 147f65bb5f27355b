"""The form that maps a part of a connection to a team."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.forms.boundfield import BoundField

from integrations.connectors.base import Connector, Option, OptionKind
from integrations.forms.connection import PREFIX
from integrations.forms.fields import SuggestingInput, boxes_of, field_of
from integrations.models import Connection, Source
from integrations.queries.kinds import connector_class
from teams.models import Team

_BOXES = "-found"
# A longer list is not read; then the team is typed, and the first ones are offered.
MOST_TEAMS = 200


class SourceForm(forms.Form):
    """The options of the connector; before them the team, while there is no source yet."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self,
        *args: Any,
        connection: Connection,
        source: Source | None = None,
        teams: QuerySet[Team] | None = None,
        **kwargs: Any,
    ) -> None:
        self.kind: type[Connector] = connector_class(connection.kind)
        choices: dict[str, list[str]] = connection.found.get("choices", {})
        kwargs["initial"] = {**_initial(self.kind, source, choices), **kwargs.get("initial", {})}
        super().__init__(*args, **kwargs)
        if source is None and teams is not None:
            self.fields["team"] = _team_field(teams)
        # What a file in the repository sets is shown beside the form; a field would promise that it can be changed here.
        self._from_file: dict[str, Any] = source.file_options if source is not None else {}
        for option in self._asked:
            self._add(option, choices.get(option.name, []))

    def _add(self, option: Option, found: list[str]) -> None:
        boxes = boxes_of(option, found)
        if boxes is not None:
            self.fields[PREFIX + option.name + _BOXES] = boxes
        field = field_of(option, found=found, is_required=option.is_required and boxes is None)
        if boxes is not None:
            field.label = f"{option.label}: others"
        elif found and option.kind in {OptionKind.LIST, OptionKind.ROLES}:
            field.help_text = f"{option.help} Found with this credential: {', '.join(found[:20])}."
        if option.feeds and not option.is_required:
            count = "1 signal stays" if len(option.feeds) == 1 else f"{len(option.feeds)} signals stay"
            field.help_text = f"{field.help_text} While nothing is named, {count} unknown."
        self.fields[PREFIX + option.name] = field

    @property
    def _asked(self) -> list[Option]:
        return [option for option in self.kind.source_options if option.name not in self._from_file]

    @property
    def main_fields(self) -> list[BoundField]:
        """What everybody answers: the team, what is required, and what signals wait for."""
        return [field for field in self.visible_fields() if not self._is_special(field)]

    @property
    def special_fields(self) -> list[BoundField]:
        """What has a good default."""
        return [field for field in self.visible_fields() if self._is_special(field)]

    @property
    def is_special_wrong(self) -> bool:
        return any(field.errors for field in self.special_fields)

    def _is_special(self, field: BoundField) -> bool:
        usual = {"team"}
        for option in self.kind.source_options:
            if option.is_required or option.feeds:
                usual |= {PREFIX + option.name, PREFIX + option.name + _BOXES}
        return field.name not in usual

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        for option in self.kind.source_options:
            name = PREFIX + option.name
            ticked = data.pop(name + _BOXES, [])
            if name in data and ticked:
                data[name] = list(dict.fromkeys([*ticked, *data[name]]))
            if name in data and option.is_required and not data[name]:
                self.add_error(name, "Name at least one.")
        return data

    @property
    def answers(self) -> dict[str, Any]:
        asked = {option.name: self.cleaned_data[PREFIX + option.name] for option in self._asked}
        return {**self._from_file, **asked}


def _team_field(teams: QuerySet[Team]) -> forms.Field:
    first = list(teams.values_list("slug", flat=True)[: MOST_TEAMS + 1])
    is_long = len(first) > MOST_TEAMS
    field = forms.ModelChoiceField(
        label="Team",
        queryset=teams,
        to_field_name="slug",
        empty_label="Choose a team",
        help_text="The short name, as in the address of its page." if is_long else "",
        error_messages={
            "required": "Choose a team.",
            "invalid_choice": "There is no such team here, or it is mapped already.",
        },
    )
    if is_long:
        field.widget = SuggestingInput(first)
    return field


def _initial(kind: type[Connector], source: Source | None, choices: dict[str, list[str]]) -> dict[str, Any]:
    initial: dict[str, Any] = {}
    for option in kind.source_options:
        value = source.options.get(option.name) if source is not None else option.default
        found = choices.get(option.name, [])
        if isinstance(value, list) and boxes_of(option, found) is not None:
            initial[PREFIX + option.name + _BOXES] = [one for one in value if one in found]
            value = [one for one in value if one not in found]
        initial[PREFIX + option.name] = value
    if source is not None:
        initial["row_version"] = source.row_version
    return initial
