"""Every refusal of the API as application/problem+json (RFC 9457): what happened, in one shape, never a trace."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions, status
from rest_framework.response import Response
from structlog.contextvars import get_contextvars

MEDIA_TYPE = "application/problem+json"


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to `error`; None for what is a fault of ours (500, logged by Django)."""
    known = _known(error)
    if known is None:
        return None
    errors = list(_fields(known.detail)) if isinstance(known, exceptions.ValidationError) else []
    detail = "Some fields cannot be used; `errors` names each." if errors else _sentence(known)
    body = problem(
        known.status_code,
        code=_code(known),
        detail=detail,
        instance=context["request"].path,
        errors=errors,
    )
    response = Response(body, status=known.status_code, content_type=MEDIA_TYPE)
    header = getattr(known, "auth_header", None)
    if header:
        response["WWW-Authenticate"] = header
    wait = getattr(known, "wait", None)
    if wait is not None:
        response["Retry-After"] = str(max(1, math.ceil(wait)))
    return response


def unavailable(instance: str, *, retry_seconds: int) -> Response:
    """503: the database did not answer. Nothing was stored."""
    detail = "The portal cannot reach its database just now. Nothing was stored; send the request again."
    body = problem(503, code="unavailable", detail=detail, instance=instance)
    return Response(body, 503, content_type=MEDIA_TYPE, headers={"Retry-After": str(retry_seconds)})


def fault(instance: str) -> Response:
    """500 that names the request and nothing else; the trace is in the log."""
    detail = "The portal failed to answer; this is our fault. Give the request_id to whoever runs it."
    body = problem(500, code="internal_error", detail=detail, instance=instance)
    return Response(body, 500, content_type=MEDIA_TYPE)


def problem(
    status_code: int, *, code: str, detail: str, instance: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The body of a refusal."""
    return {
        "type": f"/problems/{code.replace('_', '-')}",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "code": code,
        "detail": detail,
        "instance": instance,
        "request_id": str(get_contextvars().get("request_id", "")),
        "errors": errors or [],
    }


def plain_problem(request: HttpRequest, status_code: int, *, code: str, detail: str) -> HttpResponse:
    """A refusal outside of any API view (an address that leads nowhere)."""
    body = problem(status_code, code=code, detail=detail, instance=request.path)
    return HttpResponse(orjson.dumps(body), status=status_code, content_type=MEDIA_TYPE)


def _known(error: Exception) -> exceptions.APIException | None:
    if isinstance(error, exceptions.APIException):
        return error
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        too_big = exceptions.APIException(
            "The body is larger than 1 MiB. Send several requests.", code="too_large"
        )
        too_big.status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
        return too_big
    return None


def _code(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.ValidationError):
        return "invalid"
    codes = error.get_codes()
    return codes if isinstance(codes, str) else error.default_code


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.Throttled):
        return "Too many requests. Wait as long as Retry-After says, then go on."
    return _text(error.detail)


def _text(detail: Any) -> str:
    return " ".join(str(part) for part in detail) if isinstance(detail, list) else str(detail)


def _fields(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """`{pointer, code, detail}` of each wrong field; pointers are JSON pointers."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from _fields(inner, pointer if name == "non_field_errors" else f"{pointer}/{name}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            is_leaf = isinstance(inner, exceptions.ErrorDetail)
            yield from _fields(inner, pointer if is_leaf else f"{pointer}/{index}")
    else:
        yield {"pointer": pointer, "code": getattr(detail, "code", "invalid"), "detail": str(detail)}
