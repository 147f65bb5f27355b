"""Health of all connections at a glance: how old against what is promised, what failed, what ends, and what to do next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.paginator import Page, Paginator
from django.db.models import Count, QuerySet
from django.urls import reverse

from assessments.catalog.schema import MaturityModelFile
from assessments.models import Reading
from integrations.connectors.http import Failure
from integrations.models import Connection
from integrations.queries.connection_page import OLD_CREDENTIAL
from integrations.queries.connections import (
    BLIND,
    EDIT,
    OVERDUE,
    SECRET,
    VIEW,
    Health,
    connections_visible_to,
    health_of,
    host_of,
    sources_visible_to,
)
from integrations.queries.credentials import credential_problem
from integrations.queries.doctor import active_file, criteria_behind, ends_at, missing_signals
from integrations.queries.kinds import known_class, label_of, secret_names
from integrations.queries.spans import interval_words, span_words
from teams.permissions import Reach, row
from teams.queries.rights import Actor, Rights, rights_of, teams_visible_to

RUN, MAP, SET_SECRET = "collection.run", "source.edit", "connection.set_secret"
A_PAGE = 100
ENDS_SOON = timedelta(days=30)
# Nothing else helps but another credential.
_REFUSED = frozenset({Failure.UNAUTHORIZED.value, SECRET})

# key -> (icon, word, modifier of the sign)
AGES = {
    "fresh": ("check", "In time", ""),
    "behind": ("clock", "Behind", "sign--soft"),
    "stale": ("octagon-alert", "Stale", "sign--warn"),
    "never": ("circle", "Never read", "sign--soft"),
}


@dataclass(frozen=True, slots=True)
class Age:
    """How old the newest good reading is against the interval: a key of AGES, and both in words."""

    key: str
    words: str
    seconds: int | None

    @property
    def icon(self) -> str:
        return AGES[self.key][0]

    @property
    def word(self) -> str:
        return AGES[self.key][1]

    @property
    def css(self) -> str:
        return AGES[self.key][2]


@dataclass(frozen=True, slots=True)
class Budget:
    """Requests that the credential has left, as its host told them last."""

    remaining: int
    limit: int | None
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Credential:
    is_stored: bool
    set_at: datetime | None
    ends_at: datetime | None
    # "" | old | soon | over
    state: str


@dataclass(frozen=True, slots=True)
class Need:
    """What a connection needs most, and the one step that helps; without `url` nobody here can take it, or none is needed."""

    weight: int
    words: str
    label: str = ""
    url: str = ""
    is_post: bool = False


@dataclass(frozen=True, slots=True)
class HealthRow:
    pk: int
    name: str
    kind: str
    host: str
    health: Health
    age: Age
    interval_minutes: int
    last_success_at: datetime | None
    next_due_at: datetime | None
    failure: str
    failed_at: datetime | None
    team_count: int
    budget: Budget | None
    credential: Credential | None
    blinded_count: int
    missing_count: int
    need: Need


@dataclass(frozen=True, slots=True)
class HealthPage:
    rows: Page[HealthRow]
    total: int
    attention: int

    @property
    def lead(self) -> str:
        """The answer, in a sentence; empty when there is no connection."""
        if not self.total:
            return ""
        of = "1 connection" if self.total == 1 else f"{self.total} connections"
        if not self.attention:
            return f"{of}, and none needs you."
        if self.total == 1:
            return "The only connection needs attention."
        if self.attention == 1:
            return f"1 of {of} needs attention; it stands first."
        return f"{self.attention} of {of} need attention; they stand first."


# Up to this weight somebody should look.
ATTENTION = 60
NOTHING = Need(100, "Nothing to do.")
_RENEW = ("Set a new credential", "connection-set-secret")
_TEST = ("Test it", "connection-test")
_COLLECT = ("Collect now", "connection-collect")


def health_page(actor: Actor, at: datetime, number: str = "") -> HealthPage:
    """All connections that the actor sees, those that need attention first."""
    rows = health_rows(actor, at)
    return HealthPage(
        rows=Paginator(rows, A_PAGE).get_page(number),
        total=len(rows),
        attention=sum(row.need.weight < ATTENTION for row in rows),
    )


def health_rows(actor: Actor, at: datetime) -> list[HealthRow]:
    """Every connection that the actor sees, what needs attention first. Five queries besides those of rights."""
    connections = list(connections_to_watch(actor).order_by("name", "pk"))
    return sorted(rows_of(actor, connections, at), key=lambda row: row.need.weight)


def connections_to_watch(actor: Actor) -> QuerySet[Connection]:
    """Connections that the actor sees, loaded as `rows_of` needs them."""
    return connections_visible_to(actor).select_related("budget")


def rows_of(actor: Actor, connections: Sequence[Connection], at: datetime) -> list[HealthRow]:
    """These connections, in this order, as the actor may see them."""
    rights, model = rights_of(actor), active_file()
    teams = dict(
        sources_visible_to(actor)
        .filter(connection__in=[connection.pk for connection in connections])
        .values_list("connection")
        .annotate(Count("pk"))
        .order_by("connection")
    )
    blind = _blind_signals(actor, connections)
    seen: dict[frozenset[str], int] = {}
    return [
        _row(
            connection,
            teams.get(connection.pk, 0),
            blind[connection.measurement_source],
            at,
            rights,
            model,
            seen,
        )
        for connection in connections
    ]


def sees_credentials(rights: Rights) -> bool:
    """Whether dates of credentials are the actor's business: who watches over the whole organisation, also by a token."""
    given = row(VIEW).rights
    is_everywhere = any(given[held.role].reach is Reach.ORGANISATION for held in rights.held)
    return is_everywhere and not rights.is_bound and rights.can(VIEW)


