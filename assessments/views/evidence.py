"""Evidence of a team: added for criteria of one capability, taken back after a question."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assessments.access import assessment_for, capability_for, criterion_for, evidence_for
from assessments.forms.evidence import EvidenceForm
from assessments.models import Criterion
from assessments.queries import catalog
from assessments.queries.assessment_page import key_of, open_assessment
from assessments.services.evidence import add_evidence, remove_evidence
from teams.access import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def evidence_add(request: HttpRequest, slug: str, criterion: str) -> HttpResponse:
    """The form of one piece of evidence; back to the ladder when it is saved."""
    user = signed_in(request.user)
    assessment = assessment_for(user, slug, "evidence.add")
    asked = criterion_for(assessment.maturity_model, criterion)
    capability = capability_for(assessment.maturity_model, asked.id.partition(".")[0])
    form = EvidenceForm(
        request.POST if request.method == "POST" else None,
        model=catalog.model_file(assessment.maturity_model),
        capability=capability,
        today=timezone.now().date(),
        chosen=asked.id,
    )
    if form.is_valid():
        fields = dict(form.cleaned_data)
        slugs = fields.pop("criteria")
        rows = Criterion.objects.select_related("capability__maturity_model").filter(
            capability__maturity_model=assessment.maturity_model, slug__in=slugs
        )
        add_evidence(
            team=assessment.team, criteria=list(rows.order_by("pk")), by=user, at=timezone.now(), **fields
        )
        return _to_ladder(slug, asked.id)
    context = {
        "assessment": assessment,
        "team": assessment.team,
        "criterion": asked,
        "capability": capability,
    }
    context |= {"form": form, "back_url": _to_ladder(slug, asked.id).url}
    return render(request, "assessments/evidence_add.html", context, status=422 if form.errors else 200)


def _to_ladder(slug: str, criterion: str) -> HttpResponseRedirect:
    place = reverse("assessments:capability-edit", args=[slug, criterion.partition(".")[0]])
    return HttpResponseRedirect(f"{place}#ask-{key_of(criterion)}")


@require_http_methods(["GET", "HEAD", "POST"])
def evidence_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Asks, then takes a piece back; what it carried is scored anew at once."""
    evidence = evidence_for(request.user, slug, pk)
    criteria = list(evidence.criteria.order_by("position"))
    if request.method == "POST":
        remove_evidence(evidence=evidence, by=signed_in(request.user), at=timezone.now())
        messages.info(request, f'"{evidence.title}" is taken back. Published snapshots still name it.')
        if open_assessment(slug) is not None and criteria:
            return _to_ladder(slug, criteria[0].slug)
        return redirect("assessments:team-detail", slug=slug)
    context = {"team": evidence.team, "evidence": evidence, "criteria": criteria}
    return render(request, "assessments/evidence_remove.html", context)
