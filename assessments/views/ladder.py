"""Answering: the ladder of one capability, saved answer by answer or all at once."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from assessments.access import assessment_for, capability_for, criterion_row, rights_on
from assessments.catalog.schema import Capability
from assessments.forms.answers import AnswerForm
from assessments.models import Assessment
from assessments.queries import catalog
from assessments.queries.assessment_page import key_of, ladder_page, preview
from assessments.views.saving import Refusal, Saved, save_all, save_one, shown_ask
from teams.access import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def capability_edit(request: HttpRequest, slug: str, capability: str) -> HttpResponse:
    """The ladder; POST saves every answer on it and goes on to the next capability."""
    if request.method != "POST":
        assessment = assessment_for(request.user, slug, "draft.view")
        return _ladder(request, assessment, capability_for(assessment.maturity_model, capability), {})
    user = signed_in(request.user)
    assessment = assessment_for(user, slug, "answer.edit")
    chosen = capability_for(assessment.maturity_model, capability)
    outcome = save_all(assessment, chosen, request.POST, by=user, at=timezone.now())
    if outcome.refusals:
        return _ladder(request, assessment, chosen, outcome.refusals)
    if outcome.filled is not None:
        messages.info(request, outcome.filled)
        return redirect("assessments:capability-edit", slug=slug, capability=capability)
    following = _following(assessment, chosen)
    if following is None:
        return redirect("assessments:assessment-check", slug=slug)
    return redirect("assessments:capability-edit", slug=slug, capability=following)


def _following(assessment: Assessment, capability: Capability) -> str | None:
    ids = [c.id for c in catalog.model_file(assessment.maturity_model).capabilities]
    return next(iter(ids[ids.index(capability.id) + 1 :]), None)


def _ladder(
    request: HttpRequest, assessment: Assessment, capability: Capability, refusals: dict[str, Refusal]
) -> HttpResponse:
    page = ladder_page(assessment, capability, timezone.now().date())
    may = rights_on(signed_in(request.user), assessment.team)
    is_locked = assessment.status != Assessment.Status.DRAFT or not may.edits
    context = {
        "assessment": assessment,
        "team": assessment.team,
        "page": page,
        "rungs": [
            (rung, [shown_ask(ask, refusals.get(ask.criterion.id)) for ask in rung.asks])
            for rung in page.rungs
        ],
        "may": may,
        "is_locked": is_locked,
        "is_fragment": False,
    }
    status = max((refusal.status for refusal in refusals.values()), default=200)
    return render(request, "assessments/capability_edit.html", context, status=status)


@vary_on_headers("HX-Request")
@require_POST
def answer_save(request: HttpRequest, slug: str, criterion: str) -> HttpResponse:
    """One answer. To htmx its new state, or the whole group when it was refused or a button chose.

    Without htmx a button was pressed, which sends the page: all of it is saved, then back to the criterion.
    """
    user = signed_in(request.user)
    assessment = assessment_for(user, slug, "answer.edit")
    row = criterion_row(assessment.maturity_model, criterion)
    capability = capability_for(assessment.maturity_model, row.capability.slug)
    form = AnswerForm(request.POST, key=key_of(row.slug))
    if not request.headers.get("HX-Request"):
        # The whole page was sent along with the button: what else was chosen on it is saved too.
        outcome = save_all(assessment, capability, request.POST, by=user, at=timezone.now())
        if outcome.refusals:
            return _ladder(request, assessment, capability, outcome.refusals)
        place = reverse("assessments:capability-edit", args=[slug, capability.id])
        return redirect(f"{place}#ask-{form.key}")
    result = save_one(assessment, row, form, by=user, at=timezone.now())
    if isinstance(result, Saved) and not form.cleaned_data["take"]:
        return _saved(request, form, result)
    refusal = result if isinstance(result, Refusal) else None
    page = ladder_page(assessment, capability, timezone.now().date())
    ask = next(a for rung in page.rungs for a in rung.asks if a.criterion.id == row.slug)
    is_locked = refusal is not None and refusal.is_closed
    context = {"shown": shown_ask(ask, refusal), "team": assessment.team, "is_locked": is_locked}
    response = render(request, "assessments/_answer.html", context, status=refusal.status if refusal else 200)
    return _announced(response)


def _saved(request: HttpRequest, form: AnswerForm, saved: Saved) -> HttpResponse:
    """The line beside the radios with the new row version. The radios stay, and with them the focus and the next key."""
    context = {
        "key": form.key,
        "version": saved.row_version,
        "was": form.value,
        "saved_at": timezone.now(),
    }
    response = render(request, "assessments/_answer_state.html", context)
    response["HX-Retarget"] = f"#saved-{form.key}"
    response["HX-Reswap"] = "innerHTML"
    return _announced(response)


def _announced(response: HttpResponse) -> HttpResponse:
    """Tells the page that its numbers may have moved; the panel beside the ladder asks for them."""
    response["HX-Trigger"] = "answer-saved"
    return response


@require_safe
def capability_preview(request: HttpRequest, slug: str, capability: str) -> HttpResponse:
    """The numbers of a capability as the draft stands: a fragment, computed on reading and never stored."""
    assessment = assessment_for(request.user, slug, "draft.view")
    chosen = capability_for(assessment.maturity_model, capability)
    context = {
        "team": assessment.team,
        "capability": chosen,
        "preview": preview(assessment, chosen, timezone.now().date()),
        "is_fragment": True,
    }
    return render(request, "assessments/_preview.html", context)
