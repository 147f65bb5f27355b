"""The portal's addresses, and one per error page, for there is no honest way to a 500."""

from __future__ import annotations

from typing import NoReturn

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from mlops_portal.urls import urlpatterns as portal

RAISED = {400: SuspiciousOperation, 403: PermissionDenied, 404: Http404, 500: RuntimeError}


def failing(request: HttpRequest, code: int) -> NoReturn:
    """Raises what Django answers with the page of this code."""
    raise RAISED[code]


@login_not_required
def page(request: HttpRequest, name: str) -> HttpResponse:
    """An error page that a middleware sends, by the name of its template."""
    return render(request, f"{name}.html")


urlpatterns = [
    *portal,
    path("failing/<int:code>/", failing, name="failing"),
    path("error-pages/<slug:name>/", page, name="error-pages"),
]
