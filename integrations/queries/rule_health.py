"""Health of the rules themselves: which never ran, never or always pass, or flip. Figures of three teams and more only."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from assessments.catalog.schema import Criterion
from assessments.models import Verdict, VerdictChange
from assessments.queries import catalog
from assessments.queries.capability_page import signals_of
from assessments.rules import Comparison, Rule
from assessments.scoring import ORG_MIN_TEAMS
from integrations.queries.connections import VIEW, sources_visible_to
from integrations.queries.kinds import known_class
from teams.queries.rights import Actor, teams_visible_to

FLIP_DAYS = 30
_ANY = Comparison("", ">=", 0)
BOTH_SIDES = Rule(yes_if=_ANY, no_if=_ANY)

# state -> (heading, what it means and where to look), in the order of the page
STATES = {
    "never_ran": (
        "Never ran",
        "Nothing was ever read for these, so they are silent and nobody is helped or harmed. Where no system is mapped "
        "that tells their signals, connect one; where one is, look at its empty options and missing permissions.",
    ),
    "undecided": (
        "Ran and never decided",
        "Their signals are read and no team comes to a yes or a no. Look whether the guard or the sample that they ask for "
        "is out of reach.",
    ),
    "never_passes": (
        "Never pass",
        "Every team that they decide for gets a no. Look whether the threshold is out of reach, or whether what they "
        "measure misses how teams work here.",
    ),
    "flips": (
        "Flip",
        "Verdicts change more often than once for every second team in 30 days. Look whether the threshold lies where teams "
        "usually stand, or whether the window is too short.",
    ),
    "always_passes": (
        "Always pass",
        "Every team that they decide for gets a yes. Look whether they still tell teams apart, or whether something counts "
        "that should not.",
    ),
    "hidden": (
        "Too few teams to say",
        "They ran for one or two teams. Figures are shown from three teams on, so that none points at a single team.",
    ),
    "tells_apart": (
        "Tell teams apart",
        "Some teams get a yes and others a no, or nothing from a rule that says one of them only; and it lasts.",
    ),
}


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One deciding rule. Its figures are None where fewer than three teams have a verdict of it."""

    id: str
    text: str
    capability: str
    level: int
    state: str
    yes: int | None
    no: int | None
    unknown: int | None
    flips: int | None
    words: str


@dataclass(frozen=True, slots=True)
class RuleGroup:
    state: str
    heading: str
    words: str
    rows: tuple[RuleRow, ...]

    @property
    def has_figures(self) -> bool:
        return self.state not in {"never_ran", "hidden"}


@dataclass(frozen=True, slots=True)
class RulePage:
    """`groups` are empty where the actor sees fewer than three teams, or no maturity model is active."""

    team_count: int
    rule_count: int
    version: str
    groups: tuple[RuleGroup, ...]

    @property
    def lead(self) -> str:
        """The answer, in a sentence."""
        if not self.groups:
            return "Figures are shown from three teams on, so that none points at a single team."
        odd = sum(len(group.rows) for group in self.groups if group.state not in {"tells_apart", "hidden"})
        return (
            f"{odd} of {self.rule_count} rules deserve a look, over {self.team_count} teams. "
            "A rule is not wrong because it stands here."
        )


