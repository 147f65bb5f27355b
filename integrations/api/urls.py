"""Routes of what connections tell, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from integrations.api import connections, views

urlpatterns = [
    path("connections/", connections.ConnectionList.as_view(), name="connection-list"),
    path("teams/<slug:slug>/trace/", views.TeamTrace.as_view(), name="team-trace"),
]
