"""Why a part could not be read. Pure."""

from __future__ import annotations

from integrations.connectors.http import SourceError


class Unread(Exception):
    """A part could not be read. `reason` is one of the vocabulary's reasons, `detail` a sentence for a person."""

    def __init__(self, reason: str, detail: str, cause: SourceError | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.cause = cause

    @property
    def status(self) -> int | None:
        return self.cause.status if self.cause else None
