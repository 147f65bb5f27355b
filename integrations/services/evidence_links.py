"""Evidence that points into a connected host is looked at again at each collection; other links are never fetched.

A page that is gone takes its support with it, and gives it back when it answers again. What could not be checked changes
nothing. The credential is the portal's and the address a member's: it goes only where the team's own mapping leads, so that
nobody learns through it what else is there. Other pages are asked for as by a stranger, and one that strangers did not see
the last time is not missed: hosts hide private pages behind "not found".
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult, quote, unquote, urlsplit

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.db.models import F

from assessments.models import Evidence
from assessments.services.evidence import record_check
from integrations.connectors.http import Failure, SourceError
from integrations.connectors.registry import NotAConnector, UnknownConnector
from integrations.models import Collection, Source
from integrations.queries.kinds import connector_class, known_class
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
ODD = "The address leads upwards or has a back-slash in it, so it was not asked for."
NOT_OURS = "No such page is known among what is mapped to this team; what else is there is not looked at with the portal's credential."
# Kept with what answered a stranger: then "not found" later means that it is gone.
OPEN = "without signing in"
_TROUBLE = frozenset({Failure.UNREACHABLE, Failure.TLS, Failure.BLOCKED, Failure.RATE_LIMITED})
_GONE = frozenset({404, 410})
_HIDDEN = frozenset({401, 403, 404})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked to learn whether a link still leads somewhere: a path, with or without the connection's credential."""

    path: str
    is_trusted: bool
    # Of a page in the browser only; then `path` is empty.
    fragment: str = ""


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
            seen = _look(source, evidence, seconds=ends - time.monotonic())
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
    except SoftTimeLimitExceeded:
        raise
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


def _look(source: Source, evidence: Evidence, *, seconds: float) -> Seen:
    connection, question = source.connection, question_of(source, evidence.url)
    if question is None:
        return Seen(Evidence.Check.UNKNOWN, ODD)
    if question.fragment and not question.is_trusted:
        return Seen(Evidence.Check.UNKNOWN, IN_A_PAGE)
    is_there: bool | None = True
    try:
        with page_door(connection, seconds=seconds, is_trusted=question.is_trusted) as http:
            if question.fragment:
                connector = connector_class(connection.kind)(http)
                is_there = connector.has_page(question.fragment, source.options)
            else:
                http.look(question.path)
    except SourceError as error:
        return _seen(error, evidence, question)
    except (CannotDecrypt, UnknownConnector, NotAConnector) as error:
        return Seen(Evidence.Check.UNKNOWN, str(error))
    if not is_there:
        return Seen(Evidence.Check.UNKNOWN, IN_A_PAGE if is_there is None else NOT_OURS)
    return Seen(Evidence.Check.ANSWERED, "" if question.is_trusted else OPEN)


def _seen(error: SourceError, evidence: Evidence, question: Question) -> Seen:
    host = urlsplit(evidence.url).hostname
    if error.kind is Failure.TOO_BIG and not question.fragment:
        # It began to answer with success; how much there is does not matter.
        return Seen(Evidence.Check.ANSWERED, "" if question.is_trusted else OPEN)
    if error.status in _GONE and _was_there(error, evidence, question):
        return Seen(Evidence.Check.GONE, f"{host} answers {error.status}: not there.")
    if error.status in _GONE | _HIDDEN and question.fragment:
        # The very words of a page of others: whether there is one is theirs to know.
        return Seen(Evidence.Check.UNKNOWN, NOT_OURS)
    if error.status in _HIDDEN and not question.is_trusted:
        return Seen(
            Evidence.Check.UNKNOWN,
            f"{host} shows this page to nobody without signing in, or it was never there. "
            "The portal signs in only to what is mapped to this team.",
        )
    return Seen(Evidence.Check.UNKNOWN, error.message, is_last=error.kind in _TROUBLE)


def _was_there(error: SourceError, evidence: Evidence, question: Question) -> bool:
    """Whether "not found" means that it is gone. 410 says so itself; a stranger is told so of private pages too."""
    if question.fragment:
        return evidence.answered_at is not None
    if error.status == 410 or question.is_trusted:
        return True
    return (evidence.check_outcome, evidence.check_detail) == (Evidence.Check.ANSWERED, OPEN)


def question_of(source: Source, url: str) -> Question | None:
    """What to ask about an address of the connection's own origin; None for one that a server could take for another."""
    parts, base = urlsplit(url), urlsplit(source.connection.base_url)
    if _is_odd(parts.path):
        return None
    base_path = f"{base.path.rstrip('/')}/"
    inside = parts.path.startswith(base_path) or f"{parts.path}/" == base_path
    if parts.fragment.startswith(("/", "!")):
        return Question("", is_trusted=inside, fragment=parts.fragment)
    path = f"{parts.path}/".removeprefix(base_path)[:-1] if inside else parts.path
    kind = known_class(source.connection.kind)
    pages = kind.pages_of(source.options) if inside and kind is not None else ()
    is_own = any(_is_below(path, page) for page in pages)
    if not is_own:
        path = parts.path
    quoted = quote(path.lstrip("/"), safe=_KEPT)
    query = f"?{quote(parts.query, safe=_KEPT + '?')}" if parts.query else ""
    return Question(f"{quoted}{query}", is_trusted=is_own)


def _is_odd(path: str) -> bool:
    plain = unquote(path)
    while plain != path:
        path, plain = plain, unquote(plain)
    return "\\" in path or any(part.partition(";")[0] in {".", ".."} for part in path.split("/"))


def _is_below(path: str, page: str) -> bool:
    """Whether a path is that page or lies below it, part by part."""
    own = [unquote(part) for part in page.split("/")]
    return page != "" and [unquote(part) for part in path.split("/")][: len(own)] == own
