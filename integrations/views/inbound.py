"""Where systems say that something happened. Answers at once: the database is asked, the broker is not."""

from __future__ import annotations

from http import HTTPStatus

import structlog
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.models import InboundDelivery
from integrations.queries.inbound import outcome_words
from integrations.services.inbound import Received, receive
from mlops_portal.lib.secrets import CannotDecrypt

log = structlog.get_logger(__name__)

JSON = "application/json"
RETRY_SECONDS = 60
# A sender that is told off stops sending (GitLab does after four times), so what is merely not wanted is taken with thanks.
STATUSES = {
    InboundDelivery.Outcome.PING: HTTPStatus.OK,
    InboundDelivery.Outcome.UNREADABLE: HTTPStatus.BAD_REQUEST,
}


@csrf_exempt
@login_not_required
@require_POST
def hook_receive(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """202 for a hint, wanted or not; 200 for a repetition or a test; 401 for what is not signed, whatever the address.

    415 for another form than JSON and 413 for more than 1 MiB are said before anything is read or looked up.
    """
    if request.content_type != JSON:
        return _say(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"Choose {JSON} as the content type of the webhook.")
    try:
        body = request.body
    except RequestDataTooBig:
        return _say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The delivery is larger than 1 MiB; it is not read.")
    except UnreadablePostError:
        return _say(HTTPStatus.BAD_REQUEST, "The delivery broke off.")
    try:
        received = receive(kind=kind, key=key, headers=request.headers, body=body, at=timezone.now())
    except (CannotDecrypt, OperationalError) as error:
        return _later(error)
    if received is None:
        return _say(
            HTTPStatus.UNAUTHORIZED,
            "There is no webhook at this address, or the delivery is not signed with its secret.",
        )
    return _say(_status(received), outcome_words(received.outcome))


def _status(received: Received) -> HTTPStatus:
    return HTTPStatus.OK if received.is_repeated else STATUSES.get(received.outcome, HTTPStatus.ACCEPTED)


def _say(status: HTTPStatus, detail: str) -> HttpResponse:
    answer = JsonResponse({"detail": detail}, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _later(error: CannotDecrypt | OperationalError) -> HttpResponse:
    """503: what the delivery says cannot be judged now, so it is not believed and not lost."""
    if isinstance(error, CannotDecrypt):
        log.error("webhook_secret_does_not_open", error=str(error))
        detail = "The portal cannot open the secret of this webhook at this moment. Nothing was stored."
    else:
        log.warning("webhook_not_stored", error=type(error).__name__)
        detail = "The portal cannot reach its database just now. Nothing was stored."
    answer = _say(HTTPStatus.SERVICE_UNAVAILABLE, detail)
    answer["Retry-After"] = str(RETRY_SECONDS)
    return answer
