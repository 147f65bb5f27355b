"""Asks one system within a budget and turns what cannot be read into a reason."""

from __future__ import annotations

from integrations.connectors.common.unread import Unread
from integrations.connectors.http import Failure, Http, Params, Reply, SourceError

# Hosts allow a credential that people use too some thousands of requests an hour, and a collection has five minutes.
BUDGET = 1_000
# After this many failures of the line in a row the system is down; asking on would only keep the worker busy.
MAX_LINE_FAILURES = 3

# Failures of the system or of the credential as a whole: no signal of this collection can be trusted to be complete.
_WHOLE = frozenset({Failure.RATE_LIMITED, Failure.UNAUTHORIZED, Failure.BLOCKED, Failure.TLS})
_REFUSED = frozenset({Failure.FORBIDDEN, Failure.NOT_FOUND})


__all__ = ["BUDGET", "MAX_LINE_FAILURES", "Asker", "Params"]


class Asker:
    """Asks within a budget. Raises SourceError when going on is pointless, Unread when one part cannot be had.

    `system` is the host's name in sentences for people.
    """

    def __init__(self, http: Http, system: str, budget: int = BUDGET) -> None:
        self._http = http
        self._system = system
        self._left = budget
        self._line_failures = 0

    def get(self, path: str, params: Params | None = None, *, is_kept: bool = False) -> Reply:
        """One answer. A refused or absent thing, a line failure and a spent budget are Unread; see `_WHOLE` for the rest.

        `is_kept`: it names no people and seldom changes, so it may be kept with its ETag.
        """
        if self._left <= 0:
            raise Unread("truncated", "The number of questions that one collection may ask was used up.")
        self._left -= 1
        try:
            reply = self._ask(path, params, is_kept=is_kept)
        except SourceError as error:
            raise self._unread(error) from error
        self._line_failures = 0
        return reply

    @property
    def is_spent(self) -> bool:
        """Whether no further question may be asked."""
        return self._left <= 0

    def _ask(self, path: str, params: Params | None, *, is_kept: bool) -> Reply:
        try:
            return self._http.get(path, params, is_kept=is_kept)
        except SourceError as error:
            # A gateway that drops one of several hundred answers is ordinary; a second time it is down.
            if error.kind is not Failure.UNAVAILABLE or self._left <= 0:
                raise
            self._left -= 1
            return self._http.get(path, params, is_kept=is_kept)

    def _unread(self, error: SourceError) -> Unread:
        if error.kind in _WHOLE:
            raise error
        if error.kind in _REFUSED:
            self._line_failures = 0
            return Unread(
                "unauthorized", f"{self._system} does not show this to the credential: {error.message}", error
            )
        if error.kind in {Failure.UNREACHABLE, Failure.UNAVAILABLE}:
            self._line_failures += 1
            if self._line_failures >= MAX_LINE_FAILURES:
                raise error
        return Unread("unreachable", error.message, error)
