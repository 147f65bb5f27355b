"""How pages of connections save: a valid form, one service call, its refusal on the field it is about."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from django.contrib import messages
from django.forms import BaseForm, Form, PasswordInput
from django.http import Http404, HttpRequest

from integrations.connectors.base import Connector
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.queries.kinds import connector_class
from integrations.services.addresses import AddressRefused, openable_entry
from integrations.services.connections import NameTaken, StaleConnection
from integrations.services.sources import AlreadyMapped, StaleSource
from teams.models import User
from teams.queries.rights import remembered_rights
from teams.services.refusal import Refused

T = TypeVar("T")
F = TypeVar("F", bound=Form)
# The right to open an address for the whole portal (integrations.services.addresses).
ALLOW = "org.settings"
_FIELDS: dict[type[Refused], str] = {AddressRefused: "base_url", NameTaken: "name", AlreadyMapped: "team"}


def kind_or_404(kind: str) -> type[Connector]:
    """The connector of a kind. Raises Http404 where this portal has none."""
    try:
        return connector_class(kind)
    except (UnknownConnector, NotAConnector) as error:
        raise Http404 from error


def saved(form: Form, save: Callable[[], T], *, address_note: str = "") -> T | None:
    """What `save` gives, None when the form was not valid or the service refused; the form then says why.

    `address_note` goes behind the refusal of an address. Raises StaleConnection and StaleSource: the page has to be made anew.
    """
    if not form.is_valid():
        return None
    try:
        return save()
    except (StaleConnection, StaleSource):
        raise
    except Refused as error:
        note = f" {address_note}" if address_note and isinstance(error, AddressRefused) else ""
        form.add_error(_FIELDS.get(type(error)), f"{error}{note}")
        return None


def done(request: HttpRequest, write: Callable[[], object], said: str) -> None:
    """Runs a service for a page that goes on elsewhere; what it refused is said there."""
    try:
        write()
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.info(request, said)


def status_of(form: BaseForm) -> HTTPStatus:
    """422 when the form was sent and refused."""
    is_refused = form.is_bound and bool(form.errors)
    return HTTPStatus.UNPROCESSABLE_ENTITY if is_refused else HTTPStatus.OK


def entry_to_offer(request: HttpRequest, user: User) -> str:
    """The entry that would open the address that was sent, for who may open it here; else ""."""
    if request.method != "POST" or not remembered_rights(user).can(ALLOW):
        return ""
    return openable_entry(request.POST.get("base_url", "").strip())


def note_on_address(request: HttpRequest, user: User) -> str:
    """Where else than in the setting the address that was sent can be opened, and by whom; "" where nowhere."""
    if request.method != "POST" or not openable_entry(request.POST.get("base_url", "").strip()):
        return ""
    if remembered_rights(user).can(ALLOW):
        return "Or tick the box below and save again."
    return "Or ask an administrator to save this form: to them it offers a box that allows the address."


def again(request: HttpRequest, make: Callable[[Any], F], row_version: int, why: Refused) -> F:
    """The form of a lost race: what the person entered, with the version that stands, and what differs said on top."""
    data = request.POST.copy()
    data["row_version"] = str(row_version)
    form = make(data)
    form.is_valid()
    stands = "; ".join(_difference(form, name) for name in form.changed_data if _is_shown(form, name))
    form.add_error(
        None,
        f"{why} Stored now: {stands or 'the same as yours'}. What you entered stands below and is not saved; "
        "saving again replaces what is stored.",
    )
    return form


def _is_shown(form: Form, name: str) -> bool:
    widget = form.fields[name].widget
    return not widget.is_hidden and not isinstance(widget, PasswordInput) and name != "allow"


def _difference(form: Form, name: str) -> str:
    value = form.get_initial_for_field(form.fields[name], name)
    if isinstance(value, list):
        value = ", ".join(str(one) for one in value)
    # A choice field knows the words of its values.
    words = {str(key): label for key, label in getattr(form.fields[name], "choices", ())}
    return f"{form[name].label}: {words.get(str(value), value) or 'nothing'}"
