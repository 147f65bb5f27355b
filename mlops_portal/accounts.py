"""How allauth behaves here: nobody signs up, people are invited (teams/services/invitations.py); sign-ins are logged."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm
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


class SignInForm(LoginForm):  # type: ignore[misc]
    """allauth's form in the words of the portal; help and the link for a lost password stand in the page."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (
            ("login", "User name"),
            ("password", "Password"),
            ("remember", "Stay signed in for a week"),
        ):
            field = self.fields[name]
            field.label, field.help_text = label, ""
            field.widget.attrs.pop("placeholder", None)
