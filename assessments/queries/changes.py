"""Since when and why: the newest moves of a team's capabilities, with the criteria that moved on those days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from assessments.models import CriterionStatus, MaturityModel, ScoreHistory, VerdictChange
from assessments.queries import words
from assessments.queries.why_changed import value_moves
from teams.models import Team
from teams.queries.machines import Who, unnamed

# No page's cost depends on the length of history: so many facts are looked at, so many moves told.
_LOOKED_AT = 120
_TOLD = 8


@dataclass(frozen=True, slots=True)
class Cause:
    """A criterion that came out differently: "yes, measured", because of what, and by whom or what where that is known.

    `moved` are the values that moved its verdict on that day.
    """

    criterion: str
    became: str
    because: str
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """A capability's level before and after, the day, and the criteria that moved it."""

    capability: str
    before: int
    after: int
    on: date
    because: tuple[Cause, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    capability: str
    before: int
    after: int
    on: date


def newest_moves(
    team: Team,
    maturity_model: MaturityModel,
    *,
    capability: str | None = None,
    limit: int = _TOLD,
    who: Who = unnamed,
) -> tuple[Move, ...]:
    """At most `limit` changes of level, newest first. One query, one more when something moved, and one when signals moved it."""
    facts = ScoreHistory.objects.filter(team=team, capability__maturity_model=maturity_model)
    if capability is not None:
        facts = facts.filter(capability__slug=capability)
    newest = list(
        facts.order_by("-changed_on", "-pk").values_list("capability__slug", "changed_on", "level")[
            :_LOOKED_AT
        ]
    )
    moves = _moves(newest)[:limit]
    if not moves:
        return ()
    causes = _causes(team, maturity_model, moves, who)
    return tuple(
        Move(move.capability, move.before, move.after, move.on, causes[move.capability, move.on])
        for move in moves
    )


def _moves(newest: Sequence[tuple[str, date, int | None]]) -> list[_Step]:
    """Pairs of neighbouring facts of a capability whose levels differ, newest first."""
    later: dict[str, tuple[date, int | None]] = {}
    moves: list[_Step] = []
    for capability, on, level in newest:
        after = later.get(capability)
        if after is not None and after[1] is not None and level is not None and after[1] != level:
            moves.append(_Step(capability, level, after[1], after[0]))
        later[capability] = (on, level)
    return sorted(moves, key=lambda move: move.on, reverse=True)


def _causes(
    team: Team, maturity_model: MaturityModel, moves: Sequence[_Step], who: Who
) -> defaultdict[tuple[str, date], tuple[Cause, ...]]:
    days = sorted({move.on for move in moves})
    begin = datetime.combine(days[0], time.min, tzinfo=UTC)
    found: defaultdict[tuple[str, date], tuple[Cause, ...]] = defaultdict(tuple)
    wanted = {(move.capability, move.on) for move in moves}
    rows = list(
        CriterionStatus.objects.filter(
            team=team,
            criterion__capability__maturity_model=maturity_model,
            criterion__capability__slug__in={move.capability for move in moves},
            since_at__gte=begin,
        )
        .order_by("since_at", "pk")
        .values_list(
            "criterion__capability__slug", "criterion__slug", "status", "support", "since_at", "cause", "by"
        )
    )
    measured = {row[0] for row in rows if row[5] == CriterionStatus.Cause.MEASUREMENT}
    moved = _moved_values(team, maturity_model, measured, begin) if measured else {}
    for capability, criterion, status, support, since_at, why, by in rows:
        key = (capability, since_at.astimezone(UTC).date())
        if key in wanted:
            tail = f", by {who(by)}" if by else ""
            cause = Cause(
                criterion,
                words.status_words(status, support),
                f"{words.CAUSE_WORDS.get(why, why)}{tail}",
                moved.get((criterion, key[1]), ()) if why == CriterionStatus.Cause.MEASUREMENT else (),
            )
            found[key] = (*found[key], cause)
    return found


def _moved_values(
    team: Team, maturity_model: MaturityModel, capabilities: Set[str], begin: datetime
) -> dict[tuple[str, date], tuple[str, ...]]:
    """By criterion and day, the values that moved its verdict."""
    rows = VerdictChange.objects.filter(
        team=team,
        criterion__capability__maturity_model=maturity_model,
        criterion__capability__slug__in=capabilities,
        at__gte=begin,
    ).exclude(before="")
    return {
        (slug, at.astimezone(UTC).date()): tuple(one.moved for one in value_moves(before, after))
        for slug, at, before, after in rows.order_by("at", "pk").values_list(
            "criterion__slug", "at", "because_before", "because"
        )
    }
