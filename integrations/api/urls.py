"""Routes of what connections tell, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from integrations.api import views

urlpatterns = [
    path("teams/<slug:slug>/trace/", views.TeamTrace.as_view(), name="team-trace"),
]
