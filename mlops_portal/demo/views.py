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
from mlops_portal.demo.remove import Removed, has_demo, remove_demo, what_goes
from teams.access import demo_is_open, require, require_recent_sign_in
from teams.models import User
from teams.queries.people import has_administrator

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
        context = {"is_shared": is_shared, "goes": _in_words(what_goes())}
        return render(request, "demo_remove.html", context)
    if is_shared:
        require_recent_sign_in(request, _ACTION)
    person = request.user if isinstance(request.user, User) else None
    if person is not None and person.is_demo:
        logout(request)
    removed = remove_demo(at=timezone.now(), by=person)
    messages.info(request, f"The demo is gone: {_in_words(removed)}.")
    # Who joined the demo stays; when none of them administers anything any more, the set-up page is open to them.
    return redirect("home" if has_administrator() else "teams:setup")


def _in_words(removed: Removed) -> str:
    teams, units = count_words(removed.teams, "team"), count_words(removed.units, "unit")
    return f"{teams} in {units}, and {count_words(removed.people, 'person', 'people')}"
