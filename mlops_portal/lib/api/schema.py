"""The description of the API (OpenAPI 3.1) and a page to read it, for any valid token or signed-in person."""

from __future__ import annotations

from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView


class Schema(SpectacularAPIView):
    policy = "schema.view"
    renderer_classes = [OpenApiJsonRenderer, OpenApiYamlRenderer]
    api_version = "v1"


class Docs(SpectacularSwaggerSplitView):
    # The split view: plain Swagger needs an inline script, which our policy blocks (STACK 4).
    policy = "schema.view"
    url_name = "api:schema"
