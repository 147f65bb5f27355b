"""Pages of people: the list, one person, inviting, roles, deactivating."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mlops_portal.lib.parts import Column, Link, Row
from teams.access import require, require_recent_sign_in, signed_in
from teams.forms.people import InviteForm, RoleForm
from teams.models import Grant, Role, User
from teams.permissions import ROOT_ROLES
from teams.queries.people import grants_shown_to, people_matching
from teams.queries.rights import remembered_rights
from teams.services.grants import grant_role, grantable_roles, revoke_role
from teams.services.invitations import renew_invitation
from teams.services.people import create_person, deactivate_person, reactivate_person
from teams.services.refusal import NotAllowed, Refused
from teams.views.saving import form_page, saved, status_of

# Whoever gives roles has to find whom to give them to; nobody else needs the list of all people.
_SEES_PEOPLE = "team.edit_members"
_LIST = Link("People", "/people/")


@require_safe
def person_list(request: HttpRequest) -> HttpResponse:
    """Everybody, a hundred at a time, found by a part of the name."""
    user = signed_in(request.user)
    require(user, _SEES_PEOPLE)
    words = request.GET.get("q", "").strip()
    page = Paginator(people_matching(words), 100).get_page(request.GET.get("page"))
    rows = [
        Row(
            str(person),
            (person.username, "active" if person.is_active else "deactivated", person.last_login or "never"),
            reverse("teams:person-detail", args=[person.pk]),
        )
        for person in page
    ]
    context = {
        "columns": (Column("Name"), Column("User name"), Column("State"), Column("Last sign-in")),
        "rows": rows,
        "page": page,
        "words": words,
        "lead": _list_lead(page.paginator.count, words),
        "clear": Link("Show everybody", _LIST.url),
        "action": Link("Invite somebody", reverse("teams:person-create")),
    }
    return render(request, "teams/person_list.html", context)


def _list_lead(count: int, words: str) -> str:
    if not words:
        return f"{count} {'person' if count == 1 else 'people'}."
    if count == 0:
        return f"Nobody has “{words}” in the name or address."
    return f"{count} {'person has' if count == 1 else 'people have'} “{words}” in the name or address."


@require_http_methods(["GET", "HEAD", "POST"])
def person_create(request: HttpRequest) -> HttpResponse:
    """Invites a person. The answer to the POST shows the link, once; it is stored nowhere, so it cannot redirect."""
    user = signed_in(request.user)
    require(user, _SEES_PEOPLE)
    form = InviteForm(
        request.POST or None,
        roles=grantable_roles(user),
        by=user,
        initial={"place": request.GET.get("place", ""), "role": Role.MEMBER.value},
    )
    if form.is_valid() and form.cleaned_data["role"].value in ROOT_ROLES:
        require_recent_sign_in(request, "org.appoint")
    made: list[tuple[User, str]] = []
    if saved(form, lambda data: made.append(_invite(user, data))):
        return _link_page(request, *made[0])
    return form_page(
        request,
        form,
        title="Invite somebody",
        lead="They get a link from you, set a password with it, and have the role at once.",
        submit="Invite and show the link",
        crumbs=(_LIST,),
        back=Link("Cancel", _LIST.url),
    )


def _invite(by: User, data: dict[str, Any]) -> tuple[User, str]:
    wanted = {name: data[name] for name in ("username", "full_name", "email", "role", "unit", "team")}
    return create_person(**wanted, by=by, at=timezone.now())


def _link_page(request: HttpRequest, person: User, token: str) -> HttpResponse:
    link = request.build_absolute_uri(reverse("teams:invitation", args=[token]))
    response = render(
        request, "teams/invitation_link.html", {"person": person, "link": link, "crumbs": (_LIST,)}
    )
    response["Cache-Control"] = "no-store"
    return response


def _person_for(user: User, pk: int) -> User:
    """The person, for who sees people or is it. Raises Http404 to all others."""
    person = get_object_or_404(User, pk=pk)
    if person.pk != user.pk and not remembered_rights(user).can(_SEES_PEOPLE):
        raise Http404
    return person


@require_http_methods(["GET", "HEAD", "POST"])
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A person's roles, as far as the reader may know them; POST gives another one."""
    user = signed_in(request.user)
    person = _person_for(user, pk)
    form = RoleForm(request.POST or None, roles=grantable_roles(user), by=user)
    if request.method == "POST":
        require(user, _SEES_PEOPLE)
        if form.is_valid() and form.cleaned_data["role"].value in ROOT_ROLES:
            require_recent_sign_in(request, "org.appoint")
        if saved(form, lambda data: _grant(user, person, data)):
            messages.info(request, f"{person} has the role now.")
            return redirect("teams:person-detail", pk)
    rights = remembered_rights(user)
    context = {
        "person": person,
        "crumbs": (_LIST,) if rights.can(_SEES_PEOPLE) else (),
        "lead": _in_words(person),
        "grants": grants_shown_to(user, person),
        "can_give": rights.can(_SEES_PEOPLE),
        "can_deactivate": rights.can("user.deactivate") and person.pk != user.pk,
        "form": form,
    }
    return render(request, "teams/person_detail.html", context, status=status_of(form))


