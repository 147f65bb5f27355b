"""Where one team stands, all of its page in a fixed number of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from assessments.catalog.schema import Criterion, MaturityModelFile
from assessments.models import Assessment, MaturityModel, Score, TeamScore
from assessments.queries import catalog, words
from assessments.queries.changes import Move, newest_moves
from assessments.queries.facts import FactLine, chosen, facts_of
from assessments.queries.next_steps import NextStep, next_steps
from assessments.queries.signal_words import SIGNAL_GROUPS
from assessments.queries.team_state import UNTOUCHED, StatusLine, VerdictLine, statuses_of, verdicts_of
from teams.models import Team
from teams.queries.machines import Who, unnamed

# Asked for by name on the page: how much is made in notebooks.
NOTEBOOK_SIGNALS = (
    "repo.notebook_share",
    "mlflow.production_from_notebook_share",
    "mlflow.runs_from_notebook_share",
)
MS_COLUMN_WORDS = {
    "people": "People",
    "model_creation": "Model creation",
    "model_release": "Model release",
    "application_integration": "Application integration",
}


@dataclass(frozen=True, slots=True)
class Numbers:
    """verified <= level <= potential of something with a name; all None when nothing applies.

    `known` criteria say yes or no: with 0 there is no level to speak of. None where it was not counted.
    """

    id: str
    name: str
    verified: int | None
    level: int | None
    potential: int | None
    known: int | None = None

    @property
    def in_words(self) -> str:
        return words.three_words(self.verified, self.level, self.potential)


@dataclass(frozen=True, slots=True)
class CapabilityLine:
    id: str
    name: str
    state: str
    verified: int | None
    level: int | None
    potential: int | None
    known: int
    applicable: int
    has_dispute: bool
    has_stale: bool


@dataclass(frozen=True, slots=True)
class DimensionLine:
    numbers: Numbers
    known: int
    applicable: int
    is_holding_back: bool
    capabilities: tuple[CapabilityLine, ...]


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A criterion that signals speak about, with what they say."""

    id: str
    text: str
    level: int
    status: StatusLine
    verdict: VerdictLine


@dataclass(frozen=True, slots=True)
class SignalsSay:
    """Core criteria by what deciding rules say of them; `nothing_read` have a rule without a verdict, `no_rule` none."""

    confirmed: tuple[SignalLine, ...]
    refuted: tuple[SignalLine, ...]
    undecided: tuple[SignalLine, ...]
    hints: tuple[SignalLine, ...]
    nothing_read: tuple[Criterion, ...]
    no_rule: tuple[Criterion, ...]

    @property
    def left_to_people(self) -> int:
        return sum(map(len, (self.undecided, self.hints, self.nothing_read, self.no_rule)))


@dataclass(frozen=True, slots=True)
class Result:
    """The numbers of a team. `lead` is the answer in a sentence."""

    lead: str
    team: Numbers
    strict_level: int | None
    coverage: float | None
    is_provisional: bool
    is_reviewed: bool
    assessed_on: date | None
    as_of: datetime
    is_past_date: bool
    dimensions: tuple[DimensionLine, ...]
    phases: tuple[Numbers, ...]
    microsoft: tuple[Numbers, ...]
    microsoft_team: Numbers
    overlays: tuple[CapabilityLine, ...]
    disputes: tuple[tuple[str, str], ...]
    stale: int

    @property
    def all_hold_back(self) -> bool:
        """Then none is worth naming."""
        return all(line.is_holding_back for line in self.dimensions)

    @property
    def known(self) -> int:
        return sum(line.known for line in self.dimensions)

    @property
    def applicable(self) -> int:
        return sum(line.applicable for line in self.dimensions)


@dataclass(frozen=True, slots=True)
class FactGroup:
    name: str
    facts: tuple[FactLine, ...]

    @property
    def unknown(self) -> int:
        return sum(fact.unknown != "" for fact in self.facts)


@dataclass(frozen=True, slots=True)
class TeamPage:
    maturity_model: MaturityModel
    result: Result | None
    signals: SignalsSay
    notebook: tuple[FactLine, ...]
    notebook_missing: tuple[str, ...]
    facts: tuple[FactGroup, ...]
    steps: tuple[NextStep, ...]
    moves: tuple[Move, ...]
    open_assessment: Assessment | None
    published: tuple[Assessment, ...]


