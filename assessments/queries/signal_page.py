"""The history of one signal of one team: what every source said, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from assessments.catalog.schema import MaturityModelFile, SignalText
from assessments.models import Measurement
from assessments.queries import words
from assessments.queries.capability_page import signals_of
from assessments.queries.facts import FactLine, facts_of, sample_words
from assessments.queries.readings import typed_value
from assessments.vocabulary import Signal
from teams.models import Team

# More than two readings a week for two years; older ones are in the API.
_SHOWN = 200


@dataclass(frozen=True, slots=True)
class MeasurementLine:
    observed_at: datetime
    value: str
    unknown: str
    sample: str
    source: str
    url: str
    detail: str


@dataclass(frozen=True, slots=True)
class SignalPage:
    """`standing` is where each source stands now; `read_by` are criteria whose rules read the signal."""

    signal: Signal
    text: SignalText | None
    what: str
    window: str
    reasons: tuple[str, ...]
    standing: tuple[FactLine, ...]
    measurements: tuple[MeasurementLine, ...]
    read_by: tuple[tuple[str, str], ...]


def signal_page(team: Team, model: MaturityModelFile, signal: Signal, as_of: date) -> SignalPage:
    """The whole page in two queries."""
    rows = Measurement.objects.filter(team=team, signal=signal.id).order_by("-observed_at", "-pk")[:_SHOWN]
    return SignalPage(
        signal=signal,
        text=next((text for text in model.signals if text.id == signal.id), None),
        what=words.signal_phrase(signal.id),
        window=words.window_words(signal.id),
        reasons=tuple(words.reason_words(reason) for reason in sorted(signal.reasons)),
        standing=facts_of(team, as_of, [signal.id]).get(signal.id, ()),
        measurements=tuple(_line(row) for row in rows),
        read_by=tuple((c.id, c.text) for c in model.criteria() if signal.id in signals_of(c)),
    )


def _line(row: Measurement) -> MeasurementLine:
    return MeasurementLine(
        observed_at=row.observed_at,
        value=words.value_words(row.signal, typed_value(row), row.bound),
        unknown=words.reason_words(row.reason) if row.reason else "",
        sample=sample_words(row),
        source=words.source_words(row.source, row.url),
        url=row.url,
        detail=row.detail,
    )
