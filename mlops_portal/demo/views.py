"""The demo goes with one click, and the way to the own organisation is free."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assessments.queries.words import count_words
from mlops_portal.demo.remove import has_demo, remove_demo
from teams.access import demo_is_open, require, require_recent_sign_in
from teams.models import User

_ACTION = "org.settings"


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def demo_remove(request: HttpRequest) -> HttpResponse:
    """Asks; POST removes the demo and goes on to the set-up page. 404 outside the demo and from another machine."""
    if not demo_is_open(request) or not has_demo():
        raise Http404
    is_shared = User.objects.filter(is_demo=False).exists()
    if is_shared:
        # Somebody real works here: only their administrator takes things away.
        if not isinstance(request.user, User):
            raise Http404
        require(request.user, _ACTION)
    if request.method != "POST":
        return render(request, "demo_remove.html", {"is_shared": is_shared})
    if is_shared:
        require_recent_sign_in(request, _ACTION)
    person = request.user if isinstance(request.user, User) else None
    if person is not None and person.is_demo:
        logout(request)
    removed = remove_demo(at=timezone.now(), by=person)
    teams, people = count_words(removed.teams, "team"), count_words(removed.people, "person", "people")
    messages.info(request, f"The demo is gone: {teams} and {people}.")
    return redirect("home" if is_shared else "teams:setup")
