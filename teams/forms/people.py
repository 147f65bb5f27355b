"""Forms about people and their roles."""

from __future__ import annotations

from typing import Any

from django import forms

from teams.models import Role, Team, Theme, Unit, User
from teams.queries.rights import teams_visible_to, units_visible_to

# A list to choose from helps up to here; beyond, people start from the page of the unit or team.
MOST_TEAMS = 200


def places_for(by: User) -> list[tuple[str, Any]]:
    """Units and teams on which `by` gives roles, as grouped choices "unit:slug" and "team:slug"."""
    units = units_visible_to(by, "unit.appoint").order_by("path")
    teams = teams_visible_to(by, "team.edit_members").order_by("name", "pk")[: MOST_TEAMS + 1]
    listed = [(f"team:{team.slug}", team.name) for team in teams]
    groups: list[tuple[str, Any]] = [("", "Choose a unit or team")]
    groups.append(("Units", [(f"unit:{unit.slug}", unit.name) for unit in units]))
    if len(listed) <= MOST_TEAMS:
        groups.append(("Teams", listed))
    return groups


WHICH_PLACE = "Choose the unit or team that this role is for."


class PlaceField(forms.ChoiceField):
    """A unit or a team out of those that the person may give roles on."""

    def to_python(self, value: Any) -> Any:
        return "" if value in self.empty_values else str(value)


def place_of(key: str) -> tuple[Unit | None, Team | None]:
    """The unit or team of a choice of `places_for`; (None, None) for an empty one or one that is gone."""
    kind, _, slug = key.partition(":")
    if kind == "unit":
        return Unit.objects.filter(slug=slug).first(), None
    if kind == "team":
        return None, Team.objects.active().select_related("unit").filter(slug=slug).first()
    return None, None


class RoleForm(forms.Form):
    """A role and where it holds."""

    role = forms.TypedChoiceField(label="Role", coerce=lambda value: Role(int(value)))
    place = PlaceField(label="Unit or team", error_messages={"required": WHICH_PLACE})

    def __init__(self, *args: Any, roles: list[Role], by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        place = self.fields["place"]
        place.choices = places_for(by)  # type: ignore[attr-defined]
        if not {Role.PLATFORM, Role.ADMIN}.isdisjoint(roles):
            place.required = False
            place.help_text = "Leave it empty for platform engineers and administrators."

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        role = data.get("role")
        unit, team = place_of(data.get("place", ""))
        if role in {Role.PLATFORM, Role.ADMIN} and unit is None and team is None:
            # These hold for the whole organisation: nobody has to say so.
            unit = Unit.objects.filter(depth=1).first()
        if role and unit is None and team is None and "place" not in self.errors:
            self.add_error("place", WHICH_PLACE)
        return data | {"unit": unit, "team": team}


class InviteForm(RoleForm):
    """A new person with a first role."""

    full_name = forms.CharField(label="Name", max_length=120)
    username = forms.CharField(
        label="User name",
        max_length=64,
        help_text="They sign in with it. Letters, digits and . @ + - _ only.",
        validators=User._meta.get_field("username").validators,  # noqa: SLF001 -- Django's documented name
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    email = forms.EmailField(
        label="E-mail", required=False, widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    field_order = ("full_name", "username", "email", "role", "place")


class PlaceRoleForm(forms.Form):
    """A role for a person who is here already, on the place that the page is about."""

    username = forms.CharField(
        label="User name",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "people"}),
    )
    role = forms.TypedChoiceField(label="Role", coerce=lambda value: Role(int(value)))

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]

    def clean_username(self) -> User:
        person = User.objects.filter(username=self.cleaned_data["username"], is_active=True).first()
        if person is None:
            raise forms.ValidationError("Nobody here has this user name. Invite them first.")
        return person


class ProfileForm(forms.Form):
    full_name = forms.CharField(
        label="Name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    theme = forms.TypedChoiceField(label="Colours", choices=Theme.choices, coerce=Theme)
