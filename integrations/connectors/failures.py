"""Why an outside system could not be read, in words that a person can act on. Pure.

Nothing here carries a body, a banner, a header, a credential or an address inside somebody's network: messages are shown
on pages and kept in the run record.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from integrations.connectors.allowance import allowance_of
from integrations.connectors.header_values import moment_of, number_of

# A source may ask for patience, but not for a day: people would take the portal for broken.
LONGEST_WAIT = timedelta(hours=6)
SHORTEST_WAIT = timedelta(seconds=1)

# Parts of addresses that ask people who they are: GitLab's, Jenkins', Microsoft's, and those of proxies with single sign-on.
_SIGN_IN = re.compile(
    r"(?<![a-z])(sign[_-]?in|log[_-]?in|logon|commencelogin|sso|oauth2?|openid(-connect)?|oidc|saml2?|adfs|authorize)(?![a-z])",
    re.IGNORECASE,
)

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_LIMIT_WORDS = re.compile(rb"rate limit|abuse detection|too many requests", re.IGNORECASE)


class Failure(StrEnum):
    """BLOCKED: our own policy said no. REJECTED: the source refused the question itself."""

    BLOCKED = "blocked"
    UNREACHABLE = "unreachable"
    TLS = "tls"
    TOO_BIG = "too_big"
    BAD_PAYLOAD = "bad_payload"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    REJECTED = "rejected"


class Mark(StrEnum):
    """What we know of a failure beyond its kind. No host can say it: its own words are `SourceError.code`."""

    # Connected, perhaps, and then no answer in time.
    NO_ANSWER = "no_answer"
    # It did not answer within the short patience of a knock.
    SILENT = "silent"
    # It answered, but what was asked of it took longer than one source may.
    TOO_SLOW = "too_slow"
    # The host would still answer, but what is left is kept for people.
    KEPT_FOR_PEOPLE = "kept_for_people"
    # A server that checks the Host header and does not know the name that the connection uses (MLflow from 3.5 on).
    INVALID_HOST = "invalid_host"


_CAN_RETRY = frozenset(
    {
        Failure.UNREACHABLE,
        Failure.RATE_LIMITED,
        Failure.UNAVAILABLE,
        Failure.BAD_PAYLOAD,  # a page cut by a gateway looks like this; the schedule tries again, nothing else does
    }
)


class SourceError(Exception):
    """An outside system could not be read. `message` is one sentence for people: what happened and what to do.

    `code` is the provider's own error code where its JSON has one ("RESOURCE_DOES_NOT_EXIST"), else "". `allow` is the entry
    of PORTAL_EGRESS_ALLOW that would open a blocked address, "" where nothing opens it. `mark` is ours.
    """

    def __init__(
        self,
        kind: Failure,
        message: str,
        *,
        status: int | None = None,
        retry_at: datetime | None = None,
        code: str = "",
        allow: str = "",
        mark: Mark | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_at = retry_at
        self.code = code
        self.allow = allow
        self.mark = mark

    @property
    def can_retry(self) -> bool:
        """Whether the same question may succeed later without anybody changing anything."""
        return self.kind in _CAN_RETRY


def failure_of(
    *, status: int, headers: Mapping[str, str], body: bytes, host: str, at: datetime
) -> SourceError:
    """The error for an answer that is neither 2xx nor 304. `headers` have lower-case keys; `body` may be cut."""
    code = error_code(body)
    kind = _kind_of(status, headers, body)
    is_told = kind is Failure.RATE_LIMITED or (kind is Failure.UNAVAILABLE and "retry-after" in headers)
    wait = wait_of(headers, at) if is_told else None
    retry_at = None if wait is None else at + wait
    mark = Mark.INVALID_HOST if body[:200].lstrip().startswith(b"Invalid Host header") else None
    words = _words(kind, status, host, mark)
    return SourceError(kind, words, status=status, retry_at=retry_at, code=code, mark=mark)


def is_sign_in(place: str) -> bool:
    """Whether a host and path, to which an answer leads away, look like a page where people sign in."""
    return _SIGN_IN.search(place) is not None


def asks_to_sign_in(*, status: int, host: str) -> SourceError:
    """The error for an answer that leads to such a page: nobody took the credential for that of somebody known."""
    return SourceError(
        Failure.UNAUTHORIZED,
        f"{host} asks to sign in (HTTP {status}) instead of answering: check the credential and the address, and whether a "
        "proxy in front of it lets the portal through.",
        status=status,
    )


def _kind_of(status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    if status == 429 or (status == 403 and _is_limit(headers, body)):
        return Failure.RATE_LIMITED
    # Azure DevOps answers 203 with a sign-in page to an expired token.
    by_status = {
        203: Failure.UNAUTHORIZED,
        401: Failure.UNAUTHORIZED,
        403: Failure.FORBIDDEN,
        404: Failure.NOT_FOUND,
        410: Failure.NOT_FOUND,
    }
    return by_status.get(status) or (Failure.UNAVAILABLE if status >= 500 else Failure.REJECTED)


def _is_limit(headers: Mapping[str, str], body: bytes) -> bool:
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining", "").strip() == "0"
        or bool(_LIMIT_WORDS.search(body))
    )


def _words(kind: Failure, status: int, host: str, mark: Mark | None) -> str:
    if mark is Mark.INVALID_HOST:
        return (
            f"{host} refuses requests under this name (its Host check answered 403): start the server with this name in "
            "--allowed-hosts, or use a name that it knows."
        )
    words = {
        Failure.UNAUTHORIZED: f"{host} did not accept the credential (HTTP {status}): enter a new one in the connection.",
        Failure.FORBIDDEN: f"{host} does not allow this to the credential (HTTP {status}): give it read permission at the source.",
        Failure.NOT_FOUND: f"{host} has nothing at this place (HTTP {status}), or hides it from this credential: check the name and the address.",
        Failure.RATE_LIMITED: f"{host} asks for fewer requests (HTTP {status}): nothing to do, the portal comes back later.",
        Failure.UNAVAILABLE: f"{host} is in trouble (HTTP {status}): nothing to do here, the portal tries again at the next collection.",
    }
    return (
        words.get(kind)
        or f"{host} refused the question (HTTP {status}): check the address of the connection."
    )


def error_code(body: bytes) -> str:
    """The provider's error code in a JSON error body, "" where there is none."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    code = data.get("error_code") if isinstance(data, dict) else None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def wait_of(headers: Mapping[str, str], at: datetime) -> timedelta | None:
    """How long the source asks us to stay away: 1 s to 6 h, None where it does not say or says nonsense.

    Moments that the source names are on its clock, so the `Date` header beside them is taken for its "now".
    """
    there = moment_of(headers.get("date", "")) or at
    for seconds in (_retry_after(headers.get("retry-after"), there), _reset(headers, at)):
        if seconds is not None:
            return min(max(timedelta(seconds=seconds), SHORTEST_WAIT), LONGEST_WAIT)
    return None


def _retry_after(text: str | None, there: datetime) -> float | None:
    if text is None:
        return None
    seconds = number_of(text)
    if seconds is not None:
        return seconds
    moment = moment_of(text)
    return None if moment is None else (moment - there).total_seconds()


def _reset(headers: Mapping[str, str], at: datetime) -> float | None:
    told = allowance_of(headers, at)
    if told is not None and told.remaining == 0:
        return (told.resets_at - at).total_seconds()
    if headers.get("x-ratelimit-remaining", "").strip() != "0":
        return None
    reset = number_of(headers.get("x-ratelimit-reset", ""))
    there = moment_of(headers.get("date", "")) or at
    return None if reset is None else reset - there.timestamp()
