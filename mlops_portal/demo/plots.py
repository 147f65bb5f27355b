"""What happens to each team: who it is, how mature it is, and which of the interesting cases it shows."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from assessments.catalog.schema import MaturityModelFile
from mlops_portal.demo.signals import SHAPES, family
from mlops_portal.demo.stream import stream


class Story(StrEnum):
    """The case that a team shows."""

    ORDINARY = "ordinary"
    TOKEN_LOST = "token_lost"  # noqa: S105 -- the name of a case
    DISPUTED = "disputed"
    NOT_APPLICABLE = "not_applicable"
    DROP = "drop"
    SILENT = "silent"
    SIGNALS_ONLY = "signals_only"
    NEW = "new"


# The first teams of every twenty, in this order; all others are ordinary.
EVERY_TWENTY = (
    Story.ORDINARY,
    Story.TOKEN_LOST,
    Story.DISPUTED,
    Story.NOT_APPLICABLE,
    Story.DROP,
    Story.SILENT,
    Story.SIGNALS_ONLY,
    Story.NEW,
)
TOKEN_LOST_DAYS_AGO = 12
DROP_AFTER = 0.7
DROPPED_DIMENSIONS = frozenset({"release", "operations"})
DROP_LEVELS = 1.9
MISSING_SHARE = 0.2
FLAG_SHARES = {
    "no_application": 0.06,
    "batch_only": 0.15,
    "pretrained_only": 0.05,
    "no_people_impact": 0.2,
    "no_outcomes": 0.03,
    "on_device": 0.03,
}


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is told, from the Monday of the first week to today."""

    weeks: int
    today: date

    @property
    def first_day(self) -> date:
        return self.today - timedelta(days=self.today.weekday(), weeks=self.weeks - 1)

    @property
    def week_ends(self) -> list[date]:
        """The Sunday of each week; the last one lies ahead."""
        return [self.first_day + timedelta(days=6, weeks=week) for week in range(self.weeks)]


@dataclass(frozen=True, slots=True)
class Team:
    """One made-up team. `levels` and `lean` are by capability and criterion: true maturity, and how it is seen."""

    index: int
    seed: int
    story: Story
    flags: tuple[str, ...]
    levels: dict[str, float]
    growth: float
    bias: float
    lean: dict[str, float]
    signal_lean: dict[str, float]
    signals: tuple[str, ...]
    answered_share: float
    evidence_share: float
    published_on: tuple[date, ...]
    sampled_on: tuple[date, ...]
    lost_on: date | None
    drops_on: date | None


def make_team(model: MaturityModelFile, window: Window, *, seed: int, index: int) -> Team:
    """The plot of team number `index`; depends on nothing but its arguments."""
    chance = stream(seed, "team", index)
    story = EVERY_TWENTY[index % 20] if index % 20 < len(EVERY_TWENTY) else Story.ORDINARY
    base = chance.triangular(0.4, 3.6, 1.7)
    if story is Story.DROP:
        base = 3.0
    return Team(
        index=index,
        seed=seed,
        story=story,
        flags=_flags(story, chance),
        levels={c.id: base + chance.gauss(0, 0.55) for c in model.capabilities},
        growth=0.0 if story is Story.DROP else chance.uniform(-0.15, 1.0),
        bias=1.6 if story is Story.DISPUTED else chance.gauss(0.3, 0.25),
        lean={c.id: chance.gauss(0, 0.3) for c in model.criteria()},
        signal_lean={signal: chance.gauss(0, 0.3) for signal in SHAPES},
        signals=_signals(story, chance),
        answered_share=0.6 if chance.random() < 0.12 and index > 0 else 0.98,
        evidence_share=chance.triangular(0.1, 0.95, 0.7),
        published_on=_publications(story, window, chance),
        sampled_on=_samples(window),
        lost_on=window.today - timedelta(days=TOKEN_LOST_DAYS_AGO) if story is Story.TOKEN_LOST else None,
        drops_on=(
            window.first_day + timedelta(days=int(7 * window.weeks * DROP_AFTER))
            if story is Story.DROP
            else None
        ),
    )


def maturity(team: Team, dimension: str, capability: str, window: Window, on: date) -> float:
    """How mature the team really is at a capability on a day."""
    level = team.levels[capability] + team.growth * (on - window.first_day).days / 365
    if team.drops_on is not None and on >= team.drops_on and dimension in DROPPED_DIMENSIONS:
        level -= DROP_LEVELS
    return level


def _flags(story: Story, chance: random.Random) -> tuple[str, ...]:
    drawn = {flag for flag, share in FLAG_SHARES.items() if chance.random() < share}
    if story is Story.NOT_APPLICABLE:
        drawn = {"pretrained_only", "no_application"}
    return tuple(sorted(drawn))


def _signals(story: Story, chance: random.Random) -> tuple[str, ...]:
    """What is connected. A fifth of what could be measured is not; monitoring more often so."""
    missing = {
        name
        for name, share in {
            "repo": MISSING_SHARE / 2,
            "ci": MISSING_SHARE,
            "deploy": MISSING_SHARE,
            "mlflow": MISSING_SHARE,
            "monitoring": 0.5,
        }.items()
        if chance.random() < share
    }
    if story is Story.NEW:
        return ()
    if story is not Story.ORDINARY:
        missing = {"monitoring"} if story is not Story.DROP else set()
    if "monitoring" in missing:
        missing.add("serving")
    return tuple(signal for signal in SHAPES if family(signal) not in missing)


def _publications(story: Story, window: Window, chance: random.Random) -> tuple[date, ...]:
    if story in {Story.SIGNALS_ONLY, Story.NEW}:
        return ()
    if story is Story.SILENT:
        return (window.today - timedelta(days=380 + chance.randrange(10)),)
    days = [window.today - timedelta(days=chance.randrange(3, 45))]
    while days[-1] > window.first_day:
        age = (window.today - days[-1]).days
        days.append(days[-1] - timedelta(days=(91 if age < 365 else 182) + chance.randrange(-10, 10)))
    return tuple(reversed(days))


def _samples(window: Window) -> tuple[date, ...]:
    """Days whose readings are told: weekly of late, then monthly, then by quarter, as old facts are thinned out."""
    days = [window.today]
    while days[-1] > window.first_day:
        age = (window.today - days[-1]).days
        step = 7 if age < 8 * 7 or window.weeks <= 26 else 28 if age < 365 else 91
        days.append(days[-1] - timedelta(days=step))
    return tuple(reversed(days))
