"""The one door to the outside. No other module of the portal opens a socket to a host that people typed in.

It promises an answer or a SourceError within the total deadline and the size caps, whatever the other side does: every
client library that was tried hung, took a gigabyte, sent the token to another host or made "0 runs" of garbage.
It never waits and never tries again: the schedule does (a worker that sleeps is a worker lost).
"""

from __future__ import annotations

import http.cookiejar
import re
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from integrations.connectors import strict_json
from integrations.connectors.allowance import Allowance, allowance_of
from integrations.connectors.body import ERROR_BODY, bad_payload, beginning, refuse_web_page, unpacked
from integrations.connectors.egress import EgressPolicy
from integrations.connectors.failures import (
    Failure,
    Mark,
    SourceError,
    asks_to_sign_in,
    failure_of,
    is_sign_in,
)
from integrations.connectors.kept import KeptAnswer, KeptAnswers
from integrations.connectors.pinned import Limits, PinnedBackend, PinnedTransport

__all__ = ["Failure", "Http", "Limits", "Params", "Reply", "SourceError"]

Params = Mapping[str, str | int | Sequence[str]]

_MAX_REDIRECTS = 3
# What has moved says 301 or 308; a page to sign in is only for now.
_FOR_NOW = frozenset({302, 303, 307})
_NEXT = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?')


@dataclass(frozen=True, slots=True)
class Reply:
    """A 2xx (or 304) answer. `data` is decoded JSON, None for 204 and 304. `headers` have lower-case keys."""

    status: int
    data: Any
    headers: Mapping[str, str]
    url: str

    @property
    def next_url(self) -> str:
        """The `Link: rel="next"` of the answer as it stands there, "" at the last page."""
        match = _NEXT.search(self.headers.get("link", ""))
        return match[1] if match else ""


