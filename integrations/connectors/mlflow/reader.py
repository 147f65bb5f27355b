"""Asks MLflow, and tells what failed as a whole from what only a part could not give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assessments.vocabulary import Reason
from integrations.connectors.failures import INVALID_HOST
from integrations.connectors.http import Failure, Http, Params, SourceError
from integrations.connectors.mlflow.parse import Row, bad_shape

ABSENT = "RESOURCE_DOES_NOT_EXIST"

# After one of these no other question of this collection can fare better.
_WHOLE = frozenset(
    {Failure.BLOCKED, Failure.TLS, Failure.UNREACHABLE, Failure.UNAUTHORIZED, Failure.RATE_LIMITED}
)


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be read: a reason of the vocabulary, and one sentence."""

    reason: str
    detail: str


class Reader:
    """Counts whether anything was answered at all; see `raise_if_silent`."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self._is_answered = False
        self._failure: SourceError | None = None

    def get(self, path: str, params: Params | None = None) -> Row:
        """The JSON object at api/`path`. Raises SourceError."""
        return self._object(lambda: self.http.get(f"api/{path}", params).data)

    def post(self, path: str, body: Mapping[str, Any]) -> Row:
        """The JSON object that answers a question. Raises SourceError."""
        return self._object(lambda: self.http.post(f"api/{path}", body).data)

    def _object(self, ask: Any) -> Row:
        try:
            data = ask()
            if not isinstance(data, dict) or "error_code" in data:
                raise bad_shape()
        except SourceError as error:
            # A refusal in MLflow's own words is an answer: the system was read.
            self._is_answered |= bool(error.code) or error.kind is Failure.FORBIDDEN
            self._failure = error
            raise
        self._is_answered = True
        return data

    def raise_if_silent(self) -> None:
        """Raises the last failure when no question was answered: then the system was not read, whatever the reason."""
        if self._failure is not None and not self._is_answered:
            raise self._failure


def is_absent(error: SourceError) -> bool:
    """MLflow says that a thing is not there. A 404 without its code is a missing endpoint, or no MLflow at all."""
    return error.kind is Failure.NOT_FOUND and error.code == ABSENT


def is_missing_endpoint(error: SourceError) -> bool:
    return error.kind is Failure.NOT_FOUND and error.code in {"", "ENDPOINT_NOT_FOUND"}


def gap_of(error: SourceError) -> Gap:
    """The gap that a part's failure leaves. Raises the error again where the rest cannot be read either."""
    if error.kind in _WHOLE or error.code == INVALID_HOST:
        raise error
    reason = Reason.UNAUTHORIZED if error.kind is Failure.FORBIDDEN else Reason.UNREACHABLE
    return Gap(reason.value, error.message)
