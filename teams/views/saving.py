"""The one way in which a page saves: a valid form, one service call, its refusal shown on the form."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from mlops_portal.lib.parts import Link
from teams.services.refusal import Refused


def saved(form: BaseForm, save: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the form was valid and `save(cleaned data)` done. A refusal becomes an error of the form."""
    if not form.is_valid():
        return False
    try:
        save(form.cleaned_data)
    except Refused as error:
        form.add_error(None, str(error))
        return False
    return True


def form_page(
    request: HttpRequest,
    form: BaseForm,
    *,
    title: str,
    lead: str = "",
    submit: str,
    crumbs: tuple[Link, ...] = (),
    back: Link | None = None,
    base: str = "base.html",
) -> HttpResponse:
    """A page that is one form: 200 when it is fresh, 422 when it came back with errors."""
    context = {
        "form": form,
        "title": title,
        "lead": lead,
        "submit": submit,
        "crumbs": crumbs,
        "back": back,
        "base": base,
    }
    return render(request, "teams/form_page.html", context, status=status_of(form))


def status_of(*forms: BaseForm) -> HTTPStatus:
    """422 when one of the forms of a page was sent and refused."""
    is_refused = any(form.is_bound and form.errors for form in forms)
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK
