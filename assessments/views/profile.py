"""What a team works on: the flags that allow "does not apply"."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assessments.access import current_model
from assessments.forms.profile import ProfileForm
from assessments.queries import catalog
from assessments.services.profile import set_profile
from teams.access import signed_in, team_for


@require_http_methods(["GET", "HEAD", "POST"])
def profile_edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a team's flags; leads and whoever manages the team save it."""
    user = signed_in(request.user)
    team = team_for(user, slug, "team.edit_members")
    maturity_model = current_model()
    # No flag at all is a valid profile and an empty form: the method decides, not the data.
    data = request.POST if request.method == "POST" else None
    form = ProfileForm(data, team=team, model=catalog.model_file(maturity_model))
    if form.is_valid():
        flags = form.cleaned_data["flags"]
        set_profile(team=team, maturity_model=maturity_model, flags=flags, by=user, at=timezone.now())
        messages.info(request, f"The profile of {team.name} is saved and its numbers are made anew.")
        return redirect("assessments:team-detail", slug=team.slug)
    status = 422 if form.errors else 200
    return render(request, "assessments/profile_edit.html", {"team": team, "form": form}, status=status)
