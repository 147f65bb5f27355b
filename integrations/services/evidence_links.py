"""Evidence that points into a connected host is looked at again at each collection; other links are never fetched.

A page that is gone takes its support with it, and gives it back when it answers again. What could not be checked changes
nothing, and a page that the portal never saw without a credential is not missed: hosts hide private pages behind "not found".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, quote, urlsplit

import structlog
from django.db.models import F

from assessments.models import Evidence
from assessments.services.evidence import record_check
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.models import Collection, Connection, Source
from integrations.queries.kinds import connector_class
from integrations.services.doors import page_door
from mlops_portal.lib.secrets import CannotDecrypt

log = structlog.get_logger(__name__)

# A collection stays a collection: so many links at most, those that were looked at longest ago first.
MAX_LINKS = 20
SECONDS = 30.0
# What these characters stand for in an address stays so; everything else is quoted.
_KEPT = "/%:@!$&'()*+,;=~-._"
_PORTS = {"http": 80, "https": 443}
IN_A_PAGE = "The address names a place inside a page (behind the #), which only a browser can open."
_TROUBLE = frozenset({Failure.UNREACHABLE, Failure.TLS, Failure.BLOCKED, Failure.RATE_LIMITED})
_GONE = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked to learn whether a link still leads somewhere: a path, with or without the connection's credential."""

    path: str
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """`is_last`: the host itself is in trouble or asks for patience, so the other links wait for the next collection."""

    outcome: str
    detail: str
    is_last: bool = False


def check_links(*, source: Source, run: Collection, at: datetime) -> int:
    """How many links were looked at. Never raises: a look at evidence does not spoil a collection."""
    if run.outcome == Collection.Outcome.FAILED:
        return 0
    connection, looked, ends = source.connection, 0, time.monotonic() + SECONDS
    try:
        for evidence in _pointing_into(source):
            seen = _look(connection, evidence, seconds=ends - time.monotonic())
            record_check(
                evidence=evidence,
                outcome=seen.outcome,
                detail=seen.detail,
                at=at,
                by_name=connection.measurement_source,
            )
            looked += 1
            if seen.is_last or time.monotonic() > ends:
                break
    except Exception:  # evidence is looked at beside the collection, never in its way
        log.exception("evidence_not_checked", connection=connection.pk, source=source.pk)
    return looked


def _pointing_into(source: Source) -> Iterator[Evidence]:
    """The team's links with the origin of the connection."""
    origin = _origin(urlsplit(source.connection.base_url))
    links = Evidence.objects.filter(
        team=source.team_id, form=Evidence.Form.LINK, removed_at__isnull=True
    ).order_by(F("checked_at").asc(nulls_first=True), "pk")
    found = (link for link in links if _origin(urlsplit(link.url)) == origin)
    for _, link in zip(range(MAX_LINKS), found, strict=False):
        yield link


def _origin(parts: SplitResult) -> tuple[str, str, int | None] | None:
    """Scheme, host and port; None for what is no web address or carries a user name."""
    try:
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    if parts.scheme not in _PORTS or parts.username is not None or not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port


def _look(connection: Connection, evidence: Evidence, *, seconds: float) -> Seen:
    question = question_of(connection, evidence.url)
    if question is None:
        return Seen(Evidence.Check.UNKNOWN, IN_A_PAGE)
    try:
        with page_door(connection, seconds=seconds, is_trusted=question.is_trusted) as http:
            http.look(question.path)
    except SourceError as error:
        return _seen(error, evidence, is_trusted=question.is_trusted)
    except (CannotDecrypt, UnknownConnector, NotAConnector) as error:
        return Seen(Evidence.Check.UNKNOWN, str(error))
    return Seen(Evidence.Check.ANSWERED, "")


def _seen(error: SourceError, evidence: Evidence, *, is_trusted: bool) -> Seen:
    if error.kind is Failure.TOO_BIG:
        # It began to answer with success; how much there is does not matter.
        return Seen(Evidence.Check.ANSWERED, "")
    if error.status not in _GONE:
        return Seen(Evidence.Check.UNKNOWN, error.message, is_last=error.kind in _TROUBLE)
    # 410 says that it was there; "not found" by itself may be a page that strangers do not see.
    if error.status == 410 or is_trusted or evidence.answered_at is not None:
        return Seen(
            Evidence.Check.GONE, f"{urlsplit(evidence.url).hostname} answers {error.status}: not there."
        )
    return Seen(
        Evidence.Check.UNKNOWN,
        f"{urlsplit(evidence.url).hostname} shows this page to nobody without signing in, or it was never there.",
    )


def question_of(connection: Connection, url: str) -> Question | None:
    """What to ask about an address of the connection's own origin; None where only a browser could tell.

    The credential goes with it below the connection's own address only: it was entered for that.
    """
    parts, base = urlsplit(url), urlsplit(connection.base_url)
    base_path = f"{base.path.rstrip('/')}/"
    inside = parts.path.startswith(base_path) or f"{parts.path}/" == base_path
    if parts.fragment.startswith(("/", "!")):
        path = connector_class(connection.kind).page_question(parts.fragment) if inside else ""
        return Question(path, is_trusted=True) if path else None
    if "/../" in f"{parts.path}/" or "\\" in parts.path:
        return None
    path = f"{parts.path}/".removeprefix(base_path)[:-1] if inside else parts.path
    quoted = quote(path.lstrip("/"), safe=_KEPT)
    query = f"?{quote(parts.query, safe=_KEPT + '?')}" if parts.query else ""
    return Question(f"{quoted}{query}", is_trusted=inside)
