"""Forms about units and teams, and the first set-up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.db.models import QuerySet

from teams.models import Unit, User


class NewPassword(forms.Form):
    """A new password, typed twice; the person it is for is compared with it."""

    password = forms.CharField(
        label="Password",
        help_text="At least 12 characters. A few words in a row are easier to type and harder to guess.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )
    again = forms.CharField(
        label="The same password again",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        strip=False,
    )

    def person(self) -> User:
        """Whom the password is for, as far as the form knows."""
        return User()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        password, again = data.get("password"), data.get("again")
        if password and again and password != again:
            self.add_error("again", "The two passwords differ.")
        elif password:
            try:
                validate_password(password, self.person())
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class InvitedPassword(NewPassword):
    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._person = person

    def person(self) -> User:
        return self._person


class SetUpForm(NewPassword):
    """The organisation and its first administrator."""

    organisation = forms.CharField(label="Name of your organisation", max_length=120)
    full_name = forms.CharField(
        label="Your name", max_length=120, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    username = forms.CharField(
        label="User name",
        max_length=64,
        help_text="You sign in with it. Letters, digits and . @ + - _ only.",
        validators=User._meta.get_field("username").validators,  # noqa: SLF001 -- Django's documented name
        widget=forms.TextInput(attrs={"autocomplete": "username"}),
    )
    token = forms.CharField(
        label="Set-up token",
        help_text="The line that the launcher printed. It proves that you run this portal.",
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    field_order = ("token", "organisation", "full_name", "username", "password", "again")

    def __init__(self, *args: Any, needs_token: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if needs_token:
            self.fields["token"].required = True
        else:
            del self.fields["token"]

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        if User.objects.filter(username__iexact=username).exists():
            raise forms.ValidationError("Somebody has this user name already. Choose another.")
        return username

    def person(self) -> User:
        data = self.cleaned_data
        return User(username=data.get("username", ""), full_name=data.get("full_name", ""))


class UnitForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)


class MoveForm(forms.Form):
    """Where to put a unit or a team."""

    parent = forms.ModelChoiceField(
        label="New place", queryset=Unit.objects.none(), to_field_name="slug", empty_label="Choose a unit"
    )

    def __init__(self, *args: Any, units: QuerySet[Unit], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["parent"].queryset = units  # type: ignore[attr-defined]


class TeamForm(forms.Form):
    name = forms.CharField(label="Name", max_length=120)
    description = forms.CharField(
        label="What the team does",
        help_text="One or two sentences: which ML systems, for whom.",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class TeamSettingsForm(TeamForm):
    # The version that the page showed: a save on top of somebody else's is refused (409).
    row_version = forms.IntegerField(widget=forms.HiddenInput)