def rule_page(actor: Actor, at: datetime) -> RulePage:
    """Every deciding rule of the active maturity model over the teams that the actor sees. Five queries besides rights."""
    active = catalog.active_model()
    teams = teams_visible_to(actor, VIEW)
    team_count = teams.count()
    if active is None or team_count < ORG_MIN_TEAMS:
        return RulePage(team_count, 0, "", ())
    model = catalog.model_file(active)
    ids = catalog.rows(active).slugs
    verdicts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for criterion, verdict, count in (
        Verdict.objects.filter(team__in=teams, criterion__capability__maturity_model=active)
        .values_list("criterion", "verdict")
        .annotate(Count("pk"))
        .order_by("criterion")
    ):
        verdicts[ids[criterion]][verdict] = count
    flips = {
        ids[criterion]: count
        for criterion, count in VerdictChange.objects.filter(
            team__in=teams,
            criterion__capability__maturity_model=active,
            at__gt=at - timedelta(days=FLIP_DAYS),
            at__lte=at,
        )
        .exclude(before="")
        .values_list("criterion")
        .annotate(Count("pk"))
        .order_by("criterion")
    }
    fed = _teams_by_signal(actor)
    ruled = [
        criterion for criterion in model.criteria() if criterion.auto and criterion.auto.mode == "decide"
    ]
    rows = [_row(criterion, verdicts[criterion.id], flips.get(criterion.id, 0), fed) for criterion in ruled]
    return RulePage(
        team_count=team_count,
        rule_count=len(rows),
        version=f"{active.name} {active.version}",
        groups=tuple(
            RuleGroup(state, heading, words, found)
            for state, (heading, words) in STATES.items()
            if (found := tuple(row for row in rows if row.state == state))
        ),
    )


def _teams_by_signal(actor: Actor) -> Mapping[str, frozenset[int]]:
    """By signal, the teams that are mapped to a system that tells it."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    pairs = sources_visible_to(actor).order_by("team").values_list("team", "connection__kind").distinct()
    for team, kind in pairs:
        connector = known_class(kind)
        for signal in (connector.signals | connector.joined) if connector is not None else ():
            found[signal].add(team)
    return {signal: frozenset(teams) for signal, teams in found.items()}


def _row(
    criterion: Criterion, counts: Counter[str], flips: int, fed: Mapping[str, frozenset[int]]
) -> RuleRow:
    ran = counts.total()
    rule = criterion.auto.rule if criterion.auto is not None else BOTH_SIDES
    state = state_of(counts, flips, rule)
    is_shown = ran >= ORG_MIN_TEAMS
    return RuleRow(
        id=criterion.id,
        text=criterion.text,
        capability=criterion.id.partition(".")[0],
        level=criterion.level,
        state=state,
        yes=counts["yes"] if is_shown else None,
        no=counts["no"] if is_shown else None,
        unknown=counts["unknown"] if is_shown else None,
        flips=flips if is_shown else None,
        words=_words(criterion, rule, state, fed),
    )


def state_of(counts: Mapping[str, int], flips: int, rule: Rule = BOTH_SIDES) -> str:
    """A key of STATES, by the verdicts of all teams and how often one changed.

    A rule that only confirms (or only refutes) tells teams apart by its silence, so one that is unknown somewhere does.
    """
    yes, no, unknown = (counts.get(name, 0) for name in ("yes", "no", "unknown"))
    ran = yes + no + unknown
    if not ran:
        return "never_ran"
    if ran < ORG_MIN_TEAMS:
        return "hidden"
    if flips * 2 > ran:
        return "flips"
    if not yes and not no:
        return "undecided"
    is_one_sided = rule.no_if is None if yes else rule.yes_if is None
    if (yes and no) or (is_one_sided and unknown):
        return "tells_apart"
    return "always_passes" if yes else "never_passes"


def _words(criterion: Criterion, rule: Rule, state: str, fed: Mapping[str, frozenset[int]]) -> str:
    if state == "never_ran":
        return _why_never(criterion, fed)
    if state == "hidden":
        return ""
    if rule.no_if is None:
        return "It can only confirm: a yes or nothing."
    return "It can only refute: a no or nothing." if rule.yes_if is None else ""


def _why_never(criterion: Criterion, fed: Mapping[str, frozenset[int]]) -> str:
    signals = signals_of(criterion)
    unfed = [signal for signal in signals if not fed.get(signal)]
    if unfed:
        return f"No team has a system mapped that tells {', '.join(unfed)}."
    teams = frozenset.intersection(*(fed[signal] for signal in signals))
    if not teams:
        return f"No single team has all of {', '.join(signals)} mapped."
    return f"Systems that tell {', '.join(signals)} are mapped, and nothing was read from them yet."
