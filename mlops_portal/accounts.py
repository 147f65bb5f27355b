"""How allauth behaves here: nobody signs up, people are invited (teams/services/invitations.py); sign-ins are logged."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import ChangePasswordForm, LoginForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from teams.models import User
from teams.services.sessions import record_refused_sign_in, record_sign_in


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        # The same for a wrong name and a wrong password: nobody learns who is here.
        "username_password_mismatch": "The user name or the password is wrong.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **details)
        record_sign_in(user=user, method="password", at=timezone.now())
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        record_refused_sign_in(username=str(credentials.get("username", "")), at=timezone.now())


def reword(form: forms.Form, labels: dict[str, str], **helps: str) -> None:
    """Sets the portal's words for the fields of one of allauth's forms; a placeholder only doubles the label."""
    for name, label in labels.items():
        field = form.fields[name]
        field.label, field.help_text = label, helps.get(name, "")
        field.widget.attrs.pop("placeholder", None)


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's form in the words of the portal; help and the link for a lost password stand in the page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reword(self, {"login": "User name", "password": "Password", "remember": "Stay signed in for a week"})


class PasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """allauth's form in the words of the page where a first password is chosen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reword(
            self,
            {
                "oldpassword": "Current password",
                "password1": "New password",
                "password2": "The same password again",
            },
            password1="At least 12 characters. A few words in a row are easier to type and harder to guess.",
        )


class AuthenticatorAppForm(ActivateTOTPForm):  # type: ignore[misc]
    """allauth's form for the code that proves that the app is set up."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        reword(self, {"code": "Code from the app"})
        self.fields["code"].widget.attrs["inputmode"] = "numeric"