class Http:
    """One outside system: requests below `base_url`, one at a time. Every failure is a SourceError.

    `ca_bundle` is a file with the certificates of a private authority; verification is never switched off. Cookies, proxy
    variables and .netrc of the environment are ignored. `kept` are answers with their ETag; `allowance` is what the host
    told last about the requests that are left: it is asked no more when the rest is for people, but `is_by_hand`.
    """

    def __init__(
        self,
        base_url: str,
        *,
        policy: EgressPolicy,
        headers: Mapping[str, str] | None = None,
        ca_bundle: Path | None = None,
        limits: Limits | None = None,
        kept: KeptAnswers | None = None,
        allowance: Allowance | None = None,
        is_by_hand: bool = False,
    ) -> None:
        self._policy = policy
        self._is_by_hand = is_by_hand
        self._kept = kept
        self.allowance = allowance
        self._limits = limits or Limits()
        origin = policy.check_url(base_url)
        self.host = origin.host
        self.base_url = base_url.rstrip("/") + "/"
        self._base = httpx2.URL(self.base_url)
        if self._base.query:
            raise SourceError(
                Failure.BLOCKED,
                "The address of a connection ends with its path: leave out the part after '?'.",
            )
        self._wire = PinnedBackend(policy, origin.scheme, self._limits)
        jar = http.cookiejar.CookieJar(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        try:
            self._client = httpx2.Client(
                transport=PinnedTransport(_tls(ca_bundle, self.host), self._wire),
                headers={
                    "Accept": "application/json",
                    "User-Agent": "mlops-portal",
                    **(headers or {}),
                    # Only what is bounded here while it is unpacked.
                    "Accept-Encoding": "gzip",
                },
                cookies=jar,
                trust_env=False,
                follow_redirects=False,
                timeout=httpx2.Timeout(self._limits.read, connect=self._limits.connect),
            )
        except (UnicodeEncodeError, ValueError):
            raise _unsendable(self.host) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def get(self, path: str, params: Params | None = None, *, is_kept: bool = False) -> Reply:
        """The JSON at `path` (relative to the base URL, already quoted). Same-origin 301 is followed. Raises SourceError.

        `is_kept`: the answer names no people and may be kept with its ETag; "unchanged" then gives what was kept.
        """
        url = self._url(path, params)
        if not is_kept or self._kept is None:
            return self._reply(*self._fetch("GET", url, None))
        return self._kept_or_new(url, self._kept)

    def _kept_or_new(self, url: httpx2.URL, answers: KeptAnswers) -> Reply:
        accept = self._client.headers.get("accept", "")
        known = answers.find(str(url), accept)
        reply = self._reply(*self._fetch("GET", url, None, known.etag if known else ""))
        if reply.status == 304 and known is not None:
            headers = {**reply.headers, "link": known.link} if known.link else reply.headers
            return Reply(200, known.data, headers, reply.url)
        if reply.status == 304:
            # Unchanged since what? Nothing is kept here, so the whole answer is wanted.
            reply = self._reply(*self._fetch("GET", url, None))
        if reply.status == 304:
            raise bad_payload(self.host, "says that nothing changed though nothing is known of it here")
        etag = reply.headers.get("etag", "")
        if reply.status == 200 and etag:
            answers.keep(str(url), accept, KeptAnswer(etag, reply.data, reply.headers.get("link", "")))
        return reply

    def text(self, path: str) -> str:
        """A short plain-text answer (a version). Raises SourceError, also for an HTML page."""
        _, body = self._fetch("GET", self._url(path, None), None)
        # By what it holds alone: MLflow sends its bare version as text/html.
        refuse_web_page(body, content_type="", host=self.host)
        return body[:ERROR_BODY].decode("utf-8", "replace")

    def look(self, path: str) -> None:
        """Nothing, when the page at `path` answers with success, whatever it holds. Raises SourceError with its status else."""
        self._fetch("GET", self._url(path, None), None)

    def post(self, path: str, body: Any) -> Reply:
        """The JSON answer to a JSON question. Redirects are refused: a followed POST turns into a GET. Raises SourceError."""
        return self._reply(*self._fetch("POST", self._url(path, None), body))

    def pages(self, path: str, params: Params | None = None, *, max_pages: int) -> Iterator[Reply]:
        """At most `max_pages` replies along `Link: rel="next"`; `next_url` of the last one tells whether more was there.

        Raises SourceError; a link to another origin or out of the base path is BLOCKED, one that goes in circles BAD_PAYLOAD.
        """
        reply = self.get(path, params)
        seen = {reply.url}
        yield reply
        for _ in range(max_pages - 1):
            if not reply.next_url:
                return
            url = httpx2.URL(reply.url).join(reply.next_url)
            self._stay_here(url, "its next page")
            if str(url) in seen:
                raise SourceError(
                    Failure.BAD_PAYLOAD,
                    f"{self.host} names a page as its own next page: the list does not advance.",
                )
            reply = self._reply(*self._fetch("GET", url, None))
            seen |= {str(url), reply.url}
            yield reply

    def _url(self, path: str, params: Params | None) -> httpx2.URL:
        try:
            url = self._base.join("./" + path.lstrip("/"))
            if params:
                url = url.copy_merge_params(dict(params))
        except (httpx2.InvalidURL, ValueError):
            raise SourceError(
                Failure.REJECTED, f"No address below {self.host} can be made of this."
            ) from None
        self._stay_here(url, "the question")
        return url

    def _stay_here(self, url: httpx2.URL, what: str, *, status: int | None = None) -> None:
        """A credential belongs to the origin and path that it was entered for (Redash CVE-2026-76083 left the path)."""
        base = self._base
        is_same = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
        if not is_same or url.userinfo or not url.path.startswith(base.path) or "/../" in f"{url.path}/":
            raise SourceError(
                Failure.BLOCKED,
                f"{self.host}: {what} leads to another address than that of the connection; the portal does not go there.",
                status=status,
            )

    def _fetch(
        self, method: str, url: httpx2.URL, body: Any, etag: str = ""
    ) -> tuple[httpx2.Response, bytes]:
        self._leave_some_for_people()
        self._policy.check_url(str(url))
        self._wire.deadline = time.monotonic() + self._limits.total
        for _ in range(_MAX_REDIRECTS + 1):
            response, content = self._once(method, url, body, etag)
            self.allowance = allowance_of(_headers(response), datetime.now(UTC)) or self.allowance
            if not response.has_redirect_location:
                if (response.is_success and response.status_code != 203) or response.status_code == 304:
                    return response, content
                raise self._failure(response, content)
            url = self._redirected(method, response)
        raise SourceError(
            Failure.REJECTED, f"{self.host} redirects in circles: check the address of the connection."
        )

    def _leave_some_for_people(self) -> None:
        left = self.allowance
        if self._is_by_hand or left is None or not left.is_used_up(datetime.now(UTC)):
            return
        raise SourceError(
            Failure.RATE_LIMITED,
            f"{self.host} grants this credential {left.limit} requests, and {left.remaining} are left: they are kept for "
            "people. Nothing to do, the portal goes on when the host counts anew.",
            retry_at=left.resets_at,
            mark=Mark.KEPT_FOR_PEOPLE,
        )

    def _redirected(self, method: str, response: httpx2.Response) -> httpx2.URL:
        try:
            url = response.url.join(response.headers["location"])
        except (httpx2.InvalidURL, ValueError):
            raise SourceError(
                Failure.REJECTED, f"{self.host} redirects to something that is no address."
            ) from None
        if response.status_code in _FOR_NOW and is_sign_in(f"{url.host}{url.path}"):
            raise asks_to_sign_in(status=response.status_code, host=self.host)
        self._stay_here(url, "a redirect", status=response.status_code)
        if response.status_code != 301 or method != "GET":
            raise SourceError(
                Failure.REJECTED,
                f"{self.host} redirects (HTTP {response.status_code}), often to a sign-in page: check the address and the credential.",
                status=response.status_code,
            )
        return url

    def _once(self, method: str, url: httpx2.URL, body: Any, etag: str) -> tuple[httpx2.Response, bytes]:
        headers = {"If-None-Match": etag} if etag else {}
        try:
            with self._client.stream(method, url, json=body, headers=headers) as response:
                return response, self._read(response)
        except httpx2.TimeoutException:
            raise SourceError(
                Failure.UNREACHABLE,
                f"{self.host} did not answer in time ({self._limits.total:g} s at most): check that it runs and can be reached from the portal.",
                mark=Mark.NO_ANSWER,
            ) from None
        except httpx2.LocalProtocolError:
            raise _unsendable(self.host) from None
        except httpx2.RemoteProtocolError:
            raise SourceError(
                Failure.UNAVAILABLE,
                f"{self.host} broke off its answer, or does not speak HTTP here: check the address.",
            ) from None
        except httpx2.HTTPError as error:
            raise self._line_failure(error) from None

    def _line_failure(self, error: httpx2.HTTPError) -> SourceError:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLError):
                return SourceError(
                    Failure.TLS,
                    f"{self.host} cannot prove that it is {self.host} (its certificate or TLS version was not accepted): renew it, "
                    "or give the connection the certificate of your authority.",
                )
            cause = cause.__cause__ or cause.__context__
        return SourceError(
            Failure.UNREACHABLE,
            f"{self.host} could not be reached: check the address, and that the server runs.",
        )

    def _read(self, response: httpx2.Response) -> bytes:
        if response.status_code >= 300:
            return beginning(response.iter_raw())
        return unpacked(
            response.iter_raw(),
            encoding=response.headers.get("content-encoding", "").strip().lower(),
            wire_cap=self._limits.wire_bytes,
            decoded_cap=self._limits.decoded_bytes,
            host=self.host,
        )

    def _failure(self, response: httpx2.Response, body: bytes) -> SourceError:
        return failure_of(
            status=response.status_code,
            headers=_headers(response),
            body=body,
            host=self.host,
            at=datetime.now(UTC),
        )

    def _reply(self, response: httpx2.Response, body: bytes) -> Reply:
        data = None
        if response.status_code not in {204, 304}:
            self._refuse_web_page(response, body)
            try:
                data = strict_json.decode(body)
            except ValueError:
                raise bad_payload(self.host, "sent something that is not proper JSON") from None
        return Reply(response.status_code, data, _headers(response), str(response.url))

    def _refuse_web_page(self, response: httpx2.Response, body: bytes) -> None:
        refuse_web_page(body, content_type=response.headers.get("content-type", ""), host=self.host)


def _unsendable(host: str) -> SourceError:
    return SourceError(
        Failure.REJECTED, f"The credential for {host} holds characters that cannot be sent: enter it again."
    )


def _headers(response: httpx2.Response) -> dict[str, str]:
    return {key.lower(): value for key, value in response.headers.items()}


def _tls(ca_bundle: Path | None, host: str) -> ssl.SSLContext:
    if ca_bundle is None:
        return httpx2.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=str(ca_bundle))
    except (OSError, ssl.SSLError):
        raise SourceError(
            Failure.TLS, f"The certificates given for {host} cannot be read: give one or more in PEM form."
        ) from None
