"""The maturity model to read."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from assessments.access import capability_for, current_model
from assessments.queries import catalog
from assessments.queries.model_pages import capability_text, model_page, sources


@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    """Five levels with their lines and the criteria behind them; `?phase=` names the criteria of one phase only."""
    maturity_model = current_model()
    model = catalog.model_file(maturity_model)
    context = {
        "maturity_model": maturity_model,
        "page": model_page(model, request.GET.get("phase", "")),
        "sources": sources(model),
    }
    return render(request, "assessments/model_list.html", context)


@require_safe
def model_detail(request: HttpRequest, capability: str) -> HttpResponse:
    """One capability: its levels with all that each asks."""
    maturity_model = current_model()
    chosen = capability_for(maturity_model, capability)
    page = capability_text(catalog.model_file(maturity_model), chosen)
    return render(request, "assessments/model_detail.html", {"maturity_model": maturity_model, "page": page})