def _blind_signals(actor: Actor, connections: Sequence[Connection]) -> Mapping[str, frozenset[str]]:
    """By source key: signals that could not be read last time for at least one team that the actor sees."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    pairs = (
        Reading.objects.filter(
            source__in=[connection.measurement_source for connection in connections],
            removed_at__isnull=True,
            latest__reason__in=BLIND,
            team__in=teams_visible_to(actor, VIEW),
        )
        .order_by("source", "signal")
        .values_list("source", "signal")
        .distinct()
    )
    for source, signal in pairs:
        found[source].add(signal)
    return defaultdict(frozenset, {source: frozenset(signals) for source, signals in found.items()})


def _row(
    connection: Connection,
    team_count: int,
    blind: frozenset[str],
    at: datetime,
    rights: Rights,
    model: MaturityModelFile | None,
    seen: dict[frozenset[str], int],
) -> HealthRow:
    missing = missing_signals(connection) if rights.can(RUN) else frozenset()
    signals = blind | missing
    if signals not in seen:
        seen[signals] = len(criteria_behind(model, signals))
    health, age = health_of(connection, team_count, at), age_of(connection, at)
    credential = _credential(connection, at) if sees_credentials(rights) else None
    return HealthRow(
        pk=connection.pk,
        name=connection.name,
        kind=label_of(connection.kind),
        host=host_of(connection),
        health=health,
        age=age,
        interval_minutes=connection.interval_minutes,
        last_success_at=connection.last_success_at,
        next_due_at=None if connection.is_paused else connection.next_due_at,
        failure=connection.last_failure_message if connection.last_failure else "",
        failed_at=connection.last_failure_at if connection.last_failure else None,
        team_count=team_count,
        budget=_budget(connection, at),
        credential=credential,
        blinded_count=seen[signals],
        missing_count=len(connection.found.get("missing", {})) if rights.can(RUN) else 0,
        need=_need(connection, health, age, credential, rights),
    )


def age_of(connection: Connection, at: datetime) -> Age:
    """The age of the newest good reading. In time: within one interval and a grace; stale: over two (CONNECTORS 5.2, 14)."""
    every = f"promised {interval_words(connection.interval_minutes)}"
    if connection.last_success_at is None:
        return Age("never", every, None)
    age, promise = at - connection.last_success_at, timedelta(minutes=connection.interval_minutes)
    key = "fresh" if age <= promise + OVERDUE else "behind" if age <= 2 * promise + OVERDUE else "stale"
    return Age(key, f"{span_words(age)} old, {every}", max(int(age.total_seconds()), 0))


def _budget(connection: Connection, at: datetime) -> Budget | None:
    """What the host told last, unless it counted anew since."""
    budget = connection.budget
    if budget is None or budget.remaining is None:
        return None
    if budget.resets_at is not None and budget.resets_at <= at:
        return None
    return Budget(budget.remaining, budget.request_limit, budget.resets_at)


def _credential(connection: Connection, at: datetime) -> Credential | None:
    """None where the connector asks for none."""
    connector = known_class(connection.kind)
    if connector is None or not secret_names(connector):
        return None
    end, set_at = ends_at(connection), connection.secret_set_at
    if end is not None and end <= at + ENDS_SOON:
        state = "over" if end <= at else "soon"
    else:
        state = "old" if set_at is not None and set_at < at - OLD_CREDENTIAL else ""
    return Credential(bool(connection.secret), set_at, end, state)


def _need(
    connection: Connection, health: Health, age: Age, credential: Credential | None, rights: Rights
) -> Need:
    """The most urgent need; its step only for who may take it."""
    need = min(_needs(connection, health, age, credential), key=lambda one: one.weight, default=NOTHING)
    action = {
        "connection-set-secret": SET_SECRET,
        "connection-resume": EDIT,
        "source-create": MAP,
        "connection-test": RUN,
        "connection-collect": RUN,
        "connection-detail": RUN,
    }.get(need.url)
    if not need.url or action is None or not rights.can(action):
        return Need(need.weight, need.words)
    tail = "#found" if need.url == "connection-detail" else ""
    url = reverse(f"integrations:{need.url}", args=[connection.pk]) + tail
    return Need(
        need.weight, need.words, need.label, url, need.url in {"connection-test", "connection-collect"}
    )


def _needs(connection: Connection, health: Health, age: Age, credential: Credential | None) -> list[Need]:
    return [
        *_of_reading(connection, health, age, credential),
        *_of_credential(credential),
        *_of_test(connection),
        *_of_mapping(health),
    ]


def _of_reading(
    connection: Connection, health: Health, age: Age, credential: Credential | None
) -> Iterator[Need]:
    if health.is_broken:
        yield Need(0, "It cannot be read.", *_mend(connection, credential))
    if health.state == "late":
        yield Need(10, "It is due and nobody reads it.", *_COLLECT)
    if age.key == "stale" and health.state not in {"paused", "unmapped"}:
        yield Need(20, "What it read is more than two intervals old.", *_COLLECT)


def _mend(connection: Connection, credential: Credential | None) -> tuple[str, str]:
    """The step that helps a connection that cannot be read."""
    is_refused = connection.last_failure in _REFUSED or bool(credential_problem(connection))
    if is_refused and credential is not None:
        return _RENEW
    # Stopped without a failure: its workers died on it. The test would go through; only a collection shows whether it is over.
    return _TEST if connection.last_failure else _COLLECT


def _of_credential(credential: Credential | None) -> Iterator[Need]:
    told = {
        "over": (5, "Its credential has ended."),
        "soon": (30, "Its credential ends soon."),
        "old": (70, "Its credential is older than 90 days."),
    }
    if credential is not None and credential.state:
        yield Need(*told[credential.state], *_RENEW)


def _of_test(connection: Connection) -> Iterator[Need]:
    if connection.test_failed_at is not None:
        yield Need(40, "Its last test failed.", "Test again", "connection-test")
    if connection.found.get("missing"):
        yield Need(45, "A permission is missing.", "See what it blinds", "connection-detail")
    if connection.tested_at is None and known_class(connection.kind) is not None:
        yield Need(75, "It was never tested.", *_TEST)


def _of_mapping(health: Health) -> Iterator[Need]:
    if health.state == "unmapped":
        yield Need(50, "No team is mapped to it.", "Map a team", "source-create")
    if health.state == "paused":
        yield Need(65, "Paused on purpose.", "Resume", "connection-resume")
