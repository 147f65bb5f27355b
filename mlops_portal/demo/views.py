"""The page that takes the demo away, for whoever has looked round and wants to start."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mlops_portal.demo.remove import NoDemo, demo_extent, remove_demo
from teams.access import demo_is_open, require, require_recent_sign_in, signed_in
from teams.queries.people import has_administrator


@require_http_methods(["GET", "HEAD", "POST"])
def demo_remove(request: HttpRequest) -> HttpResponse:
    """Says what goes and what stays; POST removes it and leads to the set-up page. 404 outside the demo."""
    user = signed_in(request.user)
    if not demo_is_open(request):
        raise Http404
    require(user, "org.settings")
    if request.method != "POST":
        return render(request, "demo_remove.html", {"extent": demo_extent()})
    require_recent_sign_in(request, "org.settings")
    try:
        remove_demo(at=timezone.now(), by=user)
    except NoDemo as error:
        messages.info(request, str(error))
        return redirect("/")
    if user.is_demo:
        # The person of this session is gone; a new one starts with the set-up.
        logout(request)
    return redirect("/" if has_administrator() else "teams:setup")