def team_page(team: Team, maturity_model: MaturityModel, as_of: date, *, who: Who = unnamed) -> TeamPage:
    """The whole page, with who acted as `who` words it. Eight queries, one less when no level ever moved."""
    model = catalog.model_file(maturity_model)
    slugs = catalog.rows(maturity_model).slugs
    statuses = {slugs[pk]: line for pk, line in statuses_of(team, maturity_model).items()}
    verdicts = {slugs[pk]: line for pk, line in verdicts_of(team, maturity_model, as_of).items()}
    facts = facts_of(team, as_of)
    score = TeamScore.objects.filter(team=team, maturity_model=maturity_model).first()
    lines = _capability_lines(team, maturity_model)
    assessments = list(
        Assessment.objects.filter(team=team, maturity_model=maturity_model).order_by("-created_at", "-pk")[:6]
    )
    result = _result(model, score, lines, statuses, as_of) if score is not None else None
    holding_back = (
        frozenset(d.numbers.id for d in result.dimensions if d.is_holding_back) if result else frozenset()
    )
    return TeamPage(
        maturity_model=maturity_model,
        result=result,
        signals=signals_say(model, statuses, verdicts),
        notebook=chosen(facts, NOTEBOOK_SIGNALS),
        notebook_missing=tuple(words.signal_phrase(name) for name in NOTEBOOK_SIGNALS if name not in facts),
        facts=fact_groups(facts),
        steps=next_steps(
            model,
            catalog.plan(maturity_model),
            statuses,
            {name: line.level for name, line in lines.items()},
            holding_back,
        ),
        moves=newest_moves(team, maturity_model, who=who),
        open_assessment=next((a for a in assessments if a.status < Assessment.Status.PUBLISHED), None),
        published=tuple(a for a in assessments if a.status >= Assessment.Status.PUBLISHED),
    )


def signals_say(
    model: MaturityModelFile, statuses: Mapping[str, StatusLine], verdicts: Mapping[str, VerdictLine]
) -> SignalsSay:
    """Every core criterion once: confirmed, refuted, or left to people for one of four reasons."""
    sorted_by: dict[str, list[SignalLine]] = {"yes": [], "no": [], "unknown": [], "hint": []}
    no_rule: list[Criterion] = []
    nothing_read: list[Criterion] = []
    for criterion in (
        c for capability in model.capabilities if capability.in_rollup for c in capability.criteria
    ):
        verdict = verdicts.get(criterion.id)
        if criterion.auto is None:
            no_rule.append(criterion)
        elif verdict is None:
            nothing_read.append(criterion)
        else:
            kind = verdict.verdict if verdict.is_deciding else "hint"
            sorted_by[kind].append(_signal_line(criterion, statuses, verdict))
    return SignalsSay(
        confirmed=tuple(sorted_by["yes"]),
        refuted=tuple(sorted_by["no"]),
        undecided=tuple(sorted_by["unknown"]),
        hints=tuple(sorted_by["hint"]),
        nothing_read=tuple(nothing_read),
        no_rule=tuple(no_rule),
    )


def _signal_line(
    criterion: Criterion, statuses: Mapping[str, StatusLine], verdict: VerdictLine
) -> SignalLine:
    return SignalLine(
        criterion.id, criterion.text, criterion.level, statuses.get(criterion.id, UNTOUCHED), verdict
    )


def fact_groups(facts: Mapping[str, tuple[FactLine, ...]]) -> tuple[FactGroup, ...]:
    """All facts by the kind of system that they speak of, groups without facts left out."""
    groups = (
        FactGroup(
            name,
            tuple(f for signal, lines in facts.items() if signal.partition(".")[0] == prefix for f in lines),
        )
        for prefix, name in SIGNAL_GROUPS.items()
    )
    return tuple(group for group in groups if group.facts)


def _capability_lines(team: Team, maturity_model: MaturityModel) -> dict[str, CapabilityLine]:
    return {
        row["capability__slug"]: CapabilityLine(
            id=row["capability__slug"],
            name=row["capability__name"],
            **{key: row[key] for key in _SCORE_FIELDS},
        )
        for row in Score.objects.filter(team=team, capability__maturity_model=maturity_model)
        .order_by("capability__position")
        .values("capability__slug", "capability__name", *_SCORE_FIELDS)
    }


