"""One budget of requests per credential, whatever number of connections and workers use it.

Connections that send the same credential to the same host are known by a keyed digest of what is sent. The host's word about
what is left, and until when it wants to be left alone, binds them all; the dispatcher reads it (ConnectionQuerySet.free).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import F
from django.utils.crypto import salted_hmac

from integrations.connectors.allowance import Allowance
from integrations.models import Connection, RequestBudget

FIRST_WAIT = timedelta(minutes=1)
DOUBLINGS = 5


def attach(*, connection: Connection, headers: Mapping[str, str]) -> RequestBudget:
    """The budget of the credential that these request headers carry; the connection's row points to it afterwards.

    Without a credential the connection has a budget of its own: nothing says who else a host counts together with it.
    """
    digest = _digest(connection, headers) if connection.secret else f"connection {connection.pk}"
    if connection.budget is not None and connection.budget.digest == digest:
        return connection.budget
    budget, _ = RequestBudget.objects.get_or_create(digest=digest)
    Connection.objects.filter(pk=connection.pk).update(budget=budget)
    connection.budget = budget
    return budget


def allowance_in(budget: RequestBudget) -> Allowance | None:
    """What the host told last, None where it told nothing."""
    if budget.request_limit is None or budget.remaining is None or budget.resets_at is None:
        return None
    return Allowance(budget.request_limit, budget.remaining, budget.resets_at)


def note_allowance(*, budget: RequestBudget, allowance: Allowance | None, at: datetime) -> None:
    """Keeps what the host told. When only the people's part is left, nobody asks before it counts anew."""
    if allowance is None or allowance == allowance_in(budget):
        return
    budget.request_limit, budget.remaining = allowance.limit, allowance.remaining
    budget.resets_at, budget.told_at = allowance.resets_at, at
    budget.save(update_fields=["request_limit", "remaining", "resets_at", "told_at"])
    if allowance.is_used_up(at):
        hold_back(connection_budget=budget, until=allowance.resets_at)


def hold_back(*, connection_budget: RequestBudget, until: datetime) -> None:
    """Nobody uses the credential before `until`; a later moment that is known already stays."""
    later = RequestBudget.objects.filter(pk=connection_budget.pk).exclude(free_at__gte=until)
    later.update(free_at=until)


def note_end(*, budget_id: int, is_untold_limit: bool) -> None:
    """Counts the limits without a time that follow each other; anything else ends the row of them."""
    budgets = RequestBudget.objects.filter(pk=budget_id)
    if is_untold_limit:
        budgets.filter(untold_limits__lt=DOUBLINGS).update(untold_limits=F("untold_limits") + 1)
    else:
        budgets.filter(untold_limits__gt=0).update(untold_limits=0)


def untold_wait(budget: RequestBudget | None) -> timedelta:
    """How long to stay away when the host asks for patience and names no time: a minute, twice as long each time in a row, 32
    minutes at most. GitHub's best practices for its REST API ask for this; some seconds keep credentials apart.
    """
    if budget is None:
        return FIRST_WAIT
    return FIRST_WAIT * (1 << budget.untold_limits) + timedelta(seconds=budget.pk * 7 % 30)


def drop_unused() -> int:
    """How many budgets went that no connection points to any more."""
    return RequestBudget.objects.filter(connections__isnull=True).delete()[0]


def _digest(connection: Connection, headers: Mapping[str, str]) -> str:
    parts = urlsplit(connection.base_url)
    sent = sorted(f"{name.lower()}:{value}" for name, value in headers.items())
    text = "\n".join((f"{parts.scheme}://{parts.netloc}".lower(), *sent))
    return salted_hmac("integrations.budgets", text, algorithm="sha256").hexdigest()
