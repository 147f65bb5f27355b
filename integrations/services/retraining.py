"""From a drift alert to a version that was trained after it and went live: worked out of small facts of two systems."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from assessments.services.measurements import Observed
from assessments.vocabulary import Reason
from integrations.models import SourceFact

TO_LIVE = "mlflow.drift_to_live_p50_h"
HOUR = timedelta(hours=1)


def drift_to_live(*, alerts: Sequence[SourceFact], versions: Sequence[SourceFact], at: datetime) -> Observed:
    """The median over the alerts. One that nothing has answered yet counts with its age, so that the median is a lower bound.

    Left out is an alert whose answer was live before anybody looked: when it went live is not known.
    """
    models = {version.key.rpartition("/")[0] for version in versions}
    if len(models) > 1:
        detail = f"The team has {len(models)} models, and an alert does not say which one it is about."
        return Observed(TO_LIVE, None, at, reason=Reason.UNSUPPORTED.value, detail=detail)
    hours: list[float] = []
    unanswered = 0
    for alert in alerts:
        answers = [v for v in versions if v.started_at is not None and v.started_at > alert.happened_at]
        if any(version.is_live and version.live_since_at is None for version in answers):
            continue
        seen = [version.live_since_at for version in answers if version.live_since_at is not None]
        if seen:
            hours.append(round((min(seen) - alert.happened_at) / HOUR, 2))
        else:
            unanswered += 1
            # Whole hours, or every collection would write another value.
            hours.append((at - alert.happened_at) // HOUR)
    if not hours:
        return Observed(
            TO_LIVE,
            None,
            at,
            reason=Reason.INSUFFICIENT_SAMPLE.value,
            sample=0,
            detail="No drift alert began since both systems are read.",
        )
    answered = len(hours) - unanswered
    return Observed(
        TO_LIVE,
        float(median(hours)),
        at,
        bound="lower" if unanswered else "exact",
        sample=len(hours),
        detail=f"{answered} of {len(hours)} drift alerts were answered by a version that was trained after them.",
    )
