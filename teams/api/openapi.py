"""How the API describes itself: who may ask (token scopes), and the refusals that every operation shares.

Importing this module registers the two ways to say who acts.
"""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from teams.permissions import row

BEARER_TOKEN = {"type": "http", "scheme": "bearer", "bearerFormat": "mlp_<8 hex>_<64 hex>"}
SESSION = {"type": "apiKey", "in": "cookie", "name": "session"}
PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457). `code` is for programs, `detail` for people.",
    "required": ["type", "title", "status", "code", "detail", "instance", "request_id", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "What is wrong with which field or parameter; `pointer` is a JSON pointer.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
# Name in the description -> (status, what it means).
ANSWERS = {
    "BadRequest": (400, "A parameter, a field or the body cannot be used; `errors` names each."),
    "Unauthorized": (401, "No token, or one that is unknown, revoked or expired."),
    "Forbidden": (403, "Your roles or the scopes of this token do not allow this."),
    "NotFound": (404, "It does not exist, or it is not yours to see; the answer does not say which."),
    "NotAcceptable": (406, "The Accept header asks for something other than JSON."),
    "TooLarge": (413, "The body is larger than 1 MiB."),
    "NotJson": (415, "The body is not application/json."),
    "TooMany": (429, "More requests than a minute allows. Retry-After says how many seconds to wait."),
    "Unavailable": (503, "The portal cannot reach its database just now. Nothing was stored."),
}
EVERYWHERE = ("BadRequest", "Unauthorized", "Forbidden", "NotAcceptable", "TooMany", "Unavailable")


class PortalSchema(AutoSchema):
    """Operations with the scope that they take, grouped by their first word, with every refusal they can give."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_auth(self) -> list[dict[str, list[str]]]:
        scope = self._scope()
        return [{"bearerToken": [] if scope == "any" else [scope]}, {"session": []}]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """The operation, with the scope that it takes said in words."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            scope = self._scope()
            needs = "any valid token" if scope == "any" else f"the scope `{scope}`"
            operation["description"] = f"{operation.get('description', '')}\n\nTakes {needs}."
        return operation

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        names = list(EVERYWHERE)
        # A list that is narrowed by a name answers to a foreign name as to none.
        if "{" in self.path or getattr(self.view, "may_be_missing", False):
            names.append("NotFound")
        if self.method == "GET":
            bodies["304"] = {"description": "Nothing has changed since the answer with this ETag."}
        else:
            names += ["TooLarge", "NotJson"]
        for name in names:
            bodies[str(ANSWERS[name][0])] = {"$ref": f"#/components/responses/{name}"}
        return dict(sorted(bodies.items()))

    def _scope(self) -> str:
        policy = getattr(self.view, "policy", None)
        if isinstance(policy, dict):
            policy = policy[self.method.lower()]
        return row(policy).scope if isinstance(policy, str) else str(getattr(self.view, "scope", ""))


class BearerTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "teams.api.authentication.BearerToken"
    name = "bearerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme of `Authorization: Bearer mlp_...`."""
        return BEARER_TOKEN


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "teams.api.authentication.Session"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """The OpenAPI security scheme of a signed-in browser."""
        return SESSION


def add_shared_answers(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """The description with the refusals that operations point to, and with the security schemes."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {})["Problem"] = PROBLEM
    components["securitySchemes"] = {
        "bearerToken": BEARER_TOKEN,
        "session": SESSION,
    }
    components["responses"] = {
        name: {
            "description": meaning,
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for name, (_, meaning) in ANSWERS.items()
    }
    return result
