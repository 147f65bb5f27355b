"""Routes of people and teams, under /api/v1/."""

from __future__ import annotations

from django.urls import path

from teams.api import openapi, views  # noqa: F401 -- openapi registers the ways to sign in

urlpatterns = [
    path("me/", views.Me.as_view(), name="me"),
    path("units/", views.UnitList.as_view(), name="unit-list"),
    path("units/<slug:slug>/", views.UnitDetail.as_view(), name="unit-detail"),
    path("teams/", views.TeamList.as_view(), name="team-list"),
    path("teams/<slug:slug>/", views.TeamDetail.as_view(), name="team-detail"),
]
