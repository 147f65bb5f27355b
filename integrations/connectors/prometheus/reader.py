"""Asks Prometheus, and tells what failed as a whole from what only a part could not give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from assessments.vocabulary import Reason
from integrations.connectors.common.gaps import Gap
from integrations.connectors.http import Failure, Http, Params, SourceError
from integrations.connectors.prometheus import payload
from integrations.connectors.prometheus.payload import Labels, Rule, Sample, Series, bad_shape

# Below the 10 s that our door waits for an answer: the server gives up before we do.
TIMEOUT = "8s"
MAX_RESULTS = 1_000
MAX_SERIES = 10_000
# After one of these no other question of this collection can fare better.
_WHOLE = frozenset(
    {Failure.BLOCKED, Failure.TLS, Failure.UNREACHABLE, Failure.UNAUTHORIZED, Failure.RATE_LIMITED}
)


@dataclass(frozen=True, slots=True)
class Runtime:
    """`is_told` is False for servers that only resemble Prometheus: they answer for rules that they do not have.

    `retention`: how far back data is kept; None where that is not told as a time.
    """

    is_told: bool
    retention: timedelta | None = None


class Reader:
    """Counts whether anything was answered at all; see `raise_if_silent`. Times are whole seconds since 1970."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self._is_answered = False
        self._failure: SourceError | None = None

    def query(self, expression: str, *, at: int) -> list[Sample]:
        """The value of each series at a moment. Raises SourceError."""
        params: Params = {"query": expression, "time": at, "timeout": TIMEOUT, "limit": MAX_RESULTS}
        return payload.vector(self._data("query", params))

    def query_range(self, expression: str, *, start: int, end: int, step: int) -> list[Series]:
        """The values of each series at each step. Raises SourceError."""
        times: dict[str, str | int] = {"start": start, "end": end, "step": step}
        params: Params = {"query": expression, **times, "timeout": TIMEOUT, "limit": MAX_RESULTS}
        return payload.matrix(self._data("query_range", params))

    def series(self, selector: str, *, start: int, end: int) -> list[Labels]:
        """At most MAX_SERIES label sets. Raises SourceError."""
        params: Params = {"match[]": [selector], "start": start, "end": end, "limit": MAX_SERIES}
        return payload.series(self._data("series", params))

    def rules(self) -> list[Rule]:
        """Raises SourceError."""
        return payload.rules(self._data("rules"))

    def label_values(self, label: str) -> list[str]:
        """At most MAX_RESULTS values of a label whose name is one of ours. Raises SourceError."""
        return payload.names(self._data(f"label/{label}/values", {"limit": MAX_RESULTS}))

    def label_names(self) -> list[str]:
        """Raises SourceError."""
        return payload.names(self._data("labels", {"limit": MAX_RESULTS}))

    def runtime(self) -> Runtime:
        """What the server tells of itself. Raises SourceError when it cannot be read at all."""
        try:
            data = self._data("status/runtimeinfo")
        except SourceError as error:
            gap_of(error)
            return Runtime(is_told=False)
        return Runtime(is_told=isinstance(data, dict), retention=payload.retention(data))

    def version(self) -> str:
        """What the server says it is, "" where it does not. Raises SourceError."""
        try:
            found = self._data("status/buildinfo")
        except SourceError as error:
            gap_of(error)
            return ""
        said = found.get("version") if isinstance(found, dict) else None
        return said[:40] if isinstance(said, str) else ""

    def _data(self, path: str, params: Params | None = None) -> Any:
        try:
            answer = self.http.get(f"api/v1/{path}", params).data
            # A proxy may hide the status of an error; Prometheus' own word counts.
            if not isinstance(answer, dict) or answer.get("status") != "success" or "data" not in answer:
                raise bad_shape()
        except SourceError as error:
            # A refusal of one question is an answer: the system was read.
            self._is_answered |= error.kind is Failure.FORBIDDEN
            self._failure = error
            raise
        self._is_answered = True
        return answer["data"]

    def raise_if_silent(self) -> None:
        """Raises the last failure when no question was answered: then the system was not read, whatever the reason."""
        if self._failure is not None and not self._is_answered:
            raise self._failure


def gap_of(error: SourceError, what: str = "", *, absent: frozenset[int] = frozenset({404, 405, 501})) -> Gap:
    """The gap that a part's failure leaves. Raises the error again where the rest cannot be read either.

    `what` names the endpoint, where its absence (one of the statuses `absent`) is worth a word of its own.
    """
    if error.kind in _WHOLE:
        raise error
    if what and error.status in absent:
        return Gap(Reason.UNSUPPORTED.value, f"This server has no {what}: it is no Prometheus, or too old.")
    if error.kind is Failure.FORBIDDEN:
        return Gap(Reason.UNAUTHORIZED.value, error.message)
    if error.status == 400:
        words = "Prometheus does not understand the labels or the expression of the mapping (HTTP 400): mend them."
        return Gap(Reason.UNREACHABLE.value, words)
    if error.status in {422, 503}:
        words = f"Prometheus gave up on a question of this size (HTTP {error.status}): narrow the labels."
        return Gap(Reason.UNREACHABLE.value, words)
    return Gap(Reason.UNREACHABLE.value, error.message)