_SCORE_FIELDS = ("state", "verified", "level", "potential", "known", "applicable", "has_dispute", "has_stale")


def _result(
    model: MaturityModelFile,
    score: TeamScore,
    lines: Mapping[str, CapabilityLine],
    statuses: Mapping[str, StatusLine],
    as_of: date,
) -> Result:
    rollups: dict[str, Any] = orjson.loads(score.rollups)
    dimensions = _dimension_lines(model, rollups, lines)
    texts = {c.id: c.text for c in model.criteria()}
    by_phase, by_column = _known(model, statuses)
    return Result(
        lead=lead_sentence(score, dimensions),
        team=Numbers("team", "Team", score.verified, score.level, score.potential),
        strict_level=score.strict_level,
        coverage=float(score.coverage) if score.coverage is not None else None,
        is_provisional=score.is_provisional,
        is_reviewed=score.is_reviewed,
        assessed_on=score.assessed_on,
        as_of=score.as_of,
        is_past_date=score.valid_until is not None and score.valid_until < as_of,
        dimensions=dimensions,
        phases=tuple(
            _numbers(p.id, p.id.capitalize(), rollups["phases"][p.id], by_phase[p.id]) for p in model.phases
        ),
        microsoft=tuple(
            _numbers(column, MS_COLUMN_WORDS.get(column, column), three, by_column[column])
            for column, three in rollups["microsoft"].items()
            if column != "team"
        ),
        microsoft_team=_numbers("team", "Team", rollups["microsoft"]["team"], by_column.total()),
        overlays=tuple(lines[c.id] for c in model.capabilities if not c.in_rollup and c.id in lines),
        disputes=tuple((name, texts[name]) for name, line in statuses.items() if line.is_disputed),
        stale=sum("signal_stale" in line.flags for line in statuses.values()),
    )


def _numbers(key: str, name: str, three: Sequence[int | None], known: int) -> Numbers:
    verified, level, potential = three
    return Numbers(key, name, verified, level, potential, known)


def _known(model: MaturityModelFile, statuses: Mapping[str, StatusLine]) -> tuple[Counter[str], Counter[str]]:
    """How many core criteria say yes or no: by phase, and by column of the Microsoft view."""
    by_phase: Counter[str] = Counter()
    by_column: Counter[str] = Counter()
    for capability in model.capabilities:
        for criterion in capability.criteria if capability.in_rollup else ():
            if statuses.get(criterion.id, UNTOUCHED).status in {"yes", "no"}:
                by_phase[criterion.phase] += 1
                by_column[capability.ms_column] += criterion.basis in {"seed", "microsoft"}
    return by_phase, by_column


def _dimension_lines(
    model: MaturityModelFile, rollups: Mapping[str, Any], lines: Mapping[str, CapabilityLine]
) -> tuple[DimensionLine, ...]:
    found = []
    for dimension in model.dimensions:
        inside = tuple(
            lines[c.id]
            for c in model.capabilities
            if c.in_rollup and c.dimension == dimension.id and c.id in lines
        )
        found.append(
            DimensionLine(
                numbers=Numbers(dimension.id, dimension.name, *rollups["dimensions"][dimension.id]),
                known=sum(line.known for line in inside),
                applicable=sum(line.applicable for line in inside),
                is_holding_back=dimension.id in rollups["holding_back"],
                capabilities=inside,
            )
        )
    return tuple(found)


def lead_sentence(score: TeamScore, dimensions: tuple[DimensionLine, ...]) -> str:
    """The answer in a sentence or two: the level, what holds it there, what could come of it."""
    if score.level is None:
        return "Nothing of the maturity model applies to this team."
    held = [d for d in dimensions if d.is_holding_back]
    names = words.list_words([d.numbers.name for d in held])
    open_questions = sum(d.applicable - d.known for d in held)
    text = f"Level {score.level}, verified {score.verified}, up to {score.potential}."
    if held and len(held) < len(dimensions):
        text += f" {names} {'holds' if len(held) == 1 else 'hold'} the team there"
        reach = min(
            (d.numbers.potential for d in held if d.numbers.potential is not None), default=score.level
        )
        if reach > score.level and open_questions:
            text += f" and could be {reach}, with {words.count_words(open_questions, 'criterion', 'criteria')} still open"
        text += "."
    return text
