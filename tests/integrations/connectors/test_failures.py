"""Status and headers of a refusal -> kind, and when to come back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from integrations.connectors.failures import Failure, Mark, SourceError, failure_of, is_sign_in

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def failure(status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> SourceError:
    return failure_of(status=status, headers=headers or {}, body=body, host="git.example.org", at=AT)


@pytest.mark.parametrize(
    ("status", "kind", "can_retry"),
    [
        (203, Failure.UNAUTHORIZED, False),
        (401, Failure.UNAUTHORIZED, False),
        (403, Failure.FORBIDDEN, False),
        (404, Failure.NOT_FOUND, False),
        (410, Failure.NOT_FOUND, False),
        (400, Failure.REJECTED, False),
        (422, Failure.REJECTED, False),
        (429, Failure.RATE_LIMITED, True),
        (500, Failure.UNAVAILABLE, True),
        (503, Failure.UNAVAILABLE, True),
    ],
)
def test_kind(status: int, kind: Failure, can_retry: bool) -> None:
    error = failure(status, body=b"secret-banner <b>")

    assert (error.kind, error.status, error.can_retry) == (kind, status, can_retry)
    assert "git.example.org" in error.message
    assert "secret-banner" not in error.message


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"retry-after": "60"}, b"", 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795521660"}, b"", 60),
        ({}, b'{"message": "You have exceeded a secondary rate limit"}', None),
        ({}, b'{"message": "You have triggered an abuse detection mechanism."}', None),
    ],
)
def test_403_with_the_marks_of_a_limit_is_a_limit(
    headers: dict[str, str], body: bytes, seconds: int | None
) -> None:
    error = failure(403, headers, body)

    assert error.kind is Failure.RATE_LIMITED
    assert error.retry_at == (None if seconds is None else AT + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "5"}, 5),
        ({"retry-after": "86400"}, 6 * 3600),
        ({"retry-after": "-5"}, 1),
        ({"retry-after": "0"}, 1),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e309"}, None),
        ({"retry-after": "1e300"}, 6 * 3600),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30),
        # The source's clock is an hour ahead: its own "now" counts.
        ({"retry-after": "Tue, 24 Nov 2026 13:00:30 GMT", "date": "Tue, 24 Nov 2026 13:00:00 GMT"}, 30),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT", "date": "yesterday, 99"}, 30),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:00 GMT"}, 1),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30"}, 30),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(AT.timestamp()) + 3)}, 3),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "garbage"}, None),
        ({"x-ratelimit-remaining": "7", "x-ratelimit-reset": str(int(AT.timestamp()) + 3)}, None),
    ],
)
def test_wait(headers: dict[str, str], seconds: int | None) -> None:
    expected = None if seconds is None else AT + timedelta(seconds=seconds)
    assert failure(429, headers).retry_at == expected


def test_only_a_limit_or_a_named_time_sets_a_time() -> None:
    assert failure(500).retry_at is None
    assert failure(403).retry_at is None
    assert failure(503, {"retry-after": "30"}).retry_at == AT + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "m"}', "RESOURCE_DOES_NOT_EXIST"),
        (b'{"error_code": "<script>"}', ""),
        (b'{"error_code": 5}', ""),
        (b'["error_code"]', ""),
        (b"<html>", ""),
        (b"[" * 100_000, ""),
    ],
)
def test_code(body: bytes, code: str) -> None:
    assert failure(404, body=body).code == code


@pytest.mark.parametrize("word", [*Mark, *(mark.name for mark in Mark)])
def test_no_host_can_say_what_is_ours(word: str) -> None:
    assert failure(500, body=b'{"error_code": "%s"}' % word.encode()).mark is None


def test_host_check_of_mlflow_names_its_remedy() -> None:
    error = failure(403, body=b"Invalid Host header - possible DNS rebinding attack detected")

    assert (error.kind, error.mark) == (Failure.FORBIDDEN, Mark.INVALID_HOST)
    assert "--allowed-hosts" in error.message


@pytest.mark.parametrize(
    "place",
    [
        "gitlab.example.org/users/sign_in",
        "jenkins.example.org/login",
        "jenkins.example.org/securityRealm/commenceLogin",
        "spsprodcus5.vssps.visualstudio.com/_signin",
        "login.microsoftonline.com/common/reprocess",
        "login.microsoftonline.com/11111111-aaaa/oauth2/v2.0/authorize",
        "keycloak.example.org/realms/acme/protocol/openid-connect/auth",
        "adfs.example.org/adfs/ls/",
        "acme.cloudflareaccess.com/cdn-cgi/access/login/mlflow.example.org",
        "accounts.google.com/o/oauth2/v2/auth",
        "proxy.example.org/oauth2/start",
        "idp.example.org/saml2/sso",
    ],
)
def test_a_page_where_people_sign_in_is_known_by_its_address(place: str) -> None:
    assert is_sign_in(place)


@pytest.mark.parametrize(
    "place",
    ["gitlab.example.org/api/v4/projects/1", "blogin.example.org/logins-report", "git.example.org/acme/design-in",
     "mlflow.example.org/", "git.example.org/acme/associated/authorized_keys"],
)  # fmt: skip
def test_another_address_is_no_sign_in_page(place: str) -> None:
    assert not is_sign_in(place)
