"""The maturity model to read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from assessments.access import capability_for, current_model
from assessments.queries import catalog
from assessments.queries.model_pages import ModelPage, capability_text, model_page, sources
from mlops_portal.lib.parts import Link, Meta, Step


@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    """Five levels with their lines and the criteria behind them; `?phase=` names the criteria of one phase only."""
    maturity_model = current_model()
    model = catalog.model_file(maturity_model)
    page = model_page(model, request.GET.get("phase", ""))
    context = {
        "page": page,
        "sources": sources(model),
        "lead": (
            f"Five levels, {len(page.dimensions)} dimensions, "
            f"{sum(len(d.capabilities) for d in page.dimensions)} capabilities and {page.core} criteria; "
            f"signals can decide {page.with_rule} of them."
        ),
        "meta": (Meta("Version", maturity_model.version),),
        "steps": _phases(page),
    }
    return render(request, "assessments/model_list.html", context)


def _phases(page: ModelPage) -> tuple[Step, ...]:
    """All and each phase, with its number of criteria."""
    chosen = page.phase.id if page.phase is not None else ""
    phases = [
        ("", "All", page.core),
        *((p.phase.id, p.phase.id.capitalize(), p.criteria) for p in page.phases),
    ]
    return tuple(
        Step(f"{name} ({count})", f"?phase={slug}" if slug else "?", is_current=slug == chosen)
        for slug, name, count in phases
    )


@require_safe
def model_detail(request: HttpRequest, capability: str) -> HttpResponse:
    """One capability: its levels with all that each asks."""
    maturity_model = current_model()
    chosen = capability_for(maturity_model, capability)
    page = capability_text(catalog.model_file(maturity_model), chosen)
    crumbs = (Link("Maturity model", reverse("assessments:model-list")), Link(page.dimension))
    return render(request, "assessments/model_detail.html", {"page": page, "crumbs": crumbs})
