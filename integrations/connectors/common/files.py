"""One file of a repository at any host: its bytes, and why it could not be had. Pure."""

from __future__ import annotations

import base64
import binascii

from integrations.connectors.common.payload import Row, text
from integrations.connectors.common.unread import Unread
from integrations.connectors.failures import Failure, SourceError


def decoded(answer: Row) -> bytes:
    """The bytes of a file that is sent in base64. Raises SourceError: an answer without them is no empty file."""
    if text(answer, "encoding") != "base64" or not isinstance(answer.get("content"), str):
        raise SourceError(Failure.BAD_PAYLOAD, "The file was not sent in a form that can be read.")
    try:
        return base64.b64decode("".join(text(answer, "content").split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SourceError(Failure.BAD_PAYLOAD, "The content of the file could not be read.") from error


def failure_of_gap(gap: Unread) -> SourceError:
    """What broke the reading of a file off: a file that could not be had is never one that is not there."""
    return gap.cause or SourceError(Failure.BAD_PAYLOAD, gap.detail)
