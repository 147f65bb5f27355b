"""What "Test connection" sees: the server, jobs and models to choose from, and what it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from integrations.connectors.base import Found
from integrations.connectors.common.gaps import Gap
from integrations.connectors.http import SourceError
from integrations.connectors.prometheus.matchers import LABEL, quoted
from integrations.connectors.prometheus.options import JOINED_SIGNALS, RULE_SIGNALS, SIGNALS
from integrations.connectors.prometheus.reader import Reader, gap_of
from integrations.connectors.prometheus.window import covers

# Labels that usually name a model, or the version of one.
MODEL_LABELS = ("model", "model_name")
VERSION_LABELS = ("model_version", "version")
COUNTER_WORDS = ("predict", "inference", "score")
MOST_CHOICES = 100

QUERIES, RULES = "Queries and labels", "Rules"
# Prometheus knows no permissions; a proxy in front of it may let only a part through. The signals that stay unknown then:
# proven in tests/integrations/connectors/test_doctor.py.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    QUERIES: (*(name for name in SIGNALS if name not in RULE_SIGNALS), *JOINED_SIGNALS),
    RULES: (*RULE_SIGNALS, *JOINED_SIGNALS),
}


def look_round(reader: Reader) -> Found:
    """What is there, within a few small questions. Raises SourceError when Prometheus as a whole cannot be read."""
    version, runtime = reader.version(), reader.runtime()
    missing: dict[str, tuple[str, ...]] = {}
    notes: list[str] = []
    jobs = _list(lambda: reader.label_values("job"))
    labels = _list(reader.label_names)
    metrics = _list(lambda: reader.label_values("__name__"))
    rules = _list(lambda: sorted({rule.name for rule in reader.rules()}))
    reader.raise_if_silent()
    if isinstance(jobs, Gap):
        missing[QUERIES] = PERMISSIONS[QUERIES]
        notes.append(jobs.detail)
    elif not jobs:
        notes.append("No job is visible: nothing is scraped here yet.")
    if isinstance(rules, Gap):
        missing[RULES] = PERMISSIONS[RULES]
        notes.append(rules.detail)
    elif not rules:
        notes.append("The server evaluates no rule." if runtime.is_told else "The server lists no rule.")
    if runtime.retention is None:
        notes.append("The server does not tell how long it keeps data.")
    elif not covers(runtime.retention, 90):
        notes.append(
            f"It keeps data for {runtime.retention.days} days: what looks back further is unknown or a lower bound."
        )
    names = labels if isinstance(labels, list) else []
    return Found(
        identity=f"Prometheus {version}" if version else "Prometheus (the server does not tell its version)",
        choices={
            "services": [f"job={quoted(job)}" for job in _first(jobs)],
            "models": _models(reader, names),
            "prediction_counter": _counters(metrics),
            "version_label": [label for label in VERSION_LABELS if label in names],
        },
        missing=missing,
        notes=tuple(notes),
    )


def _models(reader: Reader, labels: Sequence[str]) -> list[str]:
    found: list[str] = []
    for label in MODEL_LABELS:
        if label in labels and LABEL.fullmatch(label):
            values = _list(lambda label=label: reader.label_values(label))  # type: ignore[misc] # a default binds the name now
            found += [f"{label}={quoted(value)}" for value in _first(values)]
    return found


def _counters(metrics: list[str] | Gap) -> list[str]:
    every = metrics if isinstance(metrics, list) else []
    return [
        name for name in every if name.endswith("_total") and any(word in name for word in COUNTER_WORDS)
    ][:MOST_CHOICES]


def _first(found: list[str] | Gap) -> list[str]:
    return sorted(found)[:MOST_CHOICES] if isinstance(found, list) else []


def _list(ask: Callable[[], list[str]]) -> list[str] | Gap:
    try:
        return ask()
    except SourceError as error:
        return gap_of(error, "endpoint for this", absent=frozenset({400, 404, 405, 501}))
