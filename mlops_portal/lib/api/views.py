"""What all views of the API share: refusals in one shape, named parameters only, answers that can be asked for again cheaply."""

from __future__ import annotations

import hashlib
import logging
from typing import Any, ClassVar, cast

from django.contrib.auth.decorators import login_not_required
from django.core.signals import got_request_exception
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from rest_framework.exceptions import MethodNotAllowed, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from mlops_portal.lib.api import problems
from mlops_portal.lib.api.headers import RATE_HEADERS
from mlops_portal.lib.api.renderers import OrjsonRenderer

PAGING = frozenset({"limit", "cursor"})
RETRY_SECONDS = 5
logger = logging.getLogger(__name__)


class Resource(APIView):
    """A view of the API. Refuses query parameters that it does not name: a misspelt filter must not pass for "all".

    `parameters` are those of GET, `post_parameters` those of POST. An answer to GET carries an ETag, and 304 is the
    answer to an If-None-Match that names it.
    """

    parameters: ClassVar[frozenset[str]] = frozenset()
    post_parameters: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # Before any question of rights: what no one may do here is not a matter of who asks.
        if getattr(self, (request.method or "").lower(), None) is None or request.method == "OPTIONS":
            raise MethodNotAllowed(request.method or "")
        super().initial(request, *args, **kwargs)
        self._check_parameters(request)

    @property
    def allowed_methods(self) -> list[str]:
        return [method for method in super().allowed_methods if method != "OPTIONS"]

    def handle_exception(self, exc: Exception) -> Response:
        """The refusal as problem+json, whatever the view renders otherwise; never a trace."""
        request = self.request
        # A view with another renderer (HTML, YAML) would dress the problem in it.
        request.accepted_renderer = OrjsonRenderer()
        request.accepted_media_type = OrjsonRenderer.media_type
        if isinstance(exc, OperationalError):
            logger.warning("The database did not answer.", exc_info=exc)
            return problems.unavailable(request.path, retry_seconds=RETRY_SECONDS)
        try:
            return super().handle_exception(exc)
        except Exception as fault:
            got_request_exception.send(sender=self.__class__, request=request._request)  # noqa: SLF001 -- DRF's way
            logger.exception("%s %s failed.", request.method, request.path, exc_info=fault)
            return problems.fault(request.path)

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> Response:
        made: HttpResponse = super().finalize_response(request, cast("Response", response), *args, **kwargs)
        patch_vary_headers(made, ["Accept", "Authorization", "Cookie"])
        for name, value in request._request.META.get(RATE_HEADERS, {}).items():  # noqa: SLF001 -- DRF's way
            made[name] = value
        if made.status_code != 200 or request.method not in {"GET", "HEAD"}:
            made["Cache-Control"] = "private, no-store"
            return cast("Response", made)
        made["Cache-Control"] = "private, no-cache"
        if isinstance(made, Response):
            made.add_post_render_callback(lambda done: _conditional(request, done))
            return made
        return cast("Response", _conditional(request, made))

    def _check_parameters(self, request: Request) -> None:
        if request.method == "POST":
            allowed = self.post_parameters
        else:
            paged = PAGING if getattr(self, "pagination_class", None) is not None else frozenset()
            allowed = self.parameters | paged
        wrong: dict[str, list[str]] = {}
        for name, values in request.query_params.lists():
            if name not in allowed:
                known = ", ".join(sorted(allowed)) or "none"
                wrong[name] = [f"Unknown parameter; known here: {known}."]
            elif len(values) > 1:
                wrong[name] = ["Given more than once."]
            elif "\x00" in values[0]:
                wrong[name] = ["Holds a character that no name has."]
        if wrong:
            raise ValidationError(dict(sorted(wrong.items())))


def etag_of(content: bytes) -> str:
    """A strong ETag: equal bytes, equal tag."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _conditional(request: Request, response: HttpResponse) -> HttpResponse:
    if "ETag" not in response:
        response["ETag"] = etag_of(response.content)
    answer = get_conditional_response(request._request, etag=response["ETag"], response=response)  # noqa: SLF001 -- DRF's way
    return cast("HttpResponse", answer)


@csrf_exempt
@login_not_required
def nowhere(request: HttpRequest) -> HttpResponse:
    """404 for an address below /api/v1/ that leads nowhere."""
    detail = "There is no such address. GET /api/v1/schema/ lists all of them; each ends in a slash."
    return problems.plain_problem(request, 404, code="not_found", detail=detail)
