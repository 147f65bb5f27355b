"""Facts of drift alerts: when one began. What answered it is known to a model registry alone (RULINGS 7)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from integrations.connectors.base import Fact, FactKind
from integrations.connectors.common.gaps import Gap
from integrations.connectors.http import SourceError
from integrations.connectors.prometheus.matchers import NAME_LABEL, Selector, one_of
from integrations.connectors.prometheus.payload import Labels, Series
from integrations.connectors.prometheus.reader import Reader, gap_of
from integrations.connectors.prometheus.rule_signals import TeamRules
from integrations.connectors.prometheus.window import DAY, Window

STEP = 900
# Facts are kept by the portal; this bridges collections that failed. Fewer points than any server's limit of 11,000.
LOOK_BACK_DAYS = 14
# An alert that comes back within this time is the same alert.
SAME = DAY
MAX_NAMES = 50


def ask_drift_alerts(
    team: TeamRules | Gap, reader: Reader, window: Window, *, url: str
) -> tuple[Fact, ...] | Gap:
    """When each of the team's drift alerts began. Raises SourceError when nothing can be read any more."""
    if isinstance(team, Gap):
        return ()
    names = sorted({rule.name for rule in team.drift if rule.is_alerting})[:MAX_NAMES]
    if not names:
        return ()
    labels = sorted({label for selector in team.selectors for label in selector.labels} - {NAME_LABEL})
    by = ", ".join(("alertname", *(label for label in labels if label != "alertname")))
    alerts = f'ALERTS{{alertstate="firing",alertname=~{one_of(names)}}}'
    # On marks of its own, so that the same alert has the same start in every collection.
    end = window.now // STEP * STEP
    start = end - LOOK_BACK_DAYS * DAY
    try:
        found = reader.query_range(
            f"max by ({by}) (max_over_time({alerts}[15m]))", start=start, end=end, step=STEP
        )
    except SourceError as error:
        return gap_of(error, "endpoint for ranges of time")
    own = [series for series in found if _is_own(series.labels, team.selectors)]
    return tuple(_fact(name, at, url) for name in names for at in _starts(name, own, start))


def _starts(name: str, found: Iterable[Series], start: int) -> list[int]:
    """Moments from which an alert fired after a day of silence. Silence before the first moment asked about is not known."""
    firing = sorted(
        {int(at) for series in found if series.labels.get("alertname") == name for at, _ in series.points}
    )
    before = [start, *firing]
    return [at for earlier, at in zip(before, firing, strict=False) if at - earlier > SAME]


def _is_own(labels: Labels, selectors: Sequence[Selector]) -> bool:
    """Two teams may call a rule by one name: an alert that says otherwise in one of the labels is not the team's."""
    matchers = [matcher for selector in selectors for matcher in selector.matchers]
    for label, value in labels.items():
        verdicts = [matcher.fits(value) for matcher in matchers if matcher.label == label]
        if value and verdicts and all(verdict is False for verdict in verdicts):
            return False
    return True


def _fact(name: str, at: int, url: str) -> Fact:
    return Fact(FactKind.ALERT, f"{at}/{name}", datetime.fromtimestamp(at, UTC), url=url)
