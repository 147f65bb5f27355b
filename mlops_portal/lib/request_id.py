"""Every answer says which request it belongs to: `X-Request-ID`, the sender's own where it gave a usable one."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# Longer or other text would end up in logs and in the event log as it stands.
_USABLE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_KEY = "HTTP_X_REQUEST_ID"


class RequestId:
    """Stands first: what comes later (logs, problem bodies, the event log) reads the id from the header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get(_KEY, "")
        if not _USABLE.fullmatch(given):
            request.META[_KEY] = uuid.uuid4().hex
        response = self._get_response(request)
        response["X-Request-ID"] = request.META[_KEY]
        return response
