"""What people tell about their Prometheus: the options of the forms, and their answers read into a Setup. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from integrations.connectors.base import Option, OptionKind
from integrations.connectors.common.setup import distinct_lines
from integrations.connectors.prometheus.matchers import LABEL, METRIC, BadSelector, Selector, read_selector

TARGETS = "monitoring.service_targets"
ALERT_RULES = "monitoring.alert_rules"
DRIFT_RULES = "monitoring.drift_rules"
DATA_RULES = "monitoring.data_rules"
MODEL_METRICS = "monitoring.model_metrics"
UPTIME = "monitoring.uptime_30d"
COVERAGE = "monitoring.window_coverage_30d"
ACTIVE = "serving.active_versions_24h"
PARALLEL = "serving.parallel_version_days_90d"
RULE_SIGNALS = (ALERT_RULES, DRIFT_RULES, DATA_RULES)
SIGNALS = (TARGETS, *RULE_SIGNALS, MODEL_METRICS, UPTIME, COVERAGE, ACTIVE, PARALLEL)
# Needs a model registry too: the alerts go there as facts (RULINGS 7).
JOINED_SIGNALS = ("mlflow.drift_to_live_p50_h",)

DRIFT_WORDS = ("drift", "psi", "skew", "distribution", "quality", "accuracy", "auc", "mape")
DATA_WORDS = ("fresh", "stale", "lag", "late", "completeness", "missing", "null", "rowcount")
# More lines than these are another team's; each costs up to five questions.
MAX_LINES = 20

CONNECTION_OPTIONS = (
    Option(
        "token",
        "Access token",
        "Only where a proxy in front of Prometheus asks for one. Leave empty for an open server.",
        kind=OptionKind.SECRET,
    ),
    Option("username", "User name", "Only where the server or its proxy asks for user name and password."),
    Option("password", "Password", "The password of that user.", kind=OptionKind.SECRET),
)

SOURCE_OPTIONS = (
    Option(
        "services",
        "Services",
        'One service a line, by its labels as they stand on its targets: job="churn-api", or '
        'job="churn-api",env="prod".',
        kind=OptionKind.LIST,
        feeds=(TARGETS, UPTIME, COVERAGE),
    ),
    Option(
        "models",
        "Models",
        'One model a line, by the labels of its metrics: model="churn".',
        kind=OptionKind.LIST,
        feeds=(MODEL_METRICS, ACTIVE, PARALLEL),
    ),
    Option(
        "prediction_counter",
        "Prediction counter",
        "The metric that counts predictions, such as predictions_total.",
        feeds=(ACTIVE, PARALLEL),
        is_inner=True,
    ),
    Option(
        "version_label",
        "Label of the model version",
        "The label of that metric that holds the version of the model that answered.",
        feeds=(ACTIVE, PARALLEL),
        is_inner=True,
    ),
    Option(
        "rules",
        "Rules",
        'One line of labels, such as team="churn". While empty, rules belong to the team that carry the labels of its services '
        "or models, or whose expression names them.",
        kind=OptionKind.LIST,
    ),
    Option(
        "drift_words",
        "Words of drift rules",
        "One a line. A rule with one of these in its name or expression watches drift or quality.",
        kind=OptionKind.LIST,
        default="\n".join(DRIFT_WORDS),
        is_inner=True,
    ),
    Option(
        "data_words",
        "Words of data rules",
        "One a line. A rule with one of these in its name or expression watches the data.",
        kind=OptionKind.LIST,
        default="\n".join(DATA_WORDS),
        is_inner=True,
    ),
    Option(
        "availability",
        "Availability expression",
        "PromQL for one series from 0 (down) to 1 (up), such as max(probe_success). While empty, a service is up when at least "
        "one of its targets can be scraped.",
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the mapping; `selector` is None where it cannot be read, and `why` says what to write."""

    text: str
    selector: Selector | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """A mapping's answers. `counter` and `version_label` are "" where they are not told or no names; `why_not` says so."""

    services: tuple[Line, ...]
    models: tuple[Line, ...]
    rules: tuple[Line, ...]
    counter: str
    version_label: str
    drift_words: tuple[str, ...]
    data_words: tuple[str, ...]
    availability: str
    why_not: str = ""


def read_setup(options: Mapping[str, Any]) -> Setup:
    """The answers, with defaults for what was left empty. Blank and repeated lines fall away."""
    counter, label = _text(options, "prediction_counter"), _text(options, "version_label")
    why_not = ""
    if counter and not METRIC.fullmatch(counter):
        counter, why_not = "", f"{counter!r} is no name of a metric."
    if label and not LABEL.fullmatch(label):
        label, why_not = "", f"{label!r} is no name of a label."
    return Setup(
        services=_selectors(options, "services"),
        models=_selectors(options, "models"),
        rules=_selectors(options, "rules"),
        counter=counter,
        version_label=label,
        drift_words=distinct_lines(options, "drift_words") or DRIFT_WORDS,
        data_words=distinct_lines(options, "data_words") or DATA_WORDS,
        availability=_text(options, "availability"),
        why_not=why_not,
    )


def _selectors(options: Mapping[str, Any], name: str) -> tuple[Line, ...]:
    found = []
    for text in distinct_lines(options, name)[:MAX_LINES]:
        try:
            found.append(Line(text, read_selector(text)))
        except BadSelector as error:
            found.append(Line(text, None, str(error)))
    return tuple(found)


def _text(options: Mapping[str, Any], name: str) -> str:
    return str(options.get(name) or "").strip()
