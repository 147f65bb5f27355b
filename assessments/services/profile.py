"""What a team works on decides what may not apply to it, so its numbers are made anew with its flags."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from assessments.models import CriterionStatus, MaturityModel
from assessments.queries import catalog
from assessments.services.scores import rescore_teams
from teams.models import Team, User
from teams.services.teams import set_team_flags


class UnknownFlag(Exception):
    """A flag that the maturity model does not know. Nothing was saved."""


def set_profile(
    *, team: Team, maturity_model: MaturityModel, flags: Iterable[str], by: User, at: datetime
) -> Team:
    """The team with these profile flags, scored anew. Raises UnknownFlag and what `set_team_flags` raises."""
    wanted = frozenset(flags)
    if wanted - {flag.id for flag in catalog.model_file(maturity_model).profile_flags}:
        raise UnknownFlag
    with transaction.atomic():
        changed = set_team_flags(team=team, flags=wanted, by=by, at=at)
        rescore_teams(teams=[changed], at=at, cause=CriterionStatus.Cause.PROFILE, by_name=str(by))
    return changed