def _in_words(person: User) -> str:
    if not person.is_active:
        return "The account is deactivated: no sign-in, no token works."
    if not person.has_usable_password() and not person.is_demo:
        return "Invited, and has not set a password yet."
    return f"Signs in as {person.username}."


def _grant(by: User, person: User, data: dict[str, Any]) -> Grant:
    place = {name: data[name] for name in ("role", "unit", "team")}
    return grant_role(user=person, **place, by=by, at=timezone.now())


@require_POST
def grant_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes a role away and goes back to the page that asked: the person, the unit or the team."""
    user = signed_in(request.user)
    grant = get_object_or_404(Grant.objects.select_related("user", "unit", "team__unit"), pk=pk)
    if not grants_shown_to(user, grant.user).filter(pk=pk).exists():
        raise Http404
    if grant.role in ROOT_ROLES:
        require_recent_sign_in(request, "org.appoint")
    _say(
        request,
        lambda: revoke_role(grant=grant, by=user, at=timezone.now()),
        f"{grant.user} has lost the role.",
    )
    came_from = request.POST.get("from")
    if came_from == "team" and grant.team is not None:
        return redirect("teams:team-members", grant.team.slug)
    if came_from == "unit" and grant.unit is not None:
        return redirect("teams:unit-detail", grant.unit.slug)
    return redirect("teams:person-detail", grant.user_id)


def _say(request: HttpRequest, write: Callable[[], object], done: str) -> None:
    """Tells what came of a button: done, or why it was refused. Raises PermissionDenied for who may not press it."""
    try:
        write()
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.info(request, done)


@require_POST
def person_deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends a person's access at once."""
    user = signed_in(request.user)
    person = _person_for(user, pk)
    require(user, "user.deactivate")
    require_recent_sign_in(request, "user.deactivate")
    _say(
        request,
        lambda: deactivate_person(user=person, by=user, at=timezone.now()),
        f"{person} is deactivated.",
    )
    return redirect("teams:person-detail", pk)


@require_POST
def person_reactivate(request: HttpRequest, pk: int) -> HttpResponse:
    """Gives a person's access back, with the roles they had."""
    user = signed_in(request.user)
    person = _person_for(user, pk)
    require(user, "user.deactivate")
    require_recent_sign_in(request, "user.deactivate")
    _say(
        request,
        lambda: reactivate_person(user=person, by=user, at=timezone.now()),
        f"{person} is active again.",
    )
    return redirect("teams:person-detail", pk)


@require_POST
def person_invite_again(request: HttpRequest, pk: int) -> HttpResponse:
    """A new single-use link for somebody who lost the password or the first link; shown once, in this answer."""
    user = signed_in(request.user)
    person = _person_for(user, pk)
    require(user, "user.deactivate")
    require_recent_sign_in(request, "user.deactivate")
    try:
        token = renew_invitation(user=person, by=user, at=timezone.now())
    except Refused as error:
        messages.error(request, str(error))
        return redirect("teams:person-detail", pk)
    return _link_page(request, person, token)
