"""Signals of alerting and recording rules: which are the team's, and what their names and expressions watch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assessments.vocabulary import Reason
from integrations.connectors.base import Observation
from integrations.connectors.common.gaps import Gap, count, unknown
from integrations.connectors.http import SourceError
from integrations.connectors.prometheus.expressions import is_about, without_values
from integrations.connectors.prometheus.matchers import Selector, fit_labels
from integrations.connectors.prometheus.observe import no_series
from integrations.connectors.prometheus.options import (
    ALERT_RULES,
    DATA_RULES,
    DRIFT_RULES,
    RULE_SIGNALS,
    Line,
    Setup,
)
from integrations.connectors.prometheus.payload import Rule
from integrations.connectors.prometheus.reader import Reader, Runtime, gap_of
from integrations.connectors.prometheus.window import Window

NOTHING_NAMED = Gap(Reason.NOT_CONFIGURED.value, "No service, model or rule is named in the mapping.")

# So a server that has just started would have no rule at all.
NOT_EVALUATED = Gap(Reason.UNREACHABLE.value, "A rule of the team has not been evaluated yet.")


@dataclass(frozen=True, slots=True)
class TeamRules:
    """The team's healthy rules, and why one may be missing. `selectors` are what they were chosen by."""

    rules: tuple[Rule, ...]
    gaps: tuple[Gap, ...]
    selectors: tuple[Selector, ...]
    drift_words: tuple[str, ...]
    data_words: tuple[str, ...]

    @property
    def alerting(self) -> list[Rule]:
        return [rule for rule in self.rules if rule.is_alerting]

    @property
    def drift(self) -> list[Rule]:
        return [rule for rule in self.rules if self._speaks_of(rule, self.drift_words)]

    @property
    def data(self) -> list[Rule]:
        return [rule for rule in self.rules if self._speaks_of(rule, self.data_words)]

    def _speaks_of(self, rule: Rule, words: Sequence[str]) -> bool:
        values = (matcher.value for selector in self.selectors for matcher in selector.matchers)
        text = f"{rule.name} {without_values(rule.query, values)}".lower()
        return any(word.lower() in text for word in words)


def ask_rules(setup: Setup, reader: Reader, runtime: Runtime, window: Window) -> TeamRules | Gap:
    """The team's rules. Raises SourceError when nothing can be read any more."""
    lines = setup.rules or (*setup.services, *setup.models)
    if not lines:
        return NOTHING_NAMED
    try:
        listed = reader.rules()
    except SourceError as error:
        # Nothing is asked for, so a 400 is no fault of the question.
        return gap_of(error, "endpoint for rules", absent=frozenset({400, 404, 405, 501}))
    if not listed and not runtime.is_told:
        words = "This server lists no rule at all and is no Prometheus; its rules may be kept elsewhere."
        return Gap(Reason.UNSUPPORTED.value, words)
    gaps: list[Gap] = []
    found: dict[int, Rule] = {}
    for line in lines:
        chosen = {
            number: rule
            for number, rule in enumerate(listed)
            if line.selector is not None and _belongs(rule, line.selector)
        }
        found |= chosen
        if not chosen:
            gaps += _unproven(line, reader, window, is_of_rules=bool(setup.rules))
    if any(rule.health == "unknown" for rule in found.values()):
        gaps.append(NOT_EVALUATED)
    return TeamRules(
        rules=tuple(rule for _, rule in sorted(found.items()) if rule.health == "ok"),
        gaps=tuple(gaps),
        selectors=tuple(line.selector for line in lines if line.selector is not None),
        drift_words=setup.drift_words,
        data_words=setup.data_words,
    )


def observe_rules(team: TeamRules | Gap, *, url: str) -> list[Observation]:
    """One observation for each of RULE_SIGNALS."""
    if isinstance(team, Gap):
        return [unknown(signal, team, url=url) for signal in RULE_SIGNALS]
    by_signal = {ALERT_RULES: team.alerting, DRIFT_RULES: team.drift, DATA_RULES: team.data}
    return [
        count(signal, len(rules), team.gaps, url=url, detail=_names(rules))
        for signal, rules in by_signal.items()
    ]


def _belongs(rule: Rule, selector: Selector) -> bool:
    return fit_labels(selector, rule.labels) or is_about(rule.query, selector)


def _unproven(line: Line, reader: Reader, window: Window, *, is_of_rules: bool) -> list[Gap]:
    """No rule for a line is a finding only where the line means something: else it may be misspelt."""
    if line.selector is None or is_of_rules:
        words = line.why or f"No rule carries or names {line.text}."
        return [Gap(Reason.SELECTOR_MATCHES_NOTHING.value, words)]
    try:
        is_there = reader.series(line.selector.any_metric, start=window.days_ago(1), end=window.now)
    except SourceError as error:
        return [gap_of(error)]
    return [] if is_there else [no_series(line)]


def _names(rules: Sequence[Rule]) -> str:
    names = list(dict.fromkeys(rule.name for rule in rules))
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{', '.join(names[:5])}{more}." if names else ""
