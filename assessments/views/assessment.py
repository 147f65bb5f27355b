"""An assessment's way: started, checked, sent, taken back, published, thrown away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from assessments.access import TeamRights, assessment_for, rights_on
from assessments.models import Assessment
from assessments.queries.assessment_page import Progress, open_assessment, progress
from assessments.queries.check_page import check_page
from assessments.services.submission import (
    AlreadyOpen,
    NoMaturityModel,
    NothingAnswered,
    WrongState,
    delete_draft,
    publish_assessment,
    start_assessment,
    submit_assessment,
    withdraw_assessment,
)
from assessments.views.links import team_crumbs
from mlops_portal.lib.parts import Link, Meta
from mlops_portal.lib.words import day_words
from teams.access import require, require_recent_sign_in, signed_in, team_for


@require_safe
def assessment_detail(request: HttpRequest, slug: str) -> HttpResponse:
    """What is left of the open assessment; without one, the way to start it."""
    user = signed_in(request.user)
    assessment = open_assessment(slug)
    if assessment is None:
        team = team_for(user, slug, "draft.view")
        return render(
            request, "assessments/assessment_none.html", {"team": team, "may": rights_on(user, team)}
        )
    require(user, "draft.view", assessment.team)
    found = progress(assessment)
    may = rights_on(user, assessment.team)
    context = {
        "assessment": assessment,
        "team": assessment.team,
        "progress": found,
        "may": may,
        "is_draft": assessment.status == Assessment.Status.DRAFT,
        "crumbs": team_crumbs(assessment.team),
        "lead": _lead(assessment, found),
        "action": _next(assessment, found, may),
        "meta": (
            Meta("State", assessment.get_status_display()),
            Meta("Started", assessment.created_at),
            Meta("Maturity model", f"version {assessment.maturity_model.version}"),
        ),
    }
    return render(request, "assessments/assessment_detail.html", context)


def _lead(assessment: Assessment, found: Progress) -> str:
    if assessment.submitted_at is not None:
        return f"Sent on {day_words(timezone.localtime(assessment.submitted_at).date())}; answers are locked."
    return (
        f"{found.answered} of {found.total} criteria answered, "
        f"{found.finished} of {len(found.capabilities)} capabilities complete."
    )


def _next(assessment: Assessment, found: Progress, may: TeamRights) -> Link:
    """On to the first open capability; with nothing open, or after it was sent, to the check page."""
    slug = assessment.team.slug
    if assessment.status == Assessment.Status.DRAFT and found.first_open:
        label = "Continue" if found.answered else "Begin"
        return Link(label, reverse("assessments:capability-edit", args=[slug, found.first_open]))
    if assessment.status == Assessment.Status.DRAFT:
        label = "Check and send"
    else:
        label = "Check and publish" if may.publishes else "See what changes"
    return Link(label, reverse("assessments:assessment-check", args=[slug]))


@require_POST
def assessment_start(request: HttpRequest, slug: str) -> HttpResponse:
    """A new draft."""
    user = signed_in(request.user)
    team = team_for(user, slug, "assessment.create")
    try:
        start_assessment(team=team, by=user, at=timezone.now())
    except (AlreadyOpen, NoMaturityModel) as refusal:
        messages.error(request, str(refusal))
    return redirect("assessments:assessment-detail", slug=team.slug)


@require_safe
def assessment_check(request: HttpRequest, slug: str) -> HttpResponse:
    """What to look at before the assessment is sent."""
    assessment = assessment_for(request.user, slug, "draft.view")
    return _check(request, assessment, status=200)


def _check(request: HttpRequest, assessment: Assessment, *, status: int) -> HttpResponse:
    context = {
        "assessment": assessment,
        "team": assessment.team,
        "page": check_page(assessment, timezone.now().date()),
        "may": rights_on(signed_in(request.user), assessment.team),
        "is_draft": assessment.status == Assessment.Status.DRAFT,
    }
    return render(request, "assessments/assessment_check.html", context, status=status)


@require_POST
def assessment_submit(request: HttpRequest, slug: str) -> HttpResponse:
    """Draft to in review."""
    assessment = assessment_for(request.user, slug, "assessment.submit")
    try:
        submit_assessment(assessment=assessment, by=signed_in(request.user), at=timezone.now())
    except NothingAnswered as refusal:
        messages.error(request, str(refusal))
        return _check(request, assessment, status=422)
    except WrongState as refusal:
        messages.error(request, str(refusal))
        return _check(request, assessment, status=409)
    messages.info(request, "Sent. Answers are locked until it is published or taken back.")
    return redirect("assessments:assessment-check", slug=slug)


@require_POST
def assessment_withdraw(request: HttpRequest, slug: str) -> HttpResponse:
    """In review back to draft."""
    return _step(
        request, slug, "assessment.submit", withdraw_assessment, "Taken back. Answers can be changed again."
    )


def _step(
    request: HttpRequest, slug: str, action: str, service: Callable[..., Any], done: str
) -> HttpResponse:
    assessment = assessment_for(request.user, slug, action)
    try:
        service(assessment=assessment, by=signed_in(request.user), at=timezone.now())
    except WrongState as refusal:
        messages.error(request, str(refusal))
        return _check(request, assessment, status=409)
    messages.info(request, done)
    return redirect("assessments:assessment-detail", slug=slug)


@require_POST
def assessment_publish(request: HttpRequest, slug: str) -> HttpResponse:
    """In review to published, by the team's own lead while review is off: the result then says "not reviewed"."""
    assessment = assessment_for(request.user, slug, "assessment.publish")
    try:
        publish_assessment(
            assessment=assessment, is_reviewed=False, by=signed_in(request.user), at=timezone.now()
        )
    except WrongState as refusal:
        messages.error(request, str(refusal))
        return _check(request, assessment, status=409)
    messages.info(request, f"{assessment.period} is published. Nobody from outside the team reviewed it.")
    return redirect("assessments:team-detail", slug=slug)


@require_http_methods(["GET", "HEAD", "POST"])
def assessment_delete(request: HttpRequest, slug: str) -> HttpResponse:
    """Asks, then throws a draft away."""
    assessment = assessment_for(request.user, slug, "assessment.delete_draft")
    if request.method == "POST":
        require_recent_sign_in(request, "assessment.delete_draft")
        try:
            delete_draft(assessment=assessment, by=signed_in(request.user), at=timezone.now())
        except WrongState as refusal:
            messages.error(request, str(refusal))
            return _check(request, assessment, status=409)
        messages.info(request, f"The draft {assessment.period} is deleted. Published results stand.")
        return redirect("assessments:team-detail", slug=slug)
    context = {"assessment": assessment, "team": assessment.team, "progress": progress(assessment)}
    return render(request, "assessments/assessment_delete.html", context)
