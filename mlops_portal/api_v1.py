"""The REST API, version 1: routes and nothing else."""

from __future__ import annotations

from django.urls import include, path, re_path

from mlops_portal.lib.api import schema
from mlops_portal.lib.api.views import nowhere

app_name = "api"
urlpatterns = [
    path("", include("teams.api.urls")),
    path("", include("assessments.api.urls")),
    path("", include("insights.api.urls")),
    path("", include("integrations.api.urls")),
    path("schema/", schema.Schema.as_view(), name="schema"),
    path("docs/", schema.Docs.as_view(), name="docs"),
    re_path(r"", nowhere, name="nowhere"),
]
