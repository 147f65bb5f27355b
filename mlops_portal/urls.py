"""Every address of the portal, app by app."""

from __future__ import annotations

from django.urls import include, path

from mlops_portal import styleguide, views

urlpatterns = [
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("account/", include("allauth.urls")),
    path("", include("insights.urls")),
]
