"""How the API's description names the two ways to say who acts. Importing this module registers them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "teams.api.authentication.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme of `Authorization: Bearer mlp_...`."""
        return {"type": "http", "scheme": "bearer", "bearerFormat": "mlp_<8 hex>_<64 hex>"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "teams.api.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme of a signed-in browser."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
