"""What made-up teams say of themselves: with a bias, with gaps, with "does not apply", with some evidence."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from assessments.catalog.schema import Capability, Criterion, MaturityModelFile
from mlops_portal.demo.plots import Team
from mlops_portal.demo.stream import stream

# Answers of this age are given again, before they lapse after a year.
RENEW_AFTER = timedelta(days=270)
TOUCHED_SHARE = 0.35
UNKNOWN_SHARE = 0.03
WRITTEN_KINDS = frozenset({"attestation", "meeting_record"})
REASONS = {
    "no_application": "We hand over predictions; there is no application of ours.",
    "batch_only": "All our predictions are made in nightly batches.",
    "pretrained_only": "We use bought models and train none.",
    "no_people_impact": "Our predictions are about parts and routes, never about people.",
    "no_outcomes": "Nobody ever learns what the true outcome was.",
    "on_device": "Our models run on devices in the field that report nothing.",
}


@dataclass(frozen=True, slots=True)
class Said:
    value: str
    reason: str
    answered_on: date


@dataclass(frozen=True, slots=True)
class Proof:
    """A piece of evidence for some criteria of one capability."""

    criteria: tuple[str, ...]
    form: str
    kind: str
    title: str
    url: str
    text: str
    collected_on: date
    valid_until: date


@dataclass(frozen=True, slots=True)
class Submission:
    """One published assessment: what was answered anew, with new evidence."""

    published_on: date
    answers: dict[str, Said]
    evidence: tuple[Proof, ...]


def submit(
    team: Team,
    model: MaturityModelFile,
    levels: Mapping[str, float],
    before: Mapping[str, Said],
    *,
    on: date,
    number: int,
) -> Submission:
    """The assessment that the team publishes on this day; the first one answers everything it answers at all."""
    chance = stream(team.seed, "answers", team.index, number)
    valid_days = {kind.id: kind.valid_days for kind in model.evidence_kinds}
    # One workshop day and one day of collecting per assessment: what is said together lapses together.
    answered_on = on - timedelta(days=chance.randrange(0, 12))
    collected_on = answered_on - timedelta(days=chance.randrange(1, 20))
    answers: dict[str, Said] = {}
    evidence: list[Proof] = []
    for capability in model.capabilities:
        if capability.overlay:
            continue
        is_touched = not before or chance.random() < TOUCHED_SHARE
        said = _answer(
            team, capability, levels[capability.id], before, chance, on=answered_on, is_touched=is_touched
        )
        answers.update(said)
        if is_touched:
            evidence.extend(_prove(team, capability, said, valid_days, chance, on=collected_on))
    return Submission(on, answers, tuple(evidence))


def _answer(
    team: Team,
    capability: Capability,
    level: float,
    before: Mapping[str, Said],
    chance: random.Random,
    *,
    on: date,
    is_touched: bool,
) -> dict[str, Said]:
    answers: dict[str, Said] = {}
    for criterion in capability.criteria:
        # Drawn whether used or not, so that one skipped answer does not move the next.
        skips, forgets = chance.random(), chance.random()
        known = before.get(criterion.id)
        is_due = known is not None and on - known.answered_on > RENEW_AFTER
        if not is_touched and not is_due:
            continue
        if known is None and skips > team.answered_share:
            continue
        value, reason = _opinion(team, criterion, level, forgets)
        answers[criterion.id] = Said(value, reason, on)
    return answers


def _opinion(team: Team, criterion: Criterion, level: float, forgets: float) -> tuple[str, str]:
    for flag in criterion.na_when:
        if flag in team.flags:
            return "na", REASONS[flag]
    if forgets < UNKNOWN_SHARE:
        return "unknown", ""
    believed = level + team.bias + team.lean[criterion.id]
    return ("yes" if believed >= criterion.level - 0.4 else "no"), ""


def _prove(
    team: Team,
    capability: Capability,
    said: Mapping[str, Said],
    valid_days: Mapping[str, int],
    chance: random.Random,
    *,
    on: date,
) -> list[Proof]:
    """One piece for the claims of each kind, where the team bothers."""
    by_kind: dict[str, list[str]] = {}
    for criterion in capability.criteria:
        bothers = chance.random() < team.evidence_share
        if criterion.id in said and said[criterion.id].value == "yes" and criterion.evidence and bothers:
            by_kind.setdefault(criterion.evidence[0], []).append(criterion.id)
    proofs = []
    for kind, criteria in by_kind.items():
        is_note = kind in WRITTEN_KINDS
        proofs.append(
            Proof(
                tuple(criteria),
                "note" if is_note else "link",
                kind,
                f"{capability.name}: {kind.replace('_', ' ')}"[:200],
                "" if is_note else f"https://git.example.org/team-{team.index + 1}/{capability.id}",
                "Agreed in the team meeting; the minutes are kept with the project." if is_note else "",
                on,
                on + timedelta(days=valid_days[kind]),
            )
        )
    return proofs
