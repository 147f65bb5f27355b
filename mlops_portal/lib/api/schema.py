"""The description of the API (OpenAPI 3.1) and a page to read it, for any valid token or signed-in person."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from mlops_portal.lib.api.views import Resource


class Schema(Resource, SpectacularAPIView):
    """This description, as JSON or (Accept: application/yaml) as YAML."""

    policy = "schema.view"
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]
    api_version = "v1"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # untyped package


class Docs(Resource, SpectacularSwaggerSplitView):
    """The description as a page to try things on. A browser without a session is sent to the sign-in page."""

    # The split view: plain Swagger needs an inline script, which our policy blocks (STACK 4).
    policy = "schema.view"
    url_name = "api:schema"
    parameters: ClassVar[frozenset[str]] = frozenset({"script", "lang"})

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Any:
        return super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]  # untyped package

    def handle_exception(self, exc: Exception) -> Any:
        if isinstance(exc, NotAuthenticated) and "text/html" in self.request.headers.get("Accept", ""):
            login: HttpResponse = redirect_to_login(self.request.path)
            return login
        return super().handle_exception(exc)
