"""How allauth behaves here: nobody signs up, people are invited (teams/services/invitations.py); sign-ins are logged."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from teams.models import User
from teams.services.sessions import record_refused_sign_in, record_sign_in


class PortalAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **details)
        record_sign_in(user=user, method="password", at=timezone.now())
        return response

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        super().authentication_failed(request, **credentials)
        record_refused_sign_in(username=str(credentials.get("username", "")), at=timezone.now())
