"""Every address of the portal, app by app."""

from __future__ import annotations

from django.urls import include, path

import integrations.urls
import teams.urls
from assessments.views.home import home
from mlops_portal import styleguide, views
from mlops_portal.demo.views import demo_remove

urlpatterns = [
    path("", home, name="home"),
    path("demo/remove/", demo_remove, name="demo-remove"),
    path("livez", views.livez, name="livez"),
    path("readyz", views.readyz, name="readyz"),
    path("clients/<path:name>", views.client_file, name="client-file"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("account/", include(teams.urls.account_urlpatterns)),
    path("account/", include("allauth.urls")),
    path("hooks/", include(integrations.urls.hook_urlpatterns)),
    path("api/v1/", include("mlops_portal.api_v1")),
    path("", include("teams.urls")),
    path("", include("assessments.urls")),
    path("", include("integrations.urls")),
    path("", include("insights.urls")),
]
