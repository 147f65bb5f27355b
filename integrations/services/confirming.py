"""A person says that a drop is right: what was held counts from now on."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from assessments.services.measurements import Confirmed, confirm_readings
from integrations.models import Source
from integrations.services.sources import EDIT, SourceGone
from teams.models import User
from teams.services.events import record_event
from teams.services.refusal import check_right


def confirm_drop(*, source: Source, seen: Collection[int], by: User | None, at: datetime) -> Confirmed:
    """What of the `seen` measurements was held and counts from now on. Raises NotAllowed, SourceGone."""
    check_right(by, EDIT, source.team)
    with transaction.atomic():
        row = (
            Source.objects.select_for_update(of=("self",))
            .filter(pk=source.pk, removed_at__isnull=True, connection__removed_at__isnull=True)
            .first()
        )
        if row is None:
            raise SourceGone("This mapping was removed.")
        confirmed = confirm_readings(
            team=source.team,
            source=source.connection.measurement_source,
            seen=seen,
            at=at,
            by_name=str(by) if by is not None else "",
        )
        if confirmed.signals:
            record_event(
                at=at,
                by=by,
                action="source.confirm_drop",
                obj=row,
                team=source.team,
                after={"signals": list(confirmed.signals)},
            )
    return confirmed
