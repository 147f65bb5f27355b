"""What belongs to no app: health, the files for CI, refused forms."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

# What CI steps fetch from here, so that they need no package registry: name in the address -> content type.
CLIENT_FILES = {"mlops_portal_push.py": "text/x-python", "gitlab/mlops-portal.yml": "application/yaml"}


@login_not_required
def livez(request: HttpRequest) -> HttpResponse:
    """200 while the process answers."""
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the database answers too; without detail, for it is open to all."""
    connection.ensure_connection()
    return HttpResponse("ok", content_type="text/plain")


@login_not_required
@require_safe
def client_file(request: HttpRequest, name: str) -> HttpResponse:
    """A file of the folder `clients`, in the version of this portal. Open to all: it holds nothing of anybody."""
    if name not in CLIENT_FILES:
        raise Http404
    content = (settings.BASE_DIR / "clients" / name).read_bytes()
    answer = HttpResponse(content, content_type=f"{CLIENT_FILES[name]}; charset=utf-8")
    answer["Cache-Control"] = "public, max-age=300"
    return answer


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 that says what to do. `reason` stays in the log: it helps only an attacker here."""
    return render(request, "403_form.html", status=403)
