"""The mapping of a team: as a file to copy, as one that was read, and who has the last word."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations.access import source_for
from integrations.queries.connections import VIEW
from integrations.queries.mapping import mapping_page
from integrations.services.sources import EDIT, follow_file_again, take_over
from integrations.views.connections import list_crumb
from integrations.views.saving import done
from teams.access import signed_in, team_for
from teams.queries.rights import remembered_rights


@require_safe
def mapping_detail(request: HttpRequest, team: str) -> HttpResponse:
    """All mappings of a team with the file that says the same; what was read from repositories and what was wrong there."""
    user = signed_in(request.user)
    found = team_for(user, team, VIEW)
    context = {
        "team": found,
        "page": mapping_page(user, found),
        "crumbs": (list_crumb(),),
        "can_map": remembered_rights(user).can(EDIT, found),
    }
    return render(request, "integrations/mapping_detail.html", context)


@require_POST
def source_take_over(request: HttpRequest, pk: int, source_pk: int) -> HttpResponse:
    """The mapping is a person's from now on; the file in the repository sets nothing here."""
    user, source = source_for(request, pk, source_pk, EDIT)
    done(
        request,
        lambda: take_over(source=source, by=user, at=timezone.now()),
        "Mapped by hand from now on, with the answers that stand. The file in the repository sets nothing here.",
    )
    return redirect("integrations:source-edit", pk, source_pk)


@require_POST
def source_follow_file(request: HttpRequest, pk: int, source_pk: int) -> HttpResponse:
    """The file in the repository may set options here again."""
    user, source = source_for(request, pk, source_pk, EDIT)
    done(
        request,
        lambda: follow_file_again(source=source, by=user, at=timezone.now()),
        "A file in the team's repository may set options here again; the next collection reads it.",
    )
    return redirect("integrations:source-edit", pk, source_pk)
